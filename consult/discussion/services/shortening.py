"""Taking passages out of a text so that nothing of them is left and readers see the gaps; pure.

What comes out is rendered and looked through again: where anything of a passage is left, or any
other word changed, no text comes out at all.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable, Iterator, Sequence

from consult.core import markup
from consult.core.errors import Invalid
from consult.discussion.services import gaps_in_html, gaps_in_source
from consult.discussion.services.gaps import (
    Candidate,
    Folded,
    Original,
    Shortened,
    Span,
    addresses,
    checked,
    found,
    has_words,
    says,
    without,
)

Way = Callable[[Original, Sequence[Span], Sequence[str]], Iterator[Candidate]]

_LINK = re.compile(r"<a [^>]*>(.*?)</a>", re.DOTALL)
_MARKUP = re.compile(r"[*_~`\\]")


def take_out(original: Original, passages: Sequence[str]) -> Shortened:
    """Return the text with a marked gap for each place where one of the passages stood.

    Links whose address says a passage, or whose words lose some, are no links any more. The format
    stays where that can be done, else the text becomes HTML. Raises `Invalid` for a passage that is
    not there, where nothing but gaps would be left, and where the outcome is not exactly the text
    without the passages.
    """
    wanted = checked(passages)
    spans = found(original, wanted)
    if not has_words(without(original.text, spans), original.phrase):
        raise Invalid({"passages": ["redaction-everything"]})
    spans = gaps_in_html.with_whole_addresses(original.html, original.text, spans)
    if not has_words(without(original.text, spans), original.phrase):
        raise Invalid({"passages": ["redaction-everything"]})
    ways: tuple[Way, ...] = (
        gaps_in_source.candidates,
        gaps_in_html.candidates,
    )
    for way in ways:
        for candidate in way(original, spans, wanted):
            made = verified(original, candidate, spans=spans, passages=wanted)
            if made is not None:
                return made
    raise Invalid({"passages": ["redaction-unsafe"]})


def _letters(text: str, phrase: str) -> str:
    """Return everything that a text says but its gaps, without blanks."""
    return "".join(text.replace(phrase, " ").split())


def verified(
    original: Original, candidate: Candidate, *, spans: Sequence[Span], passages: Sequence[str]
) -> Shortened | None:
    """Return what a candidate is if it says exactly what it should, else None.

    Its words are those of the original but for the spans; it has one gap for each of them; and
    neither its text, its links nor its source says one of the folded passages.
    """
    phrase = original.phrase
    html = str(markup.render(candidate.source, format=candidate.format))
    text = markup.to_text(html)
    kept = without(original.text, spans)
    gaps = len(spans) + candidate.unlinked
    if text.count(phrase) != kept.count(phrase) + gaps:
        return None
    if _letters(text, phrase) != _letters(kept, phrase):
        return None
    links = addresses(html)
    if not set(links) <= set(addresses(original.html)) or any(says(one, passages) for one in links):
        return None
    if any(phrase in entities.unescape(words) for words in _LINK.findall(html)):
        return None
    shown = Folded(text.replace(phrase, "\n|\n"))
    if any(next(shown.find(one), None) is not None for one in passages):
        return None
    if candidate.format != "html" and _is_hidden_in(candidate.source, phrase, passages):
        return None
    return Shortened(candidate.source, candidate.format, html, text, gaps, tuple(spans))


def _is_hidden_in(source: str, phrase: str, passages: Sequence[str]) -> bool:
    """Whether a source says a passage where its HTML does not, such as in the title of a link."""
    plain = source.replace(phrase, "\n|\n")
    return any(
        says(form, passages) for form in (plain, _MARKUP.sub("", plain), entities.unescape(plain))
    )
