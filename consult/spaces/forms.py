"""Reading the forms of registration and affiliation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from consult.accounts import forms as account_forms
from consult.accounts.forms import Form
from consult.core import i18n
from consult.core.i18n import gettext as _
from consult.spaces.countries import country_names
from consult.spaces.models import Author, Category, Organisation
from consult.spaces.services import Affiliation
from consult.spaces.states import DisplayChoice

AFFILIATION = ("name", "organisation", "category", "country", "on_behalf_of", "display")
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
