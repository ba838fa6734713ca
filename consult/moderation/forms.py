"""What the forms of a decision and of an appeal send, read into typed values; problems as
sentences by field.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from consult.core import wording
from consult.core.errors import Invalid
from consult.core.i18n import LOCALES, format_weekday, gettext, in_locale
from consult.discussion.policy import RESUBMIT_DAYS
from consult.moderation.queries.items import Item
from consult.moderation.queries.queue import ItemKind, QueueFilter
from consult.moderation.states import NEEDS_REASON, Verdict
from consult.notifications.queries import APPEAL


class Submitted(Protocol):
    """A submitted form: repeated names, text values."""

    def get(self, name: str, default: str, /) -> str:
        """Return the first value of a name."""
        ...

    def getlist(self, name: str, /) -> list[str]:
        """Return all values of a name."""
        ...

    def __contains__(self, name: object, /) -> bool:
        """Whether the name was sent."""
        ...


@dataclass
class DecisionForm:
    """The form in which a moderator decides."""

    verdict: str = ""
    reason: str = ""
    message: str = ""
    revision: int = 0
    """Number of the text that was shown; 0 where it was not sent."""
    published_revision: int | None = None
    language: str | None = None
    """None where the form did not offer it."""
    objectives: list[str] | None = None
    action: str = "decide"
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """Return what was typed, by field."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "message": self.message,
            "language": self.language,
            "objectives": self.objectives or [],
        }

    @property
    def chosen(self) -> Verdict | None:
        """Return the verdict, None where none of ours was chosen."""
        return Verdict(self.verdict) if self.verdict in set(Verdict) else None

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """Return the objectives by number; what is no number is an unknown one."""
        if self.objectives is None:
            return None
        return tuple(int(n) if n.isdecimal() and len(n) < 6 else 0 for n in self.objectives)

    def refuse(self, error: Invalid) -> None:
        """Take over the problems of a service as sentences beside the fields."""
        for name, codes in error.problems.items():
            self.errors.setdefault(name, []).extend(wording.of_problem(code) for code in codes)

    def check(self) -> bool:
        """Note what is missing before any service can be asked; return whether nothing is."""
        if self.chosen is None:
            self.refuse(Invalid({"verdict": ["verdict-missing"]}))
        if not self.revision:
            self.refuse(Invalid({"revision": ["revision-missing"]}))
        return not self.errors


def read(form: Submitted) -> DecisionForm:
    """Read a submitted decision; what cannot be read is kept as it was typed."""
    has_corrections = "language" in form
    return DecisionForm(
        verdict=form.get("verdict", ""),
        reason=form.get("reason", "")[:32],
        message=form.get("message", "").replace("\r\n", "\n"),
        revision=_number(form.get("revision", "")) or 0,
        published_revision=_number(form.get("published_revision", "")),
        language=form.get("language", "") if has_corrections else None,
        objectives=form.getlist("objectives") if has_corrections else None,
        action="preview" if form.get("action", "") == "preview" else "decide",
    )


def fresh(item: Item) -> DecisionForm:
    """Return the form as it is first shown: nothing decided, everything else as it stands."""
    return DecisionForm(
        revision=item.shown.number,
        published_revision=item.published_number,
        language=item.language,
        objectives=[str(number) for number in item.objectives],
    )


@dataclass
class AppealForm:
    """The form in which an author says why a rejected text should be published."""

    words: str = ""
    key: str = ""
    errors: dict[str, list[str]] = field(default_factory=dict)

    def refuse(self, error: Invalid) -> None:
        """Take over the problems of a service as sentences beside the fields."""
        for name, codes in error.problems.items():
            # Nobody sees the key: what is wrong with it is that the page is an old one.
            known = [name] if name == "idempotency_key" else codes
            self.errors.setdefault(name, []).extend(wording.of_problem(code) for code in known)

    def renew_key(self) -> None:
        """Give the form a key of its own, as a freshly loaded one has."""
        self.key = secrets.token_urlsafe(18)


def read_appeal(form: Submitted) -> AppealForm:
    """Read a submitted appeal."""
    return AppealForm(
        words=form.get("words", "").replace("\r\n", "\n"), key=form.get("idempotency_key", "")
    )


def fresh_appeal() -> AppealForm:
    """Return the form as it is first shown."""
    form = AppealForm()
    form.renew_key()
    return form


def read_filter(arguments: Mapping[str, str], *, per_page: int) -> QueueFilter:
    """Read the filter of the queue from an address; what is unknown is no condition."""
    kind, language = arguments.get("kind", ""), arguments.get("language", "")
    return QueueFilter(
        space=arguments.get("space", "")[:64] or None,
        question=_number(arguments.get("question", "")),
        language=language if language in LOCALES else None,
        category=arguments.get("category", "")[:64] or None,
        kind=ItemKind(kind) if kind in set(ItemKind) else None,
        after=arguments.get("after", "")[:40] or None,
        per_page=per_page,
    )


def reason_options(item: Item, *, empty: str) -> Sequence[tuple[str, str]]:
    """Return the choices of the reason select, beginning with none."""
    return [("", empty), *((reason.code, str(reason.label)) for reason in item.reasons)]


def preview(found: Item, form: DecisionForm, *, now: dt.datetime) -> list[str] | None:
    """Return the sentences of the mail in the author's language; None where there is none."""
    verdict = form.chosen
    if verdict not in NEEDS_REASON or found.author_locale is None:
        return None
    reason = next((r for r in found.reasons if r.code == form.reason), None)
    code = found.author_locale
    is_appeal = found.kind is ItemKind.APPEAL and verdict is Verdict.REJECT
    space, zone = found.located.space.title.in_(code), found.located.forum.time_zone
    with in_locale(code):
        opening = _dismissal(space) if is_appeal else _opening(verdict, space, found.name)
        lines = [opening]
        if reason is not None:
            lines.append(gettext("Reason: %(reason)s", reason=reason.label.in_(code)))
            lines.append(reason.explanation.in_(code))
        if form.message.strip():
            lines += [gettext("The moderators write:"), form.message.strip()]
        if is_appeal:
            lines.append(gettext("This decision is final; there is no second appeal."))
        else:
            lines += _what_next(verdict, now=now, zone=zone)
    return [line for line in lines if line]


def _dismissal(space: str) -> str:
    return gettext(
        "Another moderator has read your contribution to “%(space)s” and your appeal, and"
        " confirms the first decision: your text is not published. We are sorry that we have no"
        " better news.",
        space=space,
    )


def _opening(verdict: Verdict, space: str, name: str) -> str:
    if verdict is Verdict.RETURN:
        sentence = gettext(
            "The moderators of “%(space)s” have read your contribution. Thank you for it. They"
            " ask you to revise it before it can be published.",
            space=space,
        )
    elif verdict is Verdict.REJECT:
        sentence = gettext(
            "The moderators of “%(space)s” have read your contribution and have decided not to"
            " publish it. We are sorry that we have no better news.",
            space=space,
        )
    else:
        sentence = gettext(
            "The moderators of “%(space)s” have taken your contribution %(name)s from view.",
            name=name,
            space=space,
        )
    return str(sentence)


def _what_next(verdict: Verdict, *, now: dt.datetime, zone: str) -> Sequence[str]:
    if verdict is Verdict.RETURN:
        until = format_weekday(now + RESUBMIT_DAYS, zone_name=zone)
        return [
            gettext(
                "You can revise it and send it again until %(until)s, even if the consultation"
                " closes before. It keeps the date on which you first sent it.",
                until=until,
            )
        ]
    if verdict is Verdict.REJECT:
        until = format_weekday(now + APPEAL, zone_name=zone)
        return [
            gettext(
                "You can appeal once, until %(until)s. Another moderator will then read your text"
                " again.",
                until=until,
            )
        ]
    return []


def _number(typed: str) -> int | None:
    return int(typed) if typed.isdecimal() and len(typed) < 9 else None
