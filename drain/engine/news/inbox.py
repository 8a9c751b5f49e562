"""What each person wants to hear of, and what they have not seen yet."""

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


def choice_of(user: int) -> NewsChoice:
    """What a person chose; all news in the inbox and none by mail until they choose. Writes nothing."""
    return NewsChoice.objects.filter(user=user).first() or NewsChoice(user_id=user, inbox=ALL)


def choose(user: int, inbox: Iterable[str], mail: Iterable[str], by: Person) -> NewsChoice:
    """Choose anew. Raises EngineError for a kind that there is not."""
    wanted = {"inbox": _known(inbox), "mail": _known(mail)}
    with transaction.atomic():
        old = choice_of(user)
        choice, _ = NewsChoice.objects.update_or_create(
            user_id=user, defaults=wanted, create_defaults={**wanted, "seen": old.seen}
        )
        record_audit(
            by, "news.choose", Subject("user", str(user), by.name),
            old={"inbox": old.inbox, "mail": old.mail}, new=wanted,
        )  # fmt: skip
    return choice


def news_for(choice: NewsChoice) -> QuerySet[Notice]:
    """What a person hears of, newest first."""
    return Notice.objects.filter(kind__in=choice.inbox).order_by("-pk")


def unseen(user: int) -> int:
    """How many news a person has not seen yet, counted up to 99."""
    choice = choice_of(user)
    return news_for(choice).filter(pk__gt=choice.seen)[:MOST_COUNTED].count()


def see(user: int, newest: int) -> None:
    """Somebody saw everything up to this notice."""
    NewsChoice.objects.get_or_create(user_id=user, defaults={"inbox": ALL})
    NewsChoice.objects.filter(user=user).update(seen=Greatest("seen", newest))


def mailed(kind: NoticeKind) -> list[User]:
    """Who wants this kind by mail and may: active, with an address, and allowed to see the pages."""
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
