"""Each person's subscriptions and channels, and the news that they have not seen yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Greatest

from drain.engine.errors import EngineError
from drain.models import NewsChoice, Notice
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import NEWS, NoticeKind

ALL = [kind.value for kind in NEWS]
MOST_COUNTED = 99
Kinds = Iterable[str] | None


def choice_of(user: int) -> NewsChoice:
    """Return a person's choice; until they choose, all news in the inbox, none elsewhere. Writes nothing."""
    return NewsChoice.objects.filter(user=user).first() or NewsChoice(user_id=user, inbox=ALL)


def choose(
    user: User, by: Person, *, inbox: Kinds = None, mail: Kinds = None, chat: Kinds = None
) -> NewsChoice:
    """Choose anew; what is None stays as it is. Raises EngineError for a kind that there is not."""
    given = {"inbox": inbox, "mail": mail, "chat": chat}
    wanted = {name: _known(kinds) for name, kinds in given.items() if kinds is not None}
    with transaction.atomic():
        old = choice_of(user.pk)
        wanted = {name: wanted.get(name, getattr(old, name)) for name in given}
        choice, _ = NewsChoice.objects.update_or_create(
            user=user, defaults=wanted, create_defaults={**wanted, "seen": old.seen}
        )
        record_audit(
            by, "news.choose", Subject("user", str(user.pk), user.get_username()),
            old={name: getattr(old, name) for name in given}, new=wanted,
        )  # fmt: skip
    return choice


def news_for(choice: NewsChoice) -> QuerySet[Notice]:
    """Return a person's news, newest first."""
    return Notice.objects.filter(kind__in=choice.inbox).order_by("-pk")


def unseen(user: int) -> int:
    """Return how many news a person has not seen yet, counted up to 99."""
    choice = choice_of(user)
    return news_for(choice).filter(pk__gt=choice.seen)[:MOST_COUNTED].count()


def see(user: int, newest: int) -> None:
    """Mark everything up to this notice as seen by a person."""
    NewsChoice.objects.get_or_create(user_id=user, defaults={"inbox": ALL})
    NewsChoice.objects.filter(user=user).update(seen=Greatest("seen", newest))


def mailed(kind: NoticeKind) -> list[User]:
    """Return the people who want this kind by mail and may:
    active, with an address, and allowed to see the pages.
    """
    found = User.objects.filter(is_active=True, drain_news_choice__mail__contains=[kind]).exclude(
        email=""
    )
    return [user for user in found if user.has_perm("drain.view_phase")]


def _known(kinds: Iterable[str]) -> list[str]:
    wanted: Collection[str] = set(kinds)
    if unknown := sorted(set(wanted) - set(ALL)):
        raise EngineError(
            f"There is no news called “{unknown[0][:60]}”; there is: {', '.join(ALL)}."
        )
    return [kind for kind in ALL if kind in wanted]
