"""The OpenID Connect provider as the doctor finds it; settings of it are in drainsite.oidc."""

from __future__ import annotations

import re

DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = {"issuer", "authorization_endpoint", "token_endpoint"}
ASK_SECONDS = 5
_ERRNO = re.compile(r"\[Errno -?\d+\] ([^'\")\]]+)")


def provider_problem(issuer: str) -> str:
    """Return what is wrong with the provider at this address, which is asked now; "" for nothing."""
    # A site without sign-in through a provider has no such package.
    import requests

    address = issuer if "/.well-known/" in issuer else f"{issuer.rstrip('/')}{DISCOVERY}"
    try:
        answer = requests.get(address, timeout=ASK_SECONDS)
        said = answer.json() if answer.ok else None
    except requests.JSONDecodeError:
        said = None
    except requests.Timeout:
        return f"The provider {issuer} has not answered for {ASK_SECONDS} s."
    except requests.RequestException as error:
        reason = _ERRNO.search(str(error))
        return f"The provider {issuer} does not answer ({reason[1] if reason else type(error).__name__})."
    if not isinstance(said, dict) or not said.keys() >= ENDPOINTS:
        return f"No provider answers at {address} (status {answer.status_code})."
    return ""
