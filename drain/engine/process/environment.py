"""The environment of a phase: a short list of the worker's variables, what the profile names,
and the contract.

A worker's environment holds the site's secrets; a phase is somebody else's program.
So nothing passes by default but what programs need to run at all.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence

from drain.engine.process.contract import Contract
from drain.engine.process.errors import RefusedVariableError

PASSED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "SYSTEMROOT", "LANG", "LANGUAGE"),
    *("LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LC_COLLATE", "LC_NUMERIC", "LC_TIME", "LC_MONETARY"),
)
"""The variables that programs need to run at all.
A fixed list, since walking os.environ costs more than all else here.
"""
SITE_SECRETS = frozenset({"SECRET_KEY", "DATABASE_URL", "DRAIN_BROKER_URL"})
_SITE_PREFIXES = ("DJANGO_", "DRAIN_", "DRAINSITE_")
CONTRACT_NAMES = frozenset(
    {"DRAIN_RUN_ID", "DRAIN_PHASE_ID", "DRAIN_ATTEMPT", "DRAIN_CLAIM", "DRAIN_REPORT"}
)
PARAM_PREFIX = "DRAIN_PARAM_"
PARAM_LIMIT = 32 * 1024
"""Bytes of one parameter in the environment; what is larger belongs in a file that the phase reads."""


def build_environment(
    profile_env: Mapping[str, str],
    env_from: Sequence[str],
    contract: Contract,
    report: str,
    environ: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the whole environment of one attempt; `environ` is the worker's. Raises RefusedVariableError."""
    env = base_environment(profile_env, env_from, environ)
    return env | contract_variables(contract) | {"DRAIN_REPORT": report}


def contract_variables(contract: Contract) -> dict[str, str]:
    """Return what every phase is told of its attempt, wherever it runs. Raises RefusedVariableError."""
    env = {
        "DRAIN_RUN_ID": contract.run_id,
        "DRAIN_PHASE_ID": contract.phase_id,
        "DRAIN_ATTEMPT": str(contract.attempt),
        "DRAIN_CLAIM": contract.claim,
    }
    for name in ("DRAIN_RUN_ID", "DRAIN_PHASE_ID"):
        _check_value(name, env[name])
    return env | param_variables(contract.params)


def param_variables(params: Mapping[str, object]) -> dict[str, str]:
    """Return the parameters of a phase as variables: strings as they are, all else as JSON.

    Raises RefusedVariableError for two keys with one name, a NUL byte, and more than PARAM_LIMIT bytes.
    """
    keys: dict[str, str] = {}
    env: dict[str, str] = {}
    for key, value in params.items():
        name = PARAM_PREFIX + re.sub(r"[^A-Z0-9]", "_", key.upper())
        if name in keys:
            raise RefusedVariableError(
                f"The parameters {keys[name]!r} and {key!r} of the phase would both be {name}: rename one of them."
            )
        keys[name] = key
        env[name] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        _check_value(name, env[name])
        if len(env[name].encode(errors="replace")) > PARAM_LIMIT:
            raise RefusedVariableError(
                f"The parameter {key!r} of the phase has more than {PARAM_LIMIT // 1024} kB: "
                "put it into a file and import the file's name."
            )
    return env


def base_environment(
    profile_env: Mapping[str, str],
    env_from: Sequence[str],
    environ: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the environment without a contract, as a preflight gets it. Raises RefusedVariableError."""
    worker = os.environ if environ is None else environ
    env = {name: value for name in PASSED if (value := worker.get(name)) is not None}
    env.setdefault("PATH", os.defpath)
    env |= passed_variables(profile_env, env_from, worker)
    env["PYTHONUTF8"] = "1"
    return env


def passed_variables(
    profile_env: Mapping[str, str],
    env_from: Sequence[str],
    environ: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return what the profile itself gives its phases, wherever they run. Raises RefusedVariableError."""
    worker = os.environ if environ is None else environ
    env = {name: _pass_through(name, worker) for name in env_from}
    for name, value in profile_env.items():
        _check_set(name, value)
        env[name] = value
    return env


def header_values(
    headers: Mapping[str, str], environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return headers with their values, which are variables of the worker. Raises RefusedVariableError."""
    worker = os.environ if environ is None else environ
    found = {name: _pass_through(variable, worker).strip() for name, variable in headers.items()}
    for name, value in found.items():
        if not value or not all(" " <= each <= "~" for each in value):
            raise RefusedVariableError(
                f"The variable {headers[name]}, which the header {name} is made of, is empty or has characters that "
                "no header can carry."
            )
    return found


def _pass_through(name: str, worker: Mapping[str, str]) -> str:
    if name in SITE_SECRETS or name.startswith(_SITE_PREFIXES):
        raise RefusedVariableError(
            f"{name} belongs to this site and is never passed to a phase; "
            f"if the phase needs one of its own, set it with --env {name}=VALUE."
        )
    if name not in worker:
        raise RefusedVariableError(
            f"The profile passes {name} through, but the worker's environment on this host has no {name}."
        )
    return worker[name]


def _check_set(name: str, value: str) -> None:
    if not name or "=" in name or "\0" in name:
        raise RefusedVariableError(f"{name!r} cannot be the name of an environment variable.")
    if name in CONTRACT_NAMES or name.startswith(PARAM_PREFIX):
        raise RefusedVariableError(f"{name} is set for each attempt; a profile cannot set it.")
    _check_value(name, value)


def _check_value(name: str, value: str) -> None:
    if "\0" in value:
        raise RefusedVariableError(
            f"The value of {name} holds a NUL byte, which no environment can carry."
        )
