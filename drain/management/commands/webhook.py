"""`manage.py webhook add|list|set|renew|test|remove`: where news is sent."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from drain.engine.news.deliver import send_test
from drain.engine.news.webhooks import (
    add_webhook,
    change_webhook,
    described,
    remove_webhook,
    renew_secret,
)
from drain.management.base import DrainCommand
from drain.models import Webhook
from drain.models.vocabulary import NEWS, DeliveryState


class Command(DrainCommand):
    """Parse, call one verb, print."""

    help = "Define, list, test and remove the addresses that news is posted to."

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the contract."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="add an address; prints its secret, once")
        add.add_argument("name", help="by which people know it")
        add.add_argument("url", help="https://host/path")
        _event(add)
        change = verbs.add_parser("set", help="choose what it hears of, or switch it off and on")
        change.add_argument("name", help="of the webhook")
        _event(change)
        switch = change.add_mutually_exclusive_group()
        switch.add_argument("--on", action="store_const", const=True, dest="active", help="send")
        switch.add_argument(
            "--off", action="store_const", const=False, dest="active", help="let what is sent wait"
        )
        for name, words in (
            ("renew", "give it another secret; prints it, once"),
            ("remove", "remove it with its messages"),
        ):
            each = verbs.add_parser(name, help=words)
            each.add_argument("name", help="of the webhook")
            each.add_argument("--reason", default="", help="why, for the audit")
            super().add_arguments(each)
        test = verbs.add_parser("test", help="send a test message now; exit 3 if it is not taken")
        test.add_argument("name", help="of the webhook")
        for each in (add, change, test, verbs.add_parser("list", help="list them")):
            super().add_arguments(each)

    def act(self, **options: Any) -> None:
        """Call the verb."""
        getattr(self, f"_{options['verb']}")(options)

    def _add(self, options: dict[str, Any]) -> None:
        kinds = options["event"] or [kind.value for kind in NEWS]
        made, secret = add_webhook(options["name"], options["url"], kinds, self.actor)
        self._show(options, described(made) | {"secret": secret}, _secret_line(made.name, secret))

    def _renew(self, options: dict[str, Any]) -> None:
        made, secret = renew_secret(options["name"], self.actor, options["reason"])
        self._show(options, described(made) | {"secret": secret}, _secret_line(made.name, secret))

    def _set(self, options: dict[str, Any]) -> None:
        if not options["event"] and options["active"] is None:
            raise CommandError("Say what to change: --event NAME, --on or --off.", returncode=2)
        kinds = options["event"] or None
        made = change_webhook(options["name"], self.actor, kinds=kinds, active=options["active"])
        self._show(options, described(made), f"Webhook {made.name} is set.")

    def _remove(self, options: dict[str, Any]) -> None:
        remove_webhook(options["name"], self.actor, options["reason"])
        self._show(options, {"removed": options["name"]}, f"Webhook {options['name']} is removed.")

    def _list(self, options: dict[str, Any]) -> None:
        found = [described(each) for each in Webhook.objects.order_by("name")]
        lines = [
            f"{each['name']}{'' if each['active'] else ' (off)'}: {each['address']}: {', '.join(each['kinds'])}"
            for each in found
        ]
        self._show(options, {"webhooks": found}, "\n".join(lines) or "No webhooks.")

    def _test(self, options: dict[str, Any]) -> None:
        sent = send_test(options["name"], self.actor)
        taken = sent.state == DeliveryState.DELIVERED
        value = {"taken": taken, "status": sent.status, "error": sent.error}
        self._show(options, value, f"Answered {sent.status}." if taken else sent.error)
        if not taken:
            raise SystemExit(3)

    def _show(self, options: dict[str, Any], value: Any, line: str) -> None:
        if options["json"]:
            self.print_json(value)
        else:
            self.stdout.write(line)


def _event(parser: CommandParser) -> None:
    parser.add_argument(
        "--event",
        action="append",
        default=[],
        choices=[kind.value for kind in NEWS],
        help="what it hears of (all); may be repeated",
    )


def _secret_line(name: str, secret: str) -> str:
    return f"The secret of {name}, shown only now: {secret}"
