"""Reading the forms of accounts: typed values, and sentences about what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from consult.core import wording
from consult.core.errors import Invalid
from consult.core.i18n import gettext as _
from consult.core.i18n import ngettext

SHORT_REST = 45
"""Seconds that are told as seconds, not as minutes."""
MAX_TYPED = 2000
"""Characters of a one-line field that are shown again; no field takes as many."""


@dataclass
class Form:
    """What was typed into a page's fields, and the sentences that stand beside them.

    `values` never holds a password: those are read with `secret` and not shown again.
    """

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, sentence: str) -> None:
        """Add a sentence about a field; the name "" stands for the whole form."""
        self.errors.setdefault(name, []).append(sentence)

    def add_problems(self, problem: Invalid) -> None:
        """Add the sentences for what a service has found; unknown fields go to the whole form."""
        for name, codes in problem.problems.items():
            for code in codes:
                self.add(name, wording.of_problem(code))

    def require(self, *names: str) -> None:
        """Add a sentence to each of these fields that is empty."""
        for name in names:
            if not self.values.get(name):
                self.add(name, wording.of_problem("missing"))

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.errors


def read(sent: Mapping[str, str], names: Iterable[str]) -> Form:
    """Return a form with these fields of what was sent; other fields are not looked at."""
    return Form(values={name: sent.get(name, "").strip()[:MAX_TYPED] for name in names})


def secret(sent: Mapping[str, str], name: str) -> str:
    """Return a password exactly as it was typed."""
    return sent.get(name, "")


def read_sign_in(sent: Mapping[str, str]) -> Form:
    """Read `email` and the hidden `next`; `email` and `password` must be there."""
    form = read(sent, ("email", "next"))
    if not form.values["email"]:
        form.add("email", wording.of_problem("email-missing"))
    if not secret(sent, "password"):
        form.add("password", wording.of_problem("password-empty"))
    return form


def read_proof(sent: Mapping[str, str], *, has_second_factor: bool) -> Form:
    """Read the hidden `next`; `password`, and `code` beside a second factor, must be there."""
    form = read(sent, ("next",))
    for name in ("password", "code") if has_second_factor else ("password",):
        if not secret(sent, name).strip():
            form.add(name, wording.of_problem("missing"))
    return form


def read_reset(sent: Mapping[str, str]) -> Form:
    """Read `email`; whether it is one is for the service to say."""
    return read(sent, ("email",))


def read_profile(sent: Mapping[str, str]) -> Form:
    """Read `name`, `locale` and `time_zone` ("" for the forum's)."""
    return read(sent, ("name", "locale", "time_zone"))


def read_erasure(sent: Mapping[str, str], *, may_choose: bool) -> Form:
    """Read `texts` (keep or remove), which must be said where the person may choose, and
    `understood`, without which nothing is erased.
    """
    form = read(sent, ("texts",))
    if form.values["texts"] not in {"keep", "remove"}:
        form.values["texts"] = ""
        if may_choose:
            form.add("texts", wording.of_problem("texts-missing"))
    if not sent.get("understood"):
        form.add("understood", wording.of_problem("understood-missing"))
    return form


def too_many(retry_after: int) -> str:
    """Return the sentence for a limit that is reached; `retry_after` in seconds."""
    if retry_after <= SHORT_REST:
        return str(
            ngettext(
                "That did not work. Please try again in one second.",
                "That did not work. Please try again in %(num)s seconds.",
                retry_after,
            )
        )
    minutes = max(1, -(-retry_after // 60))
    return str(
        ngettext(
            "There were too many tries. Please try again in one minute.",
            "There were too many tries. Please try again in %(num)s minutes.",
            minutes,
        )
    )


def expired() -> str:
    """Return the sentence for a form whose protection token is missing or old."""
    return str(_("This page was open for too long. Please check the form and send it again."))
