"""The process that speaks to chats connects where messages may go and touches nothing of this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from drain.policy.chat import SERVICES

ROOT = Path(__file__).parents[3]


def inside(*codes: str, networks: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Run each code in a process whose guard is up: how it ended, and why the guard stopped it."""
    program = """
import json, os, socket, subprocess, sys
import requests
from drain.engine.news.courier import Guard
guard = Guard({networks!r})
guard.arm()
found = []
for code in {codes!r}:
    said, guard.refused = "", ""
    try:
        exec(code, {{**globals()}})
    except BaseException as error:
        said = type(error).__name__
    found.append((said, guard.refused))
print(json.dumps(found))
"""
    said = program.format(networks=list(networks), codes=[textwrap.dedent(each) for each in codes])
    ran = subprocess.run(
        [sys.executable, "-c", said], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return [(how, why) for how, why in json.loads(ran.stdout)]


def test_no_program_is_run_and_nothing_but_a_connection_is_made():
    codes = (
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.fork() or os._exit(0)",
        "socket.socket().bind(('127.0.0.1', 0))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 514))",
        "socket.socket(socket.AF_UNIX).connect('/dev/log')",
        "os.remove('/nowhere')",
        "os.rename('/nowhere', '/elsewhere')",
        "import ctypes; ctypes.CDLL('libc.so.6')",
        "import syslog; syslog.syslog('x')",
    )
    for code, (how, why) in zip(codes, inside(*codes), strict=True):
        assert how == "Refused", code
        assert why, code


def test_no_file_of_this_machine_is_opened():
    *kept, own = inside(
        "open('/etc/passwd')",
        "open('README.md')",
        "open(os.devnull, 'w')",
        "os.open('/etc/passwd', os.O_RDONLY)",
        "open(os.__file__, 'r+')",
        "os.open(os.__file__, os.O_WRONLY)",
        "open(os.__file__).close()",
    )
    assert {how for how, _ in kept} == {"PermissionError"}
    assert own == ("", "")


def test_a_connection_goes_only_where_messages_may_go():
    asked = {
        "requests.get('http://127.0.0.1:9/')": "It is 127.0.0.1, which is not a public address",
        "requests.get('https://localhost:9/')": "which is not a public address",
        "requests.get('http://169.254.169.254/')": "It is 169.254.169.254",
        "socket.create_connection(('127.0.0.1', 9))": "It is 127.0.0.1",
        "requests.get('http://[::ffff:127.0.0.1]:9/')": "which is not a public address",
        # A public address without TLS, by whatever library: stopped before a packet leaves.
        "requests.get('http://93.184.216.34/')": "plain http can be read on the way",
        "socket.create_connection(('93.184.216.34', 25))": "plain http can be read on the way",
    }
    for (code, sentence), (how, why) in zip(asked.items(), inside(*asked), strict=True):
        assert how == "Refused", code
        assert sentence in why, code


def test_networks_of_ones_own_are_gone_to(receiver):
    code = f"requests.post('{receiver.url()}', data=b'x')\nassert guard.status == 204"
    assert inside(code, networks=("127.0.0.0/8",)) == [("", "")]


def test_certificates_are_checked_and_proxies_left_alone_whatever_is_asked_for():
    code = """
    from requests.adapters import HTTPAdapter
    asked = []
    guard._send = lambda adapter, request, **more: asked.append(more) or requests.Response()
    request = requests.Request("GET", "https://example.org/").prepare()
    HTTPAdapter().send(request, verify=False, proxies={"http": "x"}, timeout=None)
    HTTPAdapter().send(request, False, None, False, None, {"http": "x"})
    assert [(each["verify"], each["proxies"]) for each in asked] == [(True, {})] * 2
    """
    assert inside(code) == [("", "")]


def test_every_service_is_one_of_apprises_that_speaks_by_http_alone():
    code = """
    import inspect
    from apprise import Apprise
    from apprise.manager_plugins import NotificationManager
    found = NotificationManager()
    for name in SERVICES:
        text = inspect.getsource(inspect.getmodule(found[name]))
        assert "import requests" in text, name
        for word in ("import socket", "smtplib", "subprocess", "ctypes", "dbus", "import syslog"):
            assert word not in text, (name, word)
    """
    program = f"SERVICES = {list(SERVICES)!r}\n" + textwrap.dedent(code)
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
