"""Every variable of the environment: what it may be, and the sentence for what it may not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from drain.engine.process.environment import CONTRACT_NAMES
from drainsite import declared, doctor, environment
from drainsite.declared import SETTINGS
from drainsite.misspelt import misspelt

ROOT = Path(__file__).resolve().parent.parent.parent
WRONG = [
    ("DRAIN_WORKERS", "abc"),
    ("DRAIN_WORKERS", "0"),
    ("DRAIN_WORKERS", "9" * 5000),
    ("DRAIN_STALE_AFTER", "2hours"),
    ("DRAIN_STALE_AFTER", "-1"),
    ("DRAIN_LEASE_SECONDS", "nan"),
    ("DRAIN_LEASE_SECONDS", "1"),
    ("DEBUG", "maybe"),
    ("DRAIN_HTTPS", "perhaps"),
    ("DRAIN_LOG_LEVEL", "loud"),
    ("DRAIN_TRUSTED_PROXIES", "proxy.local"),
    ("DRAIN_TRUSTED_PROXIES", "10.0.0.0/33"),
    ("DRAIN_SSO_HEADER", "X Remote\tUser"),
    ("DRAIN_SESSION_IDLE_SECONDS", "0"),
    ("DRAIN_API_PER_MINUTE", "1e3"),
    ("CSRF_TRUSTED_ORIGINS", "drains.example.org"),
    ("ALLOWED_HOSTS", "https://drains.example.org/"),
    ("ALLOWED_HOSTS", "a.example.org, ,"),
    ("DRAIN_STALE_AFTER", "999999999999d"),
    ("DRAIN_SLOTS", "-1"),
    ("DRAIN_SESSION_MAX_SECONDS", "31536001"),
    ("DRAIN_NEWS_PER_HOUR", "0"),
    ("DRAIN_LOG_FORMAT", "xml"),
    ("DRAIN_CHAT_SERVICES", "pigeons"),
    ("DRAIN_EMAIL_FROM", "nobody"),
    ("DRAIN_EMAIL_FROM", "a@b.example\nBcc: c@d.example"),
    ("DRAIN_SITE_URL", "drains.example.org"),
    ("DRAIN_WEBHOOK_NETWORKS", "the lan"),
    ("DRAINSITE_FSYNC", "sometimes"),
    ("DRAINSITE_DATA", " "),
]


@pytest.mark.parametrize(("name", "given"), WRONG)
def test_a_wrong_value_is_one_sentence_with_its_name_the_value_and_what_is_allowed(
    monkeypatch, name, given
):
    monkeypatch.setenv(name, given)
    with pytest.raises(ImproperlyConfigured) as refused:
        declared.value(name)
    said = str(refused.value)
    assert said.startswith(f"{name} is {given!r}: allowed is ")
    assert declared.SETTINGS[name].allowed in said
    assert "\n" not in said


WRONG_SECRETS = [
    ("SECRET_KEY", " "),
    ("DRAIN_BROKER_URL", "amqp://u:hush@host"),
    ("DRAIN_EMAIL_URL", "https://u:hush@host"),
]


@pytest.mark.parametrize(("name", "given"), WRONG_SECRETS)
def test_a_wrong_secret_is_refused_without_its_value(monkeypatch, name, given):
    monkeypatch.setenv(name, given)
    with pytest.raises(ImproperlyConfigured, match=f"^{name} is set to what cannot be used"):
        declared.value(name)


def test_every_setting_that_judges_its_value_has_a_wrong_one_here():
    tried = {name for name, _ in WRONG + WRONG_SECRETS}
    default = declared.Setting("", "str", "", "", "").fits
    judging = {name for name, each in declared.SETTINGS.items() if each.fits is not default}
    assert judging - tried == set()
    assert len(judging) > 15


def test_no_traceback_of_an_address_that_cannot_be_read_holds_its_password(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hush@host:no-port/name")
    with pytest.raises(ImproperlyConfigured) as refused:
        environment.database(tmp_path)
    assert "hush" not in "".join(traceback.format_exception(refused.value))


def test_a_secret_key_that_another_first_start_has_made_meanwhile_stays(tmp_path):
    path = tmp_path / "secret_key"
    path.write_text("of the other")
    environment._make_key(path)
    assert path.read_text() == "of the other"
    assert [each.name for each in tmp_path.iterdir()] == ["secret_key"]


@pytest.mark.parametrize("name", [name for name, each in declared.SETTINGS.items() if each.secret])
def test_the_value_of_a_secret_is_never_repeated(monkeypatch, name):
    monkeypatch.setenv(name, "hush-hush")
    assert "hush" not in str(declared.SETTINGS[name].refusal())


@pytest.mark.parametrize("name", list(declared.SETTINGS))
def test_every_default_is_allowed(monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    declared.value(name)


def test_nothing_reads_a_variable_that_is_not_declared():
    asked = re.compile(
        r"""(?:environ(?:\.get)?[(\[]|value\()["']((?:DRAIN|DRAINSITE)_\w+|DEBUG|SECRET_KEY)["']"""
    )
    found = {
        name
        for folder in ("drain", "drainsite")
        for path in (ROOT / folder).rglob("*.py")
        if "workspace" not in path.parts
        for name in asked.findall(path.read_text())
    }
    assert len(found) > 15
    assert found - set(declared.SETTINGS) == set()


def test_a_header_that_names_people_is_not_believed_from_everybody(monkeypatch):
    monkeypatch.setenv("DRAIN_TRUSTED_PROXIES", "0.0.0.0/0")
    monkeypatch.setenv("DRAIN_SSO_HEADER", "X-Remote-User")
    with pytest.raises(ImproperlyConfigured, match="trusts everybody"):
        environment.trusted_proxies()
    monkeypatch.delenv("DRAIN_SSO_HEADER")
    assert environment.trusted_proxies() == ["0.0.0.0/0"]


def manage(folder: str, *argv: str, **changes: str) -> subprocess.CompletedProcess[str]:
    given = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
        "DRAINSITE_DATA": folder,
        **changes,
    }
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *(argv or ["check"])],
        env=given, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_a_data_folder_that_cannot_be_used_is_one_sentence_and_no_traceback(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for folder in (str(file), str(file / "below"), "/proc/nowhere"):
        done = manage(folder)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith(f"The data folder {folder} cannot be used (")
        assert "name another with DRAINSITE_DATA" in done.stderr


def test_an_emptied_secret_key_is_no_key(tmp_path):
    (tmp_path / "secret_key").write_text("")
    assert "secret key" in manage(str(tmp_path)).stderr
    with pytest.raises(ImproperlyConfigured, match="restore it from a backup"):
        environment.secret_key(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"DRAIN_WORKERS": "abc"},
        {"SECRET_KEY": ""},
        {"DRAINSITE_FSYNC": "perhaps"},
        {"DATABASE_URL": "mysql://u@h/x"},
        {"DRAIN_EMAIL_URL": "smtp://mail:port"},
        {"DRAIN_TRUSTED_PROXIES": "::/0", "DRAIN_SSO_HEADER": "X-User"},
        {"DRAIN_OIDC_ISSUER": "https://id.example.org"},
    ],
)
def test_a_refused_setting_has_made_no_folder_and_no_key(tmp_path, changes):
    done = manage(str(tmp_path / "site"), **changes)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert next(iter(changes)) in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_below_nobodys_home_is_one_sentence(monkeypatch):
    monkeypatch.setenv("DRAINSITE_DATA", "~no-such-user-here/site")
    with pytest.raises(
        ImproperlyConfigured, match=r"data folder ~no-such-user-here/site cannot be used"
    ):
        environment.data_dir()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DRAIN_WORKER", "DRAIN_WORKERS"),
        ("DRAINSITE_DTA", "DRAINSITE_DATA"),
        ("DRAIN_EMAIL_UL", "DRAIN_EMAIL_URL"),
        ("DRAINSITE_WORKERS", "DRAIN_WORKERS"),
        ("DRAIN_DATABASE_URL", "DATABASE_URL"),
        ("DRAIN_ALLOWED_HOST", "ALLOWED_HOSTS"),
        ("drain_workers", "DRAIN_WORKERS"),
        ("DRAIN_OIDC_CLIENT", "DRAIN_OIDC_CLIENT_ID"),
    ],
)
def test_a_misspelt_name_is_one_sentence_with_the_setting_that_was_meant(name, meant):
    (said,) = misspelt([name, meant, "PATH"])
    assert said == (
        f"{name} is not a setting of drainsite, so nothing reads it: did you mean {meant}?"
    )


@pytest.mark.parametrize("name", ["DRAIN_QQQ", "DRAIN_REDIS_URL", "DRAIN_THREADS"])
def test_a_name_that_is_near_to_none_is_given_the_list_and_no_guess(name):
    (said,) = misspelt([name])
    assert said.endswith("nothing reads it: docs/settings.md lists those that are.")


def test_what_a_name_holds_for_a_terminal_is_shown_and_not_obeyed():
    (said,) = misspelt(["DRAIN_\x1b[2J\n"])
    assert said.isprintable()


def test_names_that_others_read_are_left_alone():
    kubernetes = [
        "DRAINSITE_SERVICE_HOST", "DRAINSITE_SERVICE_PORT", "DRAINSITE_SERVICE_PORT_HTTP", "DRAINSITE_PORT",
        "DRAINSITE_PORT_8000_TCP", "DRAINSITE_PORT_8000_TCP_ADDR", "DRAIN_WEB_SERVICE_HOST", "DRAIN_WEB_PORT",
    ]  # fmt: skip
    others = ["DATABASE_URI", "ALLOWED_HOST", "EMAIL_HST", "DRAINAGE", "TRAIN_WORKERS", "DEBUGGER"]
    assert misspelt([*SETTINGS, *CONTRACT_NAMES, "DRAIN_PARAM_MODEL", *kubernetes, *others]) == []
    # Without such a service they are somebody's guesses.
    assert len(misspelt(["DRAIN_WEB_PORT", "DRAINSITE_PORT"])) == 2


def test_no_variable_that_a_document_a_unit_or_a_tool_names_is_called_misspelt():
    written = [ROOT / name for name in ("README.md", "Makefile", "compose.yaml", "Containerfile")]
    written += [path for path in (ROOT / "docs").rglob("*") if path.suffix in {".md", ".service"}]
    written += [*(ROOT / "tools").glob("*"), ROOT / "tests" / "settings.py", ROOT / "manage.py"]
    names = {
        name
        for path in written
        if path.is_file()
        for name in re.findall(r"\b(?:DRAIN|DRAINSITE)_[A-Z_]*[A-Z]\b", path.read_text())
    }
    assert len(names) > 40
    assert misspelt(names) == []


@pytest.mark.django_db
def test_the_doctor_warns_of_a_misspelt_name_and_no_longer_calls_settings_sound(monkeypatch):
    assert [each.level for each in doctor.examine() if each.name == "settings"] == ["ok"]
    monkeypatch.setenv("DRAIN_WORKER", "4")
    (said,) = [each for each in doctor.examine() if each.name == "settings"]
    assert (said.level, said.sentence[:12]) == ("warning", "DRAIN_WORKER")


@pytest.mark.parametrize("argv", [["help"], ["migrate", "--help"]])
def test_a_command_says_it_once_on_stderr_and_goes_on(tmp_path, argv):
    done = manage(str(tmp_path), *argv, DRAIN_WORKER="4")
    assert done.returncode == 0
    assert done.stderr.count("DRAIN_WORKER ") == 1
    assert "DRAIN_WORKER " not in done.stdout


def test_a_cluster_that_up_starts_does_not_say_it_again(tmp_path):
    done = manage(str(tmp_path), "help", DRAIN_WORKER="4", Q_CLUSTER_NAME="drain")
    assert "DRAIN_WORKER" not in done.stderr
