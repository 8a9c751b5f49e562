"""Addresses of chats as apprise writes them, `slack://…`:
which services there are, and what an address may hold.
"""

from __future__ import annotations

import re

SERVICES = {
    "discord": "Discord",
    "gchat": "Google Chat",
    "gotify": "Gotify",
    "gotifys": "Gotify",
    "json": "A receiver of JSON",
    "jsons": "A receiver of JSON",
    "mmost": "Mattermost",
    "mmosts": "Mattermost",
    "nctalk": "Nextcloud Talk",
    "nctalks": "Nextcloud Talk",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "opsgenie": "Opsgenie",
    "pagerduty": "PagerDuty",
    "pbul": "Pushbullet",
    "pover": "Pushover",
    "rocket": "Rocket.Chat",
    "rockets": "Rocket.Chat",
    "signal": "Signal",
    "signals": "Signal",
    "slack": "Slack",
    "tgram": "Telegram",
    "twist": "Twist",
    "webex": "Webex",
    "workflows": "Microsoft Teams",
    "zulip": "Zulip",
}
"""The services that an administrator can name in DRAIN_CHAT_SERVICES, by the
beginning of an address. All of them speak HTTP and nothing else: none runs a
program, reads a file, or reaches the desktop, the mail or the log of this machine.
"""
LONGEST = 2000
_BEGINNING = re.compile(r"([a-z]+)://")


class ChatError(ValueError):
    """An address that is none, or none for this site;
    the message is one sentence that repeats nothing of it.
    """


def service_of(address: str, allowed: list[str]) -> str:
    """Return the beginning of an address, one of SERVICES that is allowed. Raises ChatError.

    What follows a question mark are options of apprise's: among them are files of this machine to read,
    certificates not to check and redirects to follow, and no service needs one of them.
    """
    found = _BEGINNING.match(address)
    if found is None or found[1] not in SERVICES or found[1] not in allowed:
        raise ChatError(f"An address of a chat begins with {beginnings(allowed)}.")
    if len(address) > LONGEST:
        raise ChatError(f"The address has more than {LONGEST:,} characters.")
    if "?" in address:
        raise ChatError("The address has a question mark in it: leave it out, with what follows.")
    if not address.isprintable() or " " in address:
        raise ChatError("The address has a space or a control character in it: write %20.")
    return found[1]


def beginnings(allowed: list[str]) -> str:
    """Return how addresses may begin: `slack:// or ntfys://`."""
    return " or ".join(f"{each}://" for each in allowed if each in SERVICES)


def unmentioned(text: str) -> str:
    """Return a text in which a chat finds nobody to wake and no command:
    `@channel` and `<!here>` are as they are read.

    An invisible space (U+200B) follows what would begin one.
    """
    return re.sub(r"([@<])", "\\1\N{ZERO WIDTH SPACE}", text)
