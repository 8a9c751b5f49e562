"""Each person's chat: an address, kept encrypted under SECRET_KEY, since it is a key by itself."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.crypto import salted_hmac

from drain.engine.errors import EngineError
from drain.engine.news.chat import Chat, require_address, sends_to_chats
from drain.models import ChatAddress
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import NoticeKind
from drain.policy.chat import ChatError, service_of

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

NO_CHATS = (
    "This site sends to no chat: an administrator installs drainsite[chat] and names services in "
    "DRAIN_CHAT_SERVICES."
)
NO_ADDRESS = "There is no address of a chat: give one first."


def chat_of(user: int) -> ChatAddress | None:
    """A person's chat, if they gave one."""
    return ChatAddress.objects.filter(user=user).select_related("user").first()


def keep_address(user: User, address: str, by: Person) -> ChatAddress:
    """Send a person's messages there from now on, those that are on their way too. Raises EngineError."""
    if not sends_to_chats():
        raise EngineError(NO_CHATS)
    address = address.strip()
    try:
        service = service_of(address, settings.DRAIN_CHAT_SERVICES)
    except ChatError as error:
        raise EngineError(str(error)) from None
    require_address(address)
    with transaction.atomic():
        kept, _ = ChatAddress.objects.update_or_create(
            user=user, defaults={"service": service, "sealed": _seal(address)}
        )
        record_audit(by, "chat.keep", _subject(user), new={"service": kept.service_name})
    return kept


def forget_address(user: User, by: Person) -> None:
    """Forget a person's chat, with its messages. Raises EngineError."""
    with transaction.atomic():
        kept = ChatAddress.objects.select_for_update().filter(user=user).first()
        if kept is None:
            raise EngineError(NO_ADDRESS)
        record_audit(by, "chat.forget", _subject(user), old={"service": kept.service_name})
        kept.delete()


def chatted(kind: NoticeKind) -> list[ChatAddress]:
    """Chats of who wants this kind there and may see the pages."""
    found = ChatAddress.objects.filter(
        service__in=settings.DRAIN_CHAT_SERVICES,
        user__is_active=True,
        user__drain_news_choice__chat__contains=[kind],
    )
    return [each for each in found.select_related("user") if each.user.has_perm("drain.view_phase")]


def message_to(kept: ChatAddress, title: str, link: str) -> Chat:
    """A message as it is sent now, or why it cannot be."""
    if lost := _why_not(kept):
        return Chat(kept.service, "", title, link, lost)
    address = address_in(kept)
    changed = "" if address else "The site's SECRET_KEY was changed: give the address again."
    return Chat(kept.service, address or "", title, link, changed)


def _why_not(kept: ChatAddress) -> str:
    if not kept.user.is_active:
        return "This person has left."
    if not sends_to_chats():
        return NO_CHATS
    if kept.service not in settings.DRAIN_CHAT_SERVICES:
        return f"DRAIN_CHAT_SERVICES no longer names {kept.service}."
    return ""


def address_in(kept: ChatAddress) -> str | None:
    """The address; None if SECRET_KEY has been changed since it was given."""
    from cryptography.fernet import InvalidToken

    try:
        return _sealer().decrypt(kept.sealed.encode()).decode()
    except InvalidToken:
        return None


def _seal(address: str) -> str:
    return _sealer().encrypt(address.encode()).decode()


def _sealer() -> Fernet:
    """Encrypts and proves it (AES-128-CBC, HMAC-SHA256), with a key made from SECRET_KEY."""
    from cryptography.fernet import Fernet

    key = salted_hmac("drain.engine.news.chat_addresses", "key", algorithm="sha256")
    return Fernet(base64.urlsafe_b64encode(key.digest()))


def _subject(user: User) -> Subject:
    return Subject("chat", str(user.pk), user.get_username())
