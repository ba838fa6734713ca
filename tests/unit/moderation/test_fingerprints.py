"""How alike two texts are, told from their fingerprints alone."""

from __future__ import annotations

from itertools import pairwise

import pytest

from consult.core import markup
from consult.moderation import fingerprints

TEXT = (
    "Cities need one counter where migrants can register, ask for a permit and find a school for"
    " their children. In our town three offices did this work, and people waited for months. Since"
    " the counter opened, most requests are answered within a week, in five languages."
)


def alike(one: str, other: str) -> float:
    prints = [fingerprints.signature(text) for text in (one, other)]
    assert prints[0] is not None
    assert prints[1] is not None
    return fingerprints.likeness(prints[0], prints[1])


def test_case_accents_and_punctuation_do_not_count() -> None:
    assert alike("Égalité, liberté – fraternité !", "EGALITE LIBERTE FRATERNITE") == 1.0


def test_a_text_with_a_greeting_and_a_signature_says_nearly_the_same() -> None:
    framed = f"Dear colleagues,\n\n{TEXT}\n\nYours sincerely, Ana"
    assert alike(TEXT, framed) >= fingerprints.ALIKE


def test_another_text_on_the_same_subject_does_not() -> None:
    other = (
        "Migrants wait for months because three offices share the work. We ask cities to open one"
        " counter, and to answer requests in the languages that people speak."
    )
    assert alike(TEXT, other) < fingerprints.ALIKE


def test_alike_texts_share_a_band_and_others_none() -> None:
    framed = fingerprints.signature(f"Dear all,\n\n{TEXT}")
    plain = fingerprints.signature(TEXT)
    other = fingerprints.signature("The harvest season is short and wages are paid in cash.")
    assert framed
    assert plain
    assert other
    assert set(fingerprints.bands(plain)) & set(fingerprints.bands(framed))
    assert not set(fingerprints.bands(plain)) & set(fingerprints.bands(other))


def test_bands_fit_a_signed_column_and_the_same_slice_differs_by_place() -> None:
    repeated = b"\x01\x02\x03\x04" * fingerprints.NUMBERS
    made = fingerprints.bands(repeated)
    assert len(made) == fingerprints.BANDS
    assert all(0 <= band < 2**63 for band in made)
    assert all(one != other for one, other in pairwise(made))


@pytest.mark.parametrize("text", ["", "  ", "– … !"])
def test_a_text_without_words_has_no_signature(text: str) -> None:
    assert fingerprints.signature(text) is None


def test_a_single_word_is_like_the_same_word_only() -> None:
    assert alike("Agreed.", "AGREED!") == 1.0
    assert alike("Agreed.", "Agreed, thank you very much.") < fingerprints.ALIKE


def test_a_signature_is_the_same_on_every_machine_and_after_every_upgrade() -> None:
    """Fingerprints are kept: a library that hashes in another way needs them made anew."""
    made = fingerprints.signature(TEXT)
    assert made is not None
    assert made[:8].hex() == "b95ba2338de1e79f"


def test_signatures_of_other_rules_are_like_nothing() -> None:
    assert fingerprints.likeness(b"", b"") == 0.0
    assert fingerprints.likeness(b"1234", b"1234") == 0.0


def test_what_a_text_quotes_is_not_its_own() -> None:
    html = str(markup.render(f"> {TEXT}\n>\n> > And this.\n\nWe agree with every word of it."))
    own = fingerprints.own_words(html=html, text=markup.to_text(html))
    assert own == "We agree with every word of it."


def test_a_text_that_only_quotes_is_compared_as_a_whole() -> None:
    html = str(markup.render(f"> {TEXT}"))
    assert fingerprints.own_words(html=html, text=TEXT) == TEXT


def test_the_share_of_common_words_is_told_from_the_share_of_common_sequences() -> None:
    assert fingerprints.common_words(1.0) == 1.0
    assert fingerprints.common_words(0.0) == 0.0
    assert 0.75 < fingerprints.common_words(fingerprints.ALIKE) < 0.82
