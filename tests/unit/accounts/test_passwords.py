"""Passwords: what is refused, what is taken, and how they are hashed."""

from __future__ import annotations

import time

import pytest

from consult.accounts.passwords import MAX_BYTES, Hasher, check, common


@pytest.fixture(scope="module")
def hasher() -> Hasher:
    return Hasher(time_cost=1, memory_cost=8)


@pytest.mark.parametrize(
    "password",
    [
        "rain on the tin roof",
        "une longue marche dans la neige",
        "кладезь мудрости под окном",
        "移住者のための協議会はここにあります",
        "gX7!kq92-zLm0pQe4",
        "sunshine butterfly chocolate dragon",
        "82736450192837465",
    ],
)
def test_long_passwords_of_any_script_are_taken(password: str) -> None:
    assert check(password) is None


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password12345678!",
        "P@ssw0rdP@ssw0rd",
        "correct horse battery staple",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "qwertyuiop123456789",
        "987654321987654321",
        "zyxwvutsrqponmlkj",
        "1qaz2wsx3edc4rfv5tgb",
        "welcome2024welcome!",
        "MotDePasse2026!!!!",
        "Mi contraseña secreta",
        "!!!!!!!!!!!!!!!!!!",
        "                    ",
    ],
)
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    assert check(password) == "password-common"


@pytest.mark.parametrize(
    "password", ["adeleexample2024", "Adele.Example.1985", "desk.officer@city.example"]
)
def test_names_and_the_own_address_make_no_password(password: str) -> None:
    words = ("Adele Example", "desk.officer@city.example")

    assert check(password, context_words=words) == "password-common"


@pytest.mark.parametrize(
    "password",
    [
        "To be or not to be, that is the question",
        "The Lord is my shepherd!",
        "never gonna give you up",
        "youaremysunshine2024",
        "Thisismynewpassword1",
        "welcome to the jungle 99",
        "Notre Père qui es aux cieux",
        "liberté égalité fraternité",
        "j'ai oublié mon mot de passe",
        "Tous pour un, un pour tous",
        "La vie est belle 2025 la vie est belle",
        "Jehová es mi pastor, nada me faltará",
        "olvidé mi contraseña",
        "La vida es un carnaval!",
        "te amo por siempre 2024",
        "qazwsxedcrfvtgbyhn",
        "1q2w3e4r5t6y7u8i9o0p!",
        "asdfghjklasdfghjkl",
        "q1w2e3r4t5y6u7i8o9p0",
        "159753159753159753",
    ],
)
def test_long_ones_that_everybody_knows_are_refused(password: str) -> None:
    assert check(password) == "password-common"


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("tin roof", None),
        ("kx7 vq2w", None),
        ("tin rof", "password-short-of-two"),
        ("12345678", "password-common"),
        ("qwertz123", "password-common"),
        ("Sunshine7!", "password-common"),
        ("Adele2024", "password-common"),
    ],
)
def test_beside_a_second_factor_eight_code_points_do(password: str, problem: str | None) -> None:
    assert check(password, context_words=("Adele Example",), min_length=8) == problem


def test_a_phrase_that_only_mentions_the_own_name_is_taken() -> None:
    assert check("adele likes old boats", context_words=("Adele Example",)) is None


def test_fourteen_code_points_are_too_few_and_fifteen_enough() -> None:
    assert check("tin roof, rain") == "password-short"
    assert check("tin roofs, rain") is None


def test_code_points_are_counted_after_composing() -> None:
    fourteen = "tin roofs rai\u0301"

    assert len(fourteen + "n") == 15
    assert check(fourteen + "n") == "password-short"
    assert check(fourteen + "ns") is None


def test_the_limit_is_counted_in_bytes_and_exact() -> None:
    phrase = "rain on the tin roof, " * 60

    assert check((phrase)[: MAX_BYTES - 1] + "x") != "password-long"
    assert check((phrase)[:MAX_BYTES] + "x") == "password-long"
    assert check("é" * (MAX_BYTES // 2 + 1)) == "password-long"


def test_a_megabyte_is_refused_without_work(hasher: Hasher) -> None:
    began = time.perf_counter()

    assert check("ab" * 500_000) == "password-long"
    assert not hasher.verify(hasher.hash("rain on the tin roof"), "ab" * 500_000)
    assert time.perf_counter() - began < 0.5


def test_hostile_passwords_are_judged_quickly() -> None:
    began = time.perf_counter()
    for hostile in ("a" * 1000 + "bcdefg", "pass" * 250, "1234qwer" * 128, "ab" * 511 + "cdefg"):
        check(hostile)

    assert time.perf_counter() - began < 1


def test_a_password_is_the_same_however_the_keyboard_composes_it(hasher: Hasher) -> None:
    stored = hasher.hash("cafe\u0301 sous la pluie")

    assert hasher.verify(stored, "café sous la pluie")
    assert not hasher.verify(stored, "cafe sous la pluie")


def test_a_long_password_is_not_cut(hasher: Hasher) -> None:
    stored = hasher.hash("rain " * 40 + "a")

    assert not hasher.verify(stored, "rain " * 40 + "b")


def test_hashes_are_argon2id_with_the_costs_handed_in() -> None:
    stored = Hasher(time_cost=2, memory_cost=64).hash("rain on the tin roof")

    assert stored.startswith("$argon2id$v=19$m=64,t=2,p=1$")


def test_a_hash_of_lower_costs_is_outdated(hasher: Hasher) -> None:
    stored = hasher.hash("rain on the tin roof")

    assert not hasher.is_outdated(stored)
    assert Hasher(time_cost=2, memory_cost=8).is_outdated(stored)


def test_nobody_signs_in_with_the_hash_of_nobody(hasher: Hasher) -> None:
    assert not hasher.verify(None, "nobody has this password")
    assert not hasher.verify("not a hash", "rain on the tin roof")


def test_the_list_holds_a_thousand_folded_entries() -> None:
    assert len(common()) > 1000
    assert all(entry == entry.casefold() and " " not in entry for entry in common())
