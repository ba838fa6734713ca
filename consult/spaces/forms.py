"""Reading the forms of registration, affiliation and of the organiser's pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from consult.accounts import forms as account_forms
from consult.accounts.forms import Form
from consult.core import i18n, wording
from consult.core.authz import SPACE_ROLES, Role
from consult.core.i18n import gettext as _
from consult.spaces.countries import country_names
from consult.spaces.definitions.glossary_csv import FileProblem
from consult.spaces.models import Author, Category, Organisation
from consult.spaces.notions import SaidNotion
from consult.spaces.queries import AskedConsent
from consult.spaces.queries.notions import NotionRow
from consult.spaces.services import Affiliation
from consult.spaces.services.organisations import IS_NEW
from consult.spaces.states import ConsentPurpose, DisplayChoice

AFFILIATION = (
    "name",
    "organisation",
    "organisation_choice",
    "category",
    "country",
    "on_behalf_of",
    "display",
)
MOST_LINES = 50
"""Addresses that one form invites at most; no more a day go out of one account."""
MAX_LINES_TYPED = 10_000
"""Characters of a field with many lines that are shown again; none takes as many."""
Options = list[tuple[str, str]]


def blank(*, name: str = "") -> Form:
    """Return an empty form; the full name is the choice that stands there first."""
    values = dict.fromkeys((*AFFILIATION, "email", "next"), "")
    return Form(values=values | {"name": name, "display": DisplayChoice.FULL.value})


def read_register(sent: Mapping[str, str]) -> Form:
    """Read the fields of the registration form but the password."""
    return account_forms.read(sent, (*AFFILIATION, "email"))


def read_affiliation(sent: Mapping[str, str]) -> Form:
    """Read the fields of the affiliation form and where to go afterwards."""
    return account_forms.read(sent, (*AFFILIATION, "next"))


def of_affiliation(said: Affiliation) -> Form:
    """Return the form filled with what somebody said when they asked to take part."""
    form = blank(name=said.name)
    form.values |= {
        "organisation": said.organisation,
        "category": said.category,
        "country": said.country,
        "on_behalf_of": said.on_behalf_of,
        "display": str(said.display),
    }
    return form


def of_author(
    author: Author, *, organisation: Organisation | None, categories: Sequence[Category]
) -> Form:
    """Return the form filled with what an Author has said before."""
    slugs = {category.id: category.slug for category in categories}
    form = blank(name=author.name)
    form.values |= {
        "organisation": organisation.name if organisation else "",
        "category": slugs.get(author.category_id or 0, ""),
        "country": author.country or "",
        "on_behalf_of": author.on_behalf_of or "",
        "display": str(author.display),
    }
    return form


def affiliation_in(form: Form) -> Affiliation:
    """Return the typed affiliation for the services, which check it."""
    values = form.values
    return Affiliation(
        name=values["name"],
        category=values["category"],
        organisation=values["organisation"],
        country=values["country"],
        on_behalf_of=values["on_behalf_of"],
        display=values["display"] or DisplayChoice.FULL.value,
    )


def category_options(categories: Sequence[Category]) -> Options:
    """Return the categories of a forum for a select, beginning with no choice."""
    named = [(category.slug, str(category.name)) for category in categories]
    return [("", _("Please choose")), *named]


def country_options() -> Options:
    """Return the countries by their names in the current locale, beginning with no choice."""
    return [("", _("No country stated")), *country_names(i18n.locale())]


def display_options() -> Options:
    """Return the ways to show a name, each with what it means."""
    return [
        (DisplayChoice.FULL.value, _("My name and my organisation")),
        (DisplayChoice.ORGANISATION.value, _("My organisation only")),
        (DisplayChoice.PSEUDONYM.value, _("A number, such as “Participant 12”, and my category")),
    ]


def consents_in(sent: Sequence[str]) -> frozenset[ConsentPurpose]:
    """Return the purposes among the values of ticked boxes; others are passed over."""
    known = {purpose.value: purpose for purpose in ConsentPurpose}
    return frozenset(known[value] for value in sent if value in known)


def purpose_options(asked: Sequence[AskedConsent]) -> list[tuple[AskedConsent, str]]:
    """Return texts that ask for consent, each with what it is about in two words."""
    return [(text, purpose_words(text.purpose)) for text in asked]


def purpose_words(purpose: ConsentPurpose) -> str:
    """Return what a consent is about in two words."""
    words = {
        ConsentPurpose.PUBLISH: _("Publishing"),
        ConsentPurpose.NOTIFY: _("Mail about what you follow"),
        ConsentPurpose.ARCHIVE: _("Archive"),
    }
    return str(words[purpose])


def organisation_options(similar: Sequence[str]) -> Options:
    """Return the organisations that may be meant, and the choice that it is none of them."""
    return [*((name, name) for name in similar), (IS_NEW, _("No, mine is another one"))]


def role_options() -> Options:
    """Return the roles by their names, beginning with no choice."""
    return [("", _("Please choose")), *((role.value, role_words(role)) for role in Role)]


def role_words(role: Role) -> str:
    """Return the name of a role."""
    words = {
        Role.MODERATOR: _("Moderator"),
        Role.DRAFTER: _("Drafter"),
        Role.ORGANISER: _("Organiser"),
        Role.REVIEWER: _("Reviewer"),
        Role.AUDITOR: _("Auditor"),
    }
    return str(words[role])


def is_per_space(role: Role) -> bool:
    """Whether a role is given in one consultation and not in the whole forum."""
    return role in SPACE_ROLES


@dataclass(frozen=True)
class Line:
    """One line of those that name whom to invite."""

    number: int
    email: str
    name: str


def lines_in(typed: str) -> list[Line]:
    """Return the lines `address, name` of a text field, empty ones left out; numbers begin at 1."""
    lines = []
    for number, line in enumerate(typed.splitlines(), 1):
        email, _comma, name = line.partition(",")
        if line.strip():
            lines.append(Line(number, email.strip(), " ".join(name.split())))
    return lines


def of_line(line: Line, code: str) -> str:
    """Return the sentence for what is wrong with a line."""
    return str(
        _(
            "Line %(number)s (%(email)s): %(problem)s",
            number=line.number,
            email=line.email[:80],
            problem=wording.of_problem(code),
        )
    )


@dataclass
class NotionForm(Form):
    """A notion of the glossary as it was typed; `seen` is the version that was shown."""

    objectives: list[str] = field(default_factory=list)
    seen: int = 0

    @property
    def said(self) -> SaidNotion:
        """Return what the notion is said to be."""
        terms = {code: self.values.get(f"terms_{code}", "") for code in i18n.LOCALES}
        return SaidNotion(terms=terms, objectives=self.objectives, note=self.values.get("note", ""))


def read_notion(sent: Mapping[str, str], *, objectives: Sequence[str]) -> NotionForm:
    """Read the fields of a notion; `objectives` are the values of the ticked boxes."""
    names = (*(f"terms_{code}" for code in i18n.LOCALES), "note")
    seen = sent.get("seen", "")[:9]
    return NotionForm(
        values={name: sent.get(name, "").replace("\r\n", "\n")[:MAX_LINES_TYPED] for name in names},
        objectives=list(objectives[:999]),
        seen=int(seen) if seen.isdecimal() else 0,
    )


def of_notion(row: NotionRow) -> NotionForm:
    """Return the form with a notion as it stands."""
    terms = {f"terms_{code}": "\n".join(row.terms.get(code, ())) for code in i18n.LOCALES}
    return NotionForm(
        values={**terms, "note": row.note or ""},
        objectives=[str(number) for number in row.objectives],
        seen=row.version,
    )


def of_table_problem(problem: FileProblem) -> str:
    """Return the sentence for what is to be changed in a table, with its line and column."""
    words = wording.of_problem(problem.code)
    if problem.column is None:
        return str(_("Line %(line)s: %(problem)s", line=problem.line, problem=words))
    return str(
        _(
            "Line %(line)s, column “%(column)s”: %(problem)s",
            line=problem.line,
            column=problem.column,
            problem=words,
        )
    )
