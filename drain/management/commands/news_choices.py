"""`manage.py news_choices list|set|chat|forget|test`: who hears of what, and where."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from drain.engine.errors import EngineError
from drain.engine.news.chat_addresses import chat_of, forget_address, keep_address
from drain.engine.news.deliver import chat_test, mail_test
from drain.engine.news.inbox import ALL, choice_of, choose
from drain.management.base import DrainCommand
from drain.models.vocabulary import DeliveryState

WAYS = ("inbox", "mail", "chat")


class Command(DrainCommand):
    """Parse, call one verb, print."""

    help = "Show and set which news each person hears of, in the inbox, by mail and in their chat."

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the contract."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        change = verbs.add_parser("set", help="choose anew; what is not named stays as it is")
        for way in WAYS:
            change.add_argument(
                f"--{way}", action="append", choices=[*ALL, "all", "none"], metavar="EVENT",
                help=f"hear of it {_words(way)}: an event, all or none; may be repeated",
            )  # fmt: skip
        chat = verbs.add_parser("chat", help="keep the address of a chat, read from standard input")
        forget = verbs.add_parser("forget", help="forget the address of a chat")
        test = verbs.add_parser("test", help="send a test message now; exit 3 if it is not taken")
        test.add_argument("--by", choices=("mail", "chat"), required=True, help="which way")
        for each in (change, chat, forget, test):
            each.add_argument("user", help="name of the account")
        for each in (change, chat, forget, test, verbs.add_parser("list", help="list them")):
            super().add_arguments(each)

    def act(self, **options: Any) -> None:
        """Call the verb."""
        getattr(self, f"_{options['verb']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        people = User.objects.filter(is_active=True).order_by("username")
        found = [_described(each) for each in people]
        self._show(options, {"people": found}, "\n".join(map(_line, found)) or "No account yet.")

    def _set(self, options: dict[str, Any]) -> None:
        if not any(options[way] for way in WAYS):
            raise CommandError("Say what to change: --inbox, --mail or --chat.", returncode=2)
        user = _person(options["user"])
        choose(user, self.actor, **{way: _kinds(options[way]) for way in WAYS})
        self._show_one(options, user)

    def _chat(self, options: dict[str, Any]) -> None:
        user = _person(options["user"])
        # Not an argument: those stand in the list of processes and in the history of a shell.
        asked = getpass("Address: ") if sys.stdin.isatty() else sys.stdin.readline()
        keep_address(user, asked, self.actor)
        self._show_one(options, user)

    def _forget(self, options: dict[str, Any]) -> None:
        user = _person(options["user"])
        forget_address(user, self.actor)
        self._show_one(options, user)

    def _test(self, options: dict[str, Any]) -> None:
        send = {"mail": mail_test, "chat": chat_test}[options["by"]]
        sent = send(_person(options["user"]), self.actor)
        taken = sent.state == DeliveryState.DELIVERED
        self._show(options, {"taken": taken, "error": sent.error}, sent.error or "It was taken.")
        if not taken:
            raise SystemExit(3)

    def _show_one(self, options: dict[str, Any], user: User) -> None:
        found = _described(user)
        self._show(options, found, _line(found))

    def _show(self, options: dict[str, Any], value: Any, line: str) -> None:
        if options["json"]:
            self.print_json(value)
        else:
            self.stdout.write(line)


def _words(way: str) -> str:
    return {"inbox": "in the inbox", "mail": "by mail", "chat": "in the chat"}[way]


def _person(name: str) -> User:
    found = User.objects.filter(username=name).first()
    if found is None:
        raise EngineError(f"There is no account “{name[:150]}”.")
    return found


def _kinds(words: list[str] | None) -> list[str] | None:
    if words is None:
        return None
    return ALL if "all" in words else [word for word in words if word != "none"]


def _described(user: User) -> dict[str, Any]:
    choice, chat = choice_of(user.pk), chat_of(user.pk)
    return {
        "user": user.get_username(),
        **{way: list(getattr(choice, way)) for way in WAYS},
        "address": user.email,
        "service": chat.service_name if chat else "",
    }


def _line(found: dict[str, Any]) -> str:
    ends = {
        "inbox": "",
        "mail": f" to {found['address'] or 'no address'}",
        "chat": f" {found['service'] or 'without an address'}",
    }
    told = [
        f"{_words(way)}{ends[way]}: {'all' if found[way] == ALL else ', '.join(found[way])}"
        for way in WAYS
        if found[way]
    ]
    return f"{found['user']}: {'; '.join(told) or 'hears of nothing'}"
