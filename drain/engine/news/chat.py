"""One message to one chat, through apprise in a process of its own (courier.py)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings

import drain
from drain.engine.errors import EngineError
from drain.engine.news.send import SendResult
from drain.policy.chat import SERVICES, unmentioned
from drain.policy.inert import inert

WHOLE_SECONDS = 20.0
"""From the start of the process to its answer."""
_ROOT = Path(drain.__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Chat:
    """A message for one person's chat; `lost` says why it cannot be sent."""

    service: str
    address: str
    title: str
    link: str
    lost: str = ""


def sends_to_chats() -> bool:
    """Return whether an administrator named services, and the package that speaks to them is installed."""
    installed = find_spec("apprise") is not None and find_spec("cryptography") is not None
    return bool(settings.DRAIN_CHAT_SERVICES) and installed


def send_chat(chat: Chat) -> SendResult:
    """Hand it to the service; never raises. Touches no database."""
    if chat.lost:
        return SendResult(chat.lost)
    began = time.monotonic()
    # One line of title and one of link: nobody is woken by what a phase printed.
    title = unmentioned(inert(" ".join(chat.title.split())))
    said = _ask(chat.address, "drainsite", "\n".join(filter(None, (title, chat.link))))
    return SendResult(
        _judged(chat.service, said), said["status"], round((time.monotonic() - began) * 1000)
    )


def require_address(address: str) -> None:
    """Raise EngineError unless apprise can read the address; nothing is sent and no name is looked up."""
    said = _ask(address, "", "")
    if said["error"]:
        raise EngineError(
            said["refused"] or said.get("broken")
            or "The service cannot read this address: something is missing or too much in it."
        )  # fmt: skip


def _ask(address: str, title: str, body: str) -> dict[str, Any]:
    """Run the courier; nothing of the site's environment goes with it."""
    asked = {
        "address": address, "title": title, "body": body, "site": settings.DRAIN_SITE_URL,
        "networks": settings.DRAIN_WEBHOOK_NETWORKS,
    }  # fmt: skip
    environment = {"PYTHONPATH": str(_ROOT), "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(
            [sys.executable, "-P", "-s", "-m", "drain.engine.news.courier"],
            input=json.dumps(asked) + "\n", capture_output=True, text=True, check=False,
            timeout=WHOLE_SECONDS, env=environment, cwd="/",
        )  # fmt: skip
        said: dict[str, Any] = json.loads(ran.stdout)
    except subprocess.TimeoutExpired:
        return _broken("It took too long to answer.")
    except (OSError, ValueError):
        return _broken("What speaks to chats could not be run: is drainsite[chat] installed here?")
    return said


def _broken(sentence: str) -> dict[str, Any]:
    return {"error": "broken", "broken": sentence, "refused": "", "status": None}


def _judged(service: str, said: dict[str, Any]) -> str:
    """Return what went wrong in a sentence that holds no word of the service's or of the address."""
    if not said["error"]:
        return ""
    if sentence := said["refused"] or said.get("broken"):
        return str(sentence)[:300]
    if said["status"] is not None:
        return f"{SERVICES[service]} answered {said['status']}."
    return f"{SERVICES[service]} could not be reached, or the address is none of its own."
