"""The shapes of a definition file: which keys an entry has and what each may hold."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
)

from consult.core.errors import Invalid
from consult.core.i18n import Translated
from consult.spaces.notions import LONGEST_NOTE, LONGEST_TERM, MOST_TERMS, SEPARATOR
from consult.spaces.policy import watch_list
from consult.spaces.states import (
    LONGEST_WATCH_WORD,
    MOST_WATCH_WORDS,
    NEWCOMER_TEXTS,
    WAITING_HOURS,
    ClaimRule,
    ModerationMode,
)


class Entry(BaseModel):
    """Parent of every entry: unknown keys and guessed types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text.strip()


def _without_bar(text: str) -> str:
    if SEPARATOR in text:
        raise ValueError("must be a list of terms, not terms between bars")
    return text


def _known_zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise ValueError("must be a time zone such as America/New_York or Europe/Zurich")
    return name


def _moment(value: object) -> dt.date | None:
    if value is None or isinstance(value, dt.date):
        return value
    raise ValueError("must be a day such as 2022-01-31, an instant with hour and zone, or null")


def _day(value: object) -> dt.date | None:
    if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
        return value
    raise ValueError("must be a day such as 2022-05-17, or null")


def _for_every_language(value: object) -> object:
    return dict.fromkeys(("en", "fr", "es"), value) if isinstance(value, str) else value


def _watched(words: list[str]) -> list[str]:
    try:
        return watch_list(words)
    except Invalid as error:
        raise ValueError(_MENDING[error.problems["words"][0]]) from None


def _by_its_mode(value: object) -> object:
    return {"mode": value} if isinstance(value, str) else value


_MENDING = {
    "watch-word-long": f"must be words of at most {LONGEST_WATCH_WORD} characters each",
    "watch-word-empty": "must be words with at least one letter or digit",
    "watch-words-many": f"may have at most {MOST_WATCH_WORDS} words",
}

Words = Annotated[str, AfterValidator(_not_blank)]
Term = Annotated[Words, Field(max_length=LONGEST_TERM), AfterValidator(_without_bar)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*$", max_length=16)]
Office = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Address = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=500)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Moment = Annotated[dt.date | None, PlainValidator(_moment)]
Day = Annotated[dt.date | None, PlainValidator(_day)]
Number = Annotated[int, Field(ge=1, le=999)]
Source = Literal["verified", "recalled", "ours"]
Hours = Annotated[int, Field(ge=WAITING_HOURS[0], le=WAITING_HOURS[1])]
WatchWords = Annotated[list[Words], AfterValidator(_watched)]


class Provenance(Entry):
    """Where a text comes from, per language; one word stands for all of them."""

    en: Source | None = None
    fr: Source | None = None
    es: Source | None = None


Provenances = Annotated[Provenance, BeforeValidator(_for_every_language)]


class Said(Entry):
    """One text; English is required, the other languages fall back to it."""

    en: Words
    fr: Words | None = None
    es: Words | None = None

    def translated(self, provenance: Provenance | None = None) -> Translated:
        """Return the text as the database keeps it."""
        texts = self.model_dump(exclude_none=True)
        sources = provenance.model_dump(exclude_none=True) if provenance else {}
        return Translated(
            texts=texts, provenance={code: word for code, word in sources.items() if code in texts}
        )


class Statement(Entry):
    """A text with its provenance beside it."""

    text: Said
    provenance: Provenances | None = None


class ConsentEntry(Entry):
    """What somebody agrees to who takes part, for one purpose, in one version."""

    purpose: Literal["publish", "notify", "archive"]
    version: Number
    required: bool = False
    text: Said


class ForumEntry(Entry):
    """The forum itself, how one takes part, and what becomes of texts of whoever is erased."""

    slug: Slug
    title: Said
    short_title: Said
    contact: Office | None = None
    time_zone: Zone
    disclaimer: Statement
    licence: Said
    registration: Literal["open", "approval", "invitation"] = "open"
    erasure: Literal["choice", "keep", "remove"] = "choice"


class ObjectiveEntry(Entry):
    """A numbered objective; `about` says in plain words what it is about."""

    number: Number
    title: Said
    short_title: Said
    about: Said | None = None
    provenance: Provenances | None = None
    source: dict[str, list[str]] | None = None


class NamedEntry(Entry):
    """A principle, category or region."""

    slug: Slug
    name: Said
    provenance: Provenances | None = None
    letter: str | None = None
    commission: str | None = None


class ReasonEntry(Entry):
    """A reason of the moderators' catalogue."""

    code: Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$", max_length=32)]
    label: Said
    explanation: Said
    provenance: Provenances | None = None


class DocumentEntry(Entry):
    """A document for participants."""

    title: Said
    url: Address
    symbol: Annotated[str, Field(max_length=64)] | None = None
    provenance: Provenances | None = None


class Terms(Entry):
    """A notion's words, the preferred one first."""

    en: Annotated[list[Term], Field(min_length=1, max_length=MOST_TERMS)]
    fr: Annotated[list[Term], Field(max_length=MOST_TERMS)] = []
    es: Annotated[list[Term], Field(max_length=MOST_TERMS)] = []


class GlossaryEntry(Entry):
    """One notion of the field in three languages."""

    term: Terms
    objectives: list[Number] = []
    note: Annotated[Words, Field(max_length=LONGEST_NOTE)] | None = None
    provenance: Provenances | None = None


class QuestionEntry(Entry):
    """A guiding question; with an objective, answers to it are about that one alone."""

    number: Number
    text: Said
    short_text: Said
    objective: Number | None = None
    provenance: Provenances | None = None


class SectionEntry(Entry):
    """A section of the background note."""

    slug: Slug
    title: Said


class NoteEntry(Entry):
    """Length and sections of the background note."""

    words: Annotated[int, Field(ge=1, le=100_000)]
    sections: list[SectionEntry] = []


class LinkEntry(Entry):
    """Something to read elsewhere, by its title."""

    title: Said
    url: Address


class OutcomeEntry(Entry):
    """What became of the contributions, told after the closing."""

    text: Said
    links: list[LinkEntry] = []

    def rows_of_links(self) -> list[dict[str, Any]]:
        """Return the links as the database keeps them: `{"title": {…}, "url"}` each."""
        rows: list[dict[str, Any]] = self.model_dump(exclude_none=True)["links"]
        return rows


class SpaceProvenance(Entry):
    """Where a space's texts come from."""

    title: Provenances | None = None
    aim: Provenances | None = None


class WatchWordsEntry(Entry):
    """Words and phrases for which a text waits, by language."""

    en: WatchWords = []
    fr: WatchWords = []
    es: WatchWords = []


class ModerationEntry(Entry):
    """What waits for a moderator, and how the desk works; one word stands for the mode."""

    mode: Literal["before", "newcomers", "flagged"] = "before"
    newcomers: Annotated[int, Field(ge=NEWCOMER_TEXTS[0], le=NEWCOMER_TEXTS[1])] = 3
    watch_words: WatchWordsEntry = WatchWordsEntry()
    claims: Literal["optional", "required"] = "optional"
    remind_after: Hours | None = 24
    escalate_after: Hours | None = 48

    @property
    def said(self) -> dict[str, Any]:
        """Return what the file says, by the columns of a space; what it leaves out is missing."""
        words = {code: list(found) for code, found in self.watch_words if found}
        columns = {
            "mode": ("moderation", ModerationMode(self.mode)),
            "newcomers": ("newcomer_texts", self.newcomers),
            "watch_words": ("watch_words", words),
            "claims": ("claims", ClaimRule(self.claims)),
            "remind_after": ("remind_after", self.remind_after),
            "escalate_after": ("escalate_after", self.escalate_after),
        }
        return dict(columns[key] for key in columns if key in self.model_fields_set)


class SpaceEntry(Entry):
    """A consultation."""

    slug: Slug
    code: Code
    title: Said
    kicker: Said
    aim: Said
    provenance: SpaceProvenance = SpaceProvenance()
    objectives: list[Number]
    co_chairs: list[Words] = []
    drafting: list[Words] = []
    contact: Office | None = None
    visibility: Literal["announced", "members", "unannounced"]
    opens: Moment
    closes: Moment
    meets: Day = None
    moderation: Annotated[ModerationEntry, BeforeValidator(_by_its_mode)] = ModerationEntry()
    note: NoteEntry
    questions: Annotated[list[QuestionEntry], Field(min_length=1)]
    outcome: OutcomeEntry | None = None


class Content(Entry):
    """A whole definition file."""

    version: Literal[1]
    forum: ForumEntry
    consents: list[ConsentEntry] = []
    objectives: Annotated[list[ObjectiveEntry], Field(min_length=1)]
    principles: list[NamedEntry] = []
    categories: Annotated[list[NamedEntry], Field(min_length=1)]
    regions: list[NamedEntry] = []
    reasons: list[ReasonEntry]
    spaces: Annotated[list[SpaceEntry], Field(min_length=1)]
    documents: list[DocumentEntry] = []
    glossary: list[GlossaryEntry] = []
