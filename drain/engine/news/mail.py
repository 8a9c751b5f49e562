"""One message by mail, through the server that DRAIN_EMAIL_URL names."""

from __future__ import annotations

import time
from dataclasses import dataclass
from smtplib import SMTPException, SMTPResponseException

from django.core.mail import EmailMessage

from drain.engine.news.send import SendResult
from drain.policy.inert import inert


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one person."""

    to: str
    subject: str
    body: str
    delivery: str


def send_mail(mail: Mail) -> SendResult:
    """Hand it to the server; never raises. Touches no database."""
    began = time.monotonic()
    if not mail.to:
        return SendResult("This person has no mail address.")
    # The number is the same at every try: a mail program shows what came twice as one.
    headers = {"Message-ID": f"<{mail.delivery}@drainsite>", "Auto-Submitted": "auto-generated"}
    # No header holds a line break, and no mail what the terminal or the eye of its reader would obey.
    subject = inert(" ".join(mail.subject.split()))
    message = EmailMessage(
        f"[drainsite] {subject}", inert(mail.body), to=[mail.to], headers=headers
    )
    try:
        message.send()
    except SMTPResponseException as error:
        return SendResult(f"The mail server answered {error.smtp_code}."[:300])
    except (OSError, SMTPException, ValueError) as error:
        said = getattr(error, "strerror", None) or type(error).__name__
        return SendResult(f"The mail server could not be used: {said}."[:300])
    return SendResult("", None, round((time.monotonic() - began) * 1000))
