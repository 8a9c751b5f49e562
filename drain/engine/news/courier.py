"""Speaks to one chat through apprise, in a process of its own: `python -m drain.engine.news.courier`.

A line of JSON comes in, one goes out. What apprise does with an address is the code of many hands; whatever
it is, this process connects only to where messages may go, over checked certificates, runs nothing, and opens
no file but those of Python itself: an audit hook (PEP 578) judges each of these acts where it happens, at the
address that a name was resolved to. Its environment holds no setting and no secret of the site.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from apprise import Apprise, AppriseAsset, NotifyFormat
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from drain.policy.reach import unreachable

SECONDS = 15.0
"""That one request may take."""
_INSIDE = (
    Path(sys.prefix),
    Path(sys.base_prefix),
    *(Path(each) for each in sys.path if each.endswith(("site-packages", "dist-packages"))),
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FORBIDDEN = (
    "subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "pty.spawn", "os.startfile",
    "socket.bind", "socket.sendto", "socket.sendmsg", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link",
    "os.symlink", "os.truncate", "os.chmod", "os.chown", "shutil.", "ctypes.dlopen", "webbrowser.", "smtplib.",
    "ftplib.", "syslog.",
)  # fmt: skip


class Refused(Exception):  # noqa: N818 - no error of the network, which a library would try around
    """Raised for an act that this process does not do."""


class Guard:
    """A guard of the process, and its findings: the connections that were refused, and the last status."""

    def __init__(self, networks: list[str]) -> None:
        self._networks = networks
        self._plain = True
        """A connection counts as unprotected unless its request says otherwise."""
        self._send = HTTPAdapter.send
        self.refused = ""
        self.status: int | None = None

    def arm(self) -> None:
        """Judge every act; there is no way back."""
        guard = self

        def send(adapter: HTTPAdapter, request: PreparedRequest, *_: Any, **__: Any) -> Response:
            return guard.request(adapter, request)

        HTTPAdapter.send = send  # type: ignore[assignment]
        sys.addaudithook(self._judge)

    def request(self, adapter: HTTPAdapter, request: PreparedRequest) -> Response:
        """Send a request within its time, by no proxy, its certificate checked; keeps the answer's status."""
        self._plain = not (request.url or "").lower().startswith("https:")
        try:
            answer = self._send(adapter, request, verify=True, proxies={}, timeout=SECONDS)
        finally:
            self._plain = True
        self.status = answer.status_code
        return answer

    def _judge(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            self._connect(*args)
        elif event == "open":
            self._open(*args)
        elif event.startswith(_FORBIDDEN):
            self._refuse(f"The service would use {event}, which no message needs.")

    def _connect(self, via: socket.socket, address: Any) -> None:
        if via.family not in (socket.AF_INET, socket.AF_INET6):
            self._refuse("The service is no address of a network.")
        where = ip_address(str(address[0]).partition("%")[0])
        if said := unreachable(where, "It", self._networks, plain=self._plain):
            self._refuse(said)

    def _open(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int):
            return
        inside = any(Path(os.fsdecode(path)).resolve().is_relative_to(each) for each in _INSIDE)
        writes = set(mode or "") & set("wax+") or (flags or 0) & _WRITES
        if not inside or writes:
            raise PermissionError("No file of this machine is opened for a message.")

    def _refuse(self, sentence: str) -> None:
        self.refused = sentence
        raise Refused(sentence)


def asset_of(site: str) -> AppriseAsset:
    """Return apprise's presentation of the message:
    as drainsite's, with no picture that somebody else's server has.
    """
    return AppriseAsset(
        plugin_paths=[], storage_mode="memory", app_id="drainsite", app_desc="drainsite",
        app_url=site, image_url_mask="", image_url_logo="", async_mode=False, http_redirects=False,
        pgp_autogen=False, pem_autogen=False,
    )  # fmt: skip


def carry(asked: dict[str, Any]) -> dict[str, Any]:
    """Send a message; without a body only check the address. Returns `error`, `refused` and `status`."""
    asset = asset_of(asked["site"])
    Apprise.instantiate(f"{asked['address'].partition('://')[0]}://", asset=asset)  # loads its code
    guard = Guard(asked["networks"])
    guard.arm()
    try:
        service = Apprise.instantiate(asked["address"], asset=asset)
        taken = service is not None and (
            not asked["body"]
            or service.notify(asked["body"], title=asked["title"], body_format=NotifyFormat.TEXT)
        )
        error = "" if taken else "address" if service is None else "untaken"
    except Exception as broken:  # noqa: BLE001 - the code of many hands: what it raises is the answer
        error = type(broken).__name__
    return {"error": error, "refused": guard.refused, "status": guard.status}


def main() -> int:
    """Answer one line."""
    said = carry(json.loads(sys.stdin.readline()))
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
