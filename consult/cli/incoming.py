"""What comes in by mail, from its bytes to what became of it; units of work begin and end here."""

from __future__ import annotations

import datetime as dt
import io
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import structlog
from flask import current_app

import config as settings
from consult.core import clock, i18n, wording
from consult.core.db import db
from consult.core.errors import Forbidden, Gone, Invalid, NotVisible, StaleState, TooMany
from consult.core.i18n import gettext as _
from consult.core.i18n import ngettext
from consult.core.storage import BlobStorage
from consult.core.unit_of_work import unit_of_work
from consult.discussion.papers import names
from consult.discussion.papers.shapes import MAX_FILES, PaperRefused
from consult.discussion.services import attaching, files
from consult.discussion.views import paper_words
from consult.notifications.inbound import addresses, reading, replies, reports
from consult.notifications.inbound.addresses import Named, Purpose
from consult.notifications.inbound.reading import Incoming, MailedFile
from consult.notifications.services import bouncing, mail_files, receiving
from consult.notifications.services.receiving import Answer, Outcome

log = structlog.get_logger("consult.mail")

REFUSALS = (Forbidden, Gone, Invalid, NotVisible, StaleState, TooMany)
"""What is told to whoever replied."""


def take_in(raw: bytes, *, stamp: dt.datetime | None = None) -> Outcome:
    """Deal with one mail and return what became of it; the same mail is dealt with once.

    `stamp` is when it came in, where a mail server's folder says so. Raises what the database
    raises while it is away, and whatever nobody has thought of: then nothing was changed.
    """
    now = clock.now()
    mail = reading.read(raw)
    with unit_of_work() as session:
        known = receiving.is_known(session, digest=mail.digest)
    outcome = Outcome.KNOWN if known else _deal_with(mail, raw, stamp=stamp, now=now)
    log.info("mail came in", outcome=outcome.value, files=len(mail.files))
    return outcome


def keep_aside(raw: bytes) -> Path:
    """Keep a mail that could not be dealt with, readable by us only; raises OSError."""
    name = f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(8)}.eml"
    return mail_files.keep(_config().mail_in_dir / "failed", name=name, content=raw)


def _keep_words(mail: Incoming, raw: bytes) -> None:
    """Keep a reply that goes nowhere for thirty days, under one name however often it comes."""
    folder = _config().mail_in_dir / mail_files.KEPT
    mail_files.keep(folder, name=f"{mail.digest}.eml", content=raw)


def _config() -> settings.Config:
    return cast(settings.Config, current_app.extensions["consult.config"])


def _deal_with(
    mail: Incoming, raw: bytes, *, stamp: dt.datetime | None, now: dt.datetime
) -> Outcome:
    base = _config().mail_reply or ""
    named = addresses.named_by(mail.recipients, base=base, secret_key=_config().secret_key)
    if named is not None and named.purpose is Purpose.BOUNCE:
        return _note_bounce(mail, named, now=now)
    if _is_of_a_machine(mail, base=base):
        if named is not None:
            _keep_words(mail, raw)
        return Outcome.AUTOMATIC
    if named is None:
        return Outcome.AUTOMATIC if mail.seems_automatic else _tell_unaddressed(mail, now=now)
    with unit_of_work() as session:
        answer = receiving.answer_by(
            session, delivery_id=named.delivery_id, sender=mail.sender, now=now
        )
        if answer is None and receiving.is_shut_out(session, sender=mail.sender):
            return Outcome.UNADDRESSED
        if answer is None:
            _keep_words(mail, raw)
        if answer is None and mail.seems_automatic:
            return Outcome.AUTOMATIC
        if answer is None:
            receiving.refuse_stranger(
                session, digest=mail.digest, sender=mail.sender, locale=_language(mail), now=now
            )
            return Outcome.STRANGER
    with i18n.in_locale(i18n.best_locale([answer.locale])):
        arrived_at = receiving.instant_of_arrival(stamp or mail.arrived_at, now=now)
        return _take(mail, raw, answer, arrived_at=arrived_at, now=now)


def _is_of_a_machine(mail: Incoming, *, base: str) -> bool:
    """Whether a mail says that nobody wrote it, or comes from nobody or from ourselves."""
    is_own = mail.sender.casefold() == _config().sender.casefold()
    is_ours = is_own or addresses.is_ours(mail.sender, base=base)
    return mail.is_automatic or not mail.sender or is_ours


def _note_bounce(mail: Incoming, named: Named, *, now: dt.datetime) -> Outcome:
    """Mark a delivery that came back; a delay and an absence note say nothing of the address."""
    words = reports.failure(mail.message)
    if words is None:
        return Outcome.AUTOMATIC
    with unit_of_work() as session:
        bouncing.note_bounce(session, delivery_id=named.delivery_id, words=words, now=now)
    return Outcome.BOUNCED


def _tell_unaddressed(mail: Incoming, *, now: dt.datetime) -> Outcome:
    """Answer somebody whom we know; a sender whom nobody knows may be forged."""
    with unit_of_work() as session:
        answer = receiving.unaddressed_by(session, sender=mail.sender)
        if answer is None:
            return Outcome.UNADDRESSED
        with i18n.in_locale(i18n.best_locale([answer.locale])):
            problem = _(
                "The address that you wrote to does not say which contribution you answer. Please"
                " use “Reply” on a mail about that contribution, or answer on its page."
            )
        receiving.refuse(
            session,
            digest=mail.digest,
            answer=answer,
            words=mail.text,
            problems=[problem],
            now=now,
        )
    return Outcome.REFUSED


def _take(
    mail: Incoming, raw: bytes, answer: Answer, *, arrived_at: dt.datetime, now: dt.datetime
) -> Outcome:
    body = addresses.scrubbed(replies.own_words(mail.text), base=_config().mail_reply or "")
    problems = _problems_before(mail, answer, body)
    tokens: list[str] = []
    if not problems:
        tokens, problems = _hand_in(mail.files, answer)
    if not problems:
        try:
            with unit_of_work() as session:
                contribution = receiving.take(
                    session,
                    digest=mail.digest,
                    answer=answer,
                    body=body,
                    tokens=tokens,
                    arrived_at=arrived_at,
                    now=now,
                    is_limited=_config().rate_limits,
                )
        except REFUSALS as error:
            problems = list(_sentences(error))
        else:
            return Outcome.KNOWN if contribution is None else Outcome.TAKEN
    with unit_of_work() as session:
        is_answered = receiving.refuse(
            session,
            digest=mail.digest,
            answer=answer,
            words=body or mail.text,
            problems=problems,
            now=now,
        )
        if not is_answered:
            _keep_words(mail, raw)
    return Outcome.REFUSED


def _problems_before(mail: Incoming, answer: Answer, body: str) -> list[str]:
    """Return what stands against a reply before anything of it is looked at further."""
    if answer.is_late:
        return [_("The mail that you answer is more than sixty days old.")]
    if answer.contribution_id is None:
        return [_("The mail that you answer is not about a single contribution.")]
    if not mail.is_whole:
        return [
            _("Your mail could not be read. It may be damaged, encrypted or larger than 30 MB.")
        ]
    if not body.strip():
        return [
            _(
                "There were no words of your own in your mail. Please write above what is quoted;"
                " a file alone is not enough either."
            )
        ]
    return []


def _sentences(error: Exception) -> Iterable[str]:
    """Return what a refusal says, in the current language."""
    if isinstance(error, Forbidden):
        return [wording.of_refusal(error.refusal)]
    if isinstance(error, Invalid):
        codes = dict.fromkeys(code for some in error.problems.values() for code in some)
        return [wording.of_problem(code) for code in codes]
    if isinstance(error, TooMany):
        return [
            ngettext(
                "You have sent many texts in a short time. Please send this one in %(num)s minute.",
                "You have sent many texts in a short time. Please send this one in %(num)s"
                " minutes.",
                -(-error.retry_after // 60),
            )
        ]
    return [wording.of_problem("parent-unknown")]


def _language(mail: Incoming) -> str:
    """Return the language in which a stranger seems to write."""
    return i18n.best_locale([reading.header(mail.message, "Content-Language").strip()])


# Files --------------------------------------------------------------------------------------


def _hand_in(sent: Iterable[MailedFile], answer: Answer) -> tuple[list[str], list[str]]:
    """Keep the files of a mail as those of a form are kept; return tokens, and what is wrong."""
    tokens: list[str] = []
    problems: list[str] = []
    for one in sent:
        if len(tokens) >= MAX_FILES:
            problems.append(paper_words.too_many_at_once(names.shown(one.name)))
            break
        try:
            tokens.append(_keep(one, answer))
        except PaperRefused as refused:
            problems.append(paper_words.sentence(refused))
    return list(dict.fromkeys(tokens)), problems


def _keep(sent: MailedFile, answer: Answer) -> str:
    """Keep one file and return its token; no lock is held while it is looked at or written."""
    config, stream = _config(), io.BytesIO(sent.content)
    storage = cast(BlobStorage, current_app.extensions["consult.storage"])
    scans = config.clamd_url is not None or config.holds_unscanned
    if config.rate_limits:
        with unit_of_work() as session:
            attaching.spend_upload(session, user_id=answer.user_id, name=sent.name, now=clock.now())
    db.session.rollback()
    checked = attaching.check(name=sent.name, stream=stream)
    with unit_of_work() as session:
        attaching.announce(session, checked=checked, scanner_configured=scans, now=clock.now())
    files.put(storage, sha256=checked.sha256, stream=stream)
    with unit_of_work() as session:
        return attaching.stage(
            session,
            user_id=answer.user_id,
            checked=checked,
            stream=stream,
            storage=storage,
            scanner_configured=scans,
            now=clock.now(),
        ).token
