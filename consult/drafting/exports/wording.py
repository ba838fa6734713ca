"""What the formats for people say about an export and its rows, in the language of its header."""

from datetime import UTC, datetime
from functools import lru_cache

from babel import Locale
from babel.dates import format_date

from consult.drafting.exports.labels import LABELS
from consult.drafting.exports.shapes import ExportHeader, ExportQuestion, ExportRow
from consult.spaces.countries import names_by_code

_PLURALS = {
    "objectives": "objective",
    "questions": "question",
    "languages": "language",
    "categories": "category",
    "regions": "region",
    "states": "state",
    "kinds": "kind",
    "months": "month",
}


def word(header: ExportHeader, key: str, **values: str | int) -> str:
    """Give a word of ``LABELS`` in the header's language, with its placeholders filled."""
    template = header.labels.get(key) or LABELS[key]
    return template % values if values else template


def question_title(header: ExportHeader, question: ExportQuestion) -> str:
    """Give the heading of a question; a participant's long one is cut, its row has all of it."""
    text = " ".join(question.text.split())
    if question.kind == "guiding":
        return word(header, "question_heading", number=question.number, text=text).strip()
    key = "question_participant" if question.number else "question_unnumbered"
    return word(header, key, number=question.number, text=shortened(text, 160)).strip()


def shortened(text: str, most: int) -> str:
    """Give at most ``most`` code points and an ellipsis, cut between words where there are any."""
    if len(text) <= most:
        return text
    cut = text[:most]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut) + "…"


def cover_facts(header: ExportHeader) -> list[tuple[str, str]]:
    """Give what every export for people says first, as pairs of a label and a value."""
    counts = ("questions", "comments", "context")
    return [
        (word(header, "forum"), header.forum_title),
        (word(header, "space"), header.space_title),
        (word(header, "filter"), filter_in_words(header)),
        (word(header, "as_of"), instant_in_words(header) or word(header, "as_of_none")),
        *((word(header, f"count_{key}"), str(header.counts.get(key, 0))) for key in counts),
        (word(header, "role"), header.generated_role),
        (word(header, "checksum"), header.sha256),
    ]


def filter_in_words(header: ExportHeader) -> str:
    """Give the filter as people read it, in its own order; empty conditions are left out."""
    parts: list[str] = []
    for key, value in header.filter.items():
        values = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
        shown = [
            header.labels.get(f"{_PLURALS.get(key, key)}={one}", str(one))
            for one in values
            if one not in (None, "")
        ]
        if not shown:
            continue
        label_key = f"filter_{_PLURALS.get(key, key)}"
        label = word(header, label_key) if label_key in LABELS else key
        parts.append(word(header, "fact", label=label, value=", ".join(shown)))
    return "; ".join(parts) or word(header, "filter_none")


def instant_in_words(header: ExportHeader) -> str:
    """Give the as-of instant with its minute and zone; empty where there is none."""
    if header.as_of is None:
        return ""
    at = parsed_instant(header.as_of)
    return f"{day_in_words(header.as_of, header.locale)}, {at:%H:%M} UTC"


def parsed_instant(instant: str) -> datetime:
    """Read an ISO 8601 instant as UTC; one without a zone is taken for UTC."""
    at = datetime.fromisoformat(instant)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def day_in_words(instant: str | None, locale: str) -> str:
    """Give the day of an ISO 8601 instant, in UTC and in the words of ``locale``."""
    if instant is None:
        return ""
    return _day_in_words(parsed_instant(instant).date().isoformat(), locale)


@lru_cache(maxsize=4096)
def _day_in_words(day: str, locale: str) -> str:
    return format_date(datetime.fromisoformat(day), format="long", locale=_day_locale(locale))


def _day_locale(locale: str) -> Locale:
    # Babel's plain English writes the month first; the offices that read this write the day first.
    return Locale.parse("en_GB" if locale == "en" else locale.replace("-", "_"))


def country_name(code: str, locale: str) -> str:
    """Give the name of a country by its ISO 3166 code, or the code where there is no name."""
    return names_by_code(locale).get(code, code) if code else ""


def author_line(row: ExportRow) -> str:
    """Give the author's name with the organisation, where the name does not say it already."""
    name, organisation = row.author_value("name"), row.author_value("organisation")
    return name if organisation in name else f"{name}, {organisation}"


def row_facts(header: ExportHeader, row: ExportRow) -> list[str]:
    """Give what stands under a contribution's heading: day, whence, language, objectives, files."""
    edited = day_in_words(row.edited_at, header.locale)
    behalf = row.author_value("on_behalf_of")
    numbers = ", ".join(str(number) for number in sorted(row.objectives))
    names = ", ".join(str(attachment.get("name", "")) for attachment in row.attachments)
    objectives = "objective" if len(row.objectives) == 1 else "objectives"
    facts = (
        day_in_words(row.published_at or row.created_at, header.locale),
        edited and word(header, "edited", date=edited),
        behalf and word(header, "on_behalf_of", name=behalf),
        row.category_label or row.author_value("category"),
        row.region_label or "",
        country_name(row.author_value("country"), header.locale),
        row.language_label or row.language or "",
        numbers and word(header, objectives, numbers=numbers),
        word(header, "unconfirmed") if row.unconfirmed else "",
        names and word(header, "attachments", names=names),
        row.in_reply_to and word(header, "in_reply_to", reference=row.in_reply_to),
    )
    return [fact for fact in facts if fact]


def removal_line(header: ExportHeader, row: ExportRow) -> str:
    """Give the one line that stands where a removed contribution was."""
    key = f"removed_{row.removed}"
    known = key if key in LABELS else "removed_erased"
    return word(header, known, reference=row.reference or "\u2013")
