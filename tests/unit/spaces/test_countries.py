"""Countries and the regions by which they are counted."""

from __future__ import annotations

import pytest

from consult.spaces.countries import REGION_OF, country_names, is_country


@pytest.mark.parametrize(
    ("code", "region"),
    [
        ("SN", "africa"),
        ("MA", "arab-states"),
        ("SD", "arab-states"),
        ("PH", "asia-pacific"),
        ("KZ", "asia-pacific"),
        ("GE", "europe-north-america"),
        ("CA", "europe-north-america"),
        ("MX", "latin-america-caribbean"),
        ("JM", "latin-america-caribbean"),
    ],
)
def test_a_country_belongs_to_one_region(code: str, region: str) -> None:
    assert REGION_OF[code] == region


def test_every_inhabited_country_of_the_standard_is_there() -> None:
    assert len(REGION_OF) == 242
    assert not is_country("ZZ")
    assert not is_country("AQ")
    assert not is_country("fr")


def test_names_are_those_of_the_language_and_sorted_without_accents() -> None:
    names = [name for _, name in country_names("fr")]

    assert dict(country_names("es"))["DE"] == "Alemania"
    assert names.index("Égypte") < names.index("Finlande")
    assert names.index("Danemark") < names.index("Égypte")


def test_states_are_named_as_the_united_nations_name_them() -> None:
    named = {locale: dict(country_names(locale)) for locale in ("en", "fr", "es")}
    assert named["en"]["KP"] == "Democratic People’s Republic of Korea"
    assert named["fr"]["PS"] == "État de Palestine"
    assert named["es"]["FK"] == "Islas Malvinas (Falkland Islands)"
    assert named["fr"]["SN"] == "Sénégal"
