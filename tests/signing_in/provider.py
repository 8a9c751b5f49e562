"""A small OpenID Connect provider on loopback: discovery, consent, tokens signed with its own key, user info.

It stands in for a company's provider, which no test can have; everything between it and the site is real.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "drainsite-test", "a-secret-of-the-test"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """Whoever asks is `person`; each request that it got is kept in `asked`."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"sub": "1", "preferred_username": "ada"}
        self.denies = self.broken = False
        self.secret = SECRET
        self.asked: list[str] = []
        self.codes: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        # Another name than the site's, since cookies do not tell ports apart.
        self.url = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def discovery(self) -> dict[str, Any]:
        places = ("authorization", "token", "userinfo")
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            **{f"{name}_endpoint": f"{self.url}/{name}" for name in places},
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Return the address to which the browser is sent back."""
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        answer = {"state": query["state"]}
        if self.denies:
            answer["error"] = "access_denied"
        else:
            answer["code"] = f"code-{len(self.codes)}"
            self.codes[answer["code"]] = query["code_challenge"]
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        """A token for a code that was given out once, to who proves to be the one who asked."""
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if self.codes.pop(form["code"], "") != challenge or form["client_secret"] != self.secret:
            return None
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, **self.person}
        signed = jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": "k"})
        return {"access_token": "t", "token_type": "Bearer", "id_token": signed, "expires_in": 60}

    def _handler(provider) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                provider.asked.append(parts.path)
                if provider.broken:
                    self._answer(None, status=503)
                elif parts.path == "/authorization":
                    query = {name: value[0] for name, value in parse_qs(parts.query).items()}
                    self.send_response(302)
                    self.send_header("Location", provider.authorize(query))
                    self.end_headers()
                elif parts.path == "/userinfo":
                    self._answer(provider.person)
                else:
                    self._answer(provider.discovery())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: value[0] for name, value in parse_qs(body).items()}
                given = provider.token(form)
                self._answer(given or {"error": "invalid_grant"}, 200 if given else 400)

            def _answer(self, value: object, status: int = 200) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(value).encode())

            def log_message(self, *args: Any, **options: Any) -> None:
                """Nothing: the test's output is not its log."""

        return Handler
