"""What the author of a text will read about a decision, before it is taken.

The mail is the one that will be sent, made of the same facts and templates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from consult.core.text import normalise
from consult.discussion.models import Contribution, Revision
from consult.moderation.forms.bulk import BulkForm
from consult.moderation.forms.decision import DecisionForm
from consult.moderation.queries.items import Item
from consult.moderation.queries.queue import ItemKind
from consult.moderation.states import NEEDS_REASON, AppealOutcome, Verdict
from consult.notifications.queries import (
    DecisionFacts,
    MailFacts,
    Recipient,
    mail_about,
    who_is_told,
)
from consult.spaces.models import Forum, Reason, Space

Written = Callable[[MailFacts], tuple[str, str]]
"""Gives subject and plain text of a mail."""


@dataclass(frozen=True)
class Preview:
    """A mail as its reader gets it."""

    locale: str
    subject: str
    paragraphs: Sequence[Sequence[str]]
    """Lines of each."""
    count: int = 1
    """How many of the chosen authors get one in this language."""
    name: str = ""
    """The text that it is about, where several were chosen."""


def preview(
    session: Session, found: Item, form: DecisionForm, *, write: Written, now: dt.datetime
) -> Preview | None:
    """Return the mail in the author's language; None where none tells of such a verdict."""
    verdict = form.chosen
    if verdict not in NEEDS_REASON:
        return None
    is_appeal = found.kind is ItemKind.APPEAL and verdict is Verdict.REJECT
    asked_by = found.appeal.appeal.submitted_by if found.appeal and is_appeal else None
    contribution = found.located.contribution
    about = found.published if verdict is Verdict.HIDE and found.published else found.shown
    to = who_is_told(session, contribution=contribution, revision=about, asked_by=asked_by)
    if to is None:
        return None
    facts = _facts(
        verdict,
        _reason(found.reasons, form.reason),
        form.message,
        outcome=AppealOutcome.DISMISSED if is_appeal else None,
        now=now,
    )
    space, forum = found.located.space, found.located.forum
    mail = _mail(facts, to=to, about=(contribution, about, space, forum), now=now)
    return _read(mail, to[0].locale, write=write) if mail is not None else None


def previews(
    session: Session,
    chosen: Sequence[tuple[Contribution, Revision, Space, Forum]],
    form: BulkForm,
    *,
    reasons: Sequence[Reason],
    write: Written,
    now: dt.datetime,
) -> tuple[list[Preview], int]:
    """Return one mail for each language of the authors, and how many of them are told nothing.

    The mail of a language is the one about the first text whose author reads it.
    """
    verdict = form.chosen_verdict
    if verdict not in NEEDS_REASON:
        return [], 0
    facts = _facts(verdict, _reason(reasons, form.reason), form.message, outcome=None, now=now)
    found: dict[str, list[tuple[MailFacts, str]]] = {}
    silent = 0
    for about in chosen:
        contribution, revision, _space, _forum = about
        to = who_is_told(session, contribution=contribution, revision=revision)
        mail = _mail(facts, to=to, about=about, now=now) if to is not None else None
        if to is None or mail is None:
            silent += 1
            continue
        name = contribution.reference or contribution.receipt or ""
        found.setdefault(to[0].locale, []).append((mail, name))
    made = [
        _read(mails[0][0], locale, write=write, count=len(mails), name=mails[0][1])
        for locale, mails in sorted(found.items())
    ]
    return made, silent


def _reason(reasons: Sequence[Reason], code: str) -> Reason | None:
    return next((reason for reason in reasons if reason.code == code), None)


def _facts(
    verdict: Verdict,
    reason: Reason | None,
    message: str,
    *,
    outcome: AppealOutcome | None,
    now: dt.datetime,
) -> DecisionFacts:
    return DecisionFacts(
        verdict=verdict.value,
        reason_label=reason.label if reason is not None else None,
        reason_explanation=reason.explanation if reason is not None else None,
        message=normalise(message).strip() or None,
        is_undone=False,
        decided_at=now,
        outcome=outcome,
    )


def _mail(
    facts: DecisionFacts,
    *,
    to: tuple[Recipient, str],
    about: tuple[Contribution, Revision, Space, Forum],
    now: dt.datetime,
) -> MailFacts | None:
    contribution, revision, space, forum = about
    if facts.event is None:
        return None
    return mail_about(
        facts.event,
        to=to,
        written_at=now,
        contribution=contribution,
        revision=revision,
        space=space,
        forum=forum,
        decision=facts,
    )


def _read(
    mail: MailFacts, locale: str, *, write: Written, count: int = 1, name: str = ""
) -> Preview:
    subject, text = write(mail)
    paragraphs = [part.split("\n") for part in text.strip().split("\n\n") if part.strip()]
    return Preview(locale, subject, paragraphs, count, name)
