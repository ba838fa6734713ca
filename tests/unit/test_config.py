"""Settings from the environment: defaults, words that are refused, what production demands."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

import config as settings
from config import Config, ConfigError

HTTPS = {"CONSULT_BASE_URL": "https://consult.example.org/", "CONSULT_SECRET_KEY": "k" * 32}


def read(tmp_path: Path, **variables: str) -> Config:
    return settings.from_environment({"CONSULT_DATA": str(tmp_path), **variables})


def errors_of(tmp_path: Path, **variables: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, **variables)
    return caught.value.errors


def test_without_variables_everything_lies_in_the_data_folder(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert config.database_url == f"sqlite:///{tmp_path / 'consult.db'}"
    assert {config.index_dir.parent, config.blob_dir.parent, config.mail_dir.parent} == {tmp_path}
    assert config.base_url == "http://127.0.0.1:8000"
    assert config.rate_limits
    assert config.staff_second_factor == "offered"


def test_the_secret_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, second = read(tmp_path), read(tmp_path)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    mode = (tmp_path / "secret-key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_given_secret_key_is_not_kept_in_a_file(tmp_path: Path) -> None:
    assert read(tmp_path, CONSULT_SECRET_KEY="given").secret_key == "given"
    assert not (tmp_path / "secret-key").exists()


def test_https_means_a_second_factor_for_staff_unless_told_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, **HTTPS).staff_second_factor == "required"
    offered = read(tmp_path, **HTTPS, CONSULT_STAFF_SECOND_FACTOR="offered")
    assert offered.staff_second_factor == "offered"
    assert offered.is_https
    assert offered.host == "consult.example.org"


def test_https_refuses_missing_keys_and_limits_off_in_one_list(tmp_path: Path) -> None:
    found = errors_of(tmp_path, CONSULT_BASE_URL="https://x.example", CONSULT_RATE_LIMITS="off")
    assert [error.split()[0] for error in found] == [
        "CONSULT_RATE_LIMITS=off",
        "CONSULT_SECRET_KEY",
    ]


def test_plain_http_may_switch_the_limits_off(tmp_path: Path) -> None:
    assert not read(tmp_path, CONSULT_RATE_LIMITS="off").rate_limits


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONSULT_BASE_URL", "consult.example.org"),
        ("CONSULT_BASE_URL", "ftp://consult.example.org"),
        ("CONSULT_SEARCH", "elastic"),
        ("CONSULT_SEARCH", "postgresql"),
        ("CONSULT_RATE_LIMITS", "no"),
        ("CONSULT_STAFF_SECOND_FACTOR", "maybe"),
        ("CONSULT_PROXIES", "-1"),
        ("CONSULT_MAIL_URL", "imap://mail.example.org"),
        ("CONSULT_CLAMD_URL", "clamd:3310"),
        ("CONSULT_CLAMD_URL", "http://clamd:3310"),
        ("CONSULT_CLAMD_URL", "tcp://"),
        ("CONSULT_CLAMD_URL", "tcp://clamd:no"),
        ("CONSULT_CLAMD_URL", "unix:clamd.ctl"),
        ("CONSULT_CLAMD_URL", "unix://run/clamav/clamd.ctl"),
        ("CONSULT_UNSCANNED_FILES", "yes"),
    ],
)
def test_a_word_that_is_not_allowed_is_refused_by_name(
    tmp_path: Path, name: str, value: str
) -> None:
    assert [error for error in errors_of(tmp_path, **{name: value}) if name in error]


@pytest.mark.parametrize(
    "url", ["tcp://clamd:3310", "tcp://[::1]:3310", "unix:/run/clamav/clamd.ctl", "unix:///run/x"]
)
def test_a_scanner_holds_files_until_it_has_seen_them_unless_told_otherwise(
    tmp_path: Path, url: str
) -> None:
    config = read(tmp_path, CONSULT_CLAMD_URL=url)
    assert (config.clamd_url, config.holds_unscanned) == (url, True)
    assert not read(tmp_path).holds_unscanned
    assert not read(
        tmp_path, CONSULT_CLAMD_URL=url, CONSULT_UNSCANNED_FILES="served"
    ).holds_unscanned
    assert read(tmp_path, CONSULT_UNSCANNED_FILES="held").holds_unscanned


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_spelling_of_postgresql_gets_the_same_driver(tmp_path: Path, scheme: str) -> None:
    config = read(tmp_path, CONSULT_DATABASE_URL=f"{scheme}://db/consult")
    assert config.database_url == "postgresql+psycopg://db/consult"


@pytest.mark.parametrize(
    ("database", "chosen", "search"),
    [
        ("", "", "whoosh"),
        ("postgres://db/x", "", "postgresql"),
        ("postgres://db/x", "postgresql", "postgresql"),
        ("postgres://db/x", "whoosh", "whoosh"),
    ],
)
def test_the_search_goes_with_the_database_unless_another_is_chosen(
    tmp_path: Path, database: str, chosen: str, search: str
) -> None:
    config = read(tmp_path, CONSULT_DATABASE_URL=database, CONSULT_SEARCH=chosen)
    assert config.search_backend == search


def test_a_search_in_postgresql_is_refused_where_the_data_are_not(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, CONSULT_SEARCH="postgresql")
    (line,) = refused.value.errors
    assert "CONSULT_SEARCH" in line
    assert "CONSULT_DATABASE_URL" in line


def test_a_relative_data_folder_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = settings.from_environment({"CONSULT_DATA": "here", "CONSULT_SECRET_KEY": "x"})
    assert config.data_dir == tmp_path / "here"


def test_offices_are_networks_and_know_their_people(tmp_path: Path) -> None:
    assert not read(tmp_path).is_office("192.0.2.7")
    config = read(tmp_path, CONSULT_OFFICES="192.0.2.0/24, 2001:db8::/48,198.51.100.1")
    for address in ("192.0.2.7", "2001:db8:0:9::1", "198.51.100.1", "::ffff:192.0.2.7"):
        assert config.is_office(address), address
    for other in ("192.0.3.7", "2001:db9::1", "198.51.100.2", "unknown", "", None):
        assert not config.is_office(other), other


def test_offices_that_are_no_networks_are_refused_one_by_one(tmp_path: Path) -> None:
    found = errors_of(tmp_path, CONSULT_OFFICES="here,192.0.2.1/24,192.0.2.0/24")
    assert len(found) == 2
    assert found[0].endswith("here is none")
    assert found[1].endswith("192.0.2.1/24 is none")


def test_mails_come_from_consult_at_the_site_unless_told_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, **HTTPS).sender == "consult@consult.example.org"
    assert read(tmp_path, CONSULT_MAIL_FROM="forum@example.org").sender == "forum@example.org"
    assert read(tmp_path).mail_reply is None


@pytest.mark.parametrize(
    "address", ["reply", "a@b@c", "Reply <r@example.org>", f"{'r' * 31}@example.org", "r+x@a.org"]
)
def test_a_reply_address_is_plain_and_leaves_room_for_a_token(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, CONSULT_MAIL_REPLY=address)
    assert "CONSULT_MAIL_REPLY" in refused.value.errors[0]
