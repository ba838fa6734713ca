"""Settings: the only reader of the environment (variables named CONSULT_*).

`from_environment()` gives a frozen `Config`; unsafe production settings are refused
with one list of errors, so that an operator mends them all at once.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent


class ConfigError(Exception):
    """The settings cannot be used; `errors` says what to change, one sentence each."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


@dataclass(frozen=True)
class Config:
    """Everything that differs from one installation to the next."""

    data_dir: Path
    """Database, index, files and mail live here."""
    secret_key: str
    database_url: str
    base_url: str
    """Scheme, host and port of every link that is built; never read from a request."""
    search_backend: Literal["whoosh", "postgresql"] = "whoosh"
    replica_url: str | None = None
    redis_url: str | None = None
    mail_url: str | None = None
    """`smtp://…`; without it each mail is one `.eml` file under `data_dir/mail`."""
    mail_from: str | None = None
    """Address that mails come from; None for `consult@` and the host of the base URL."""
    mail_reply: str | None = None
    """Address that takes replies by mail, with `+` and a token before the `@`; None where none
    are taken."""
    clamd_url: str | None = None
    """`tcp://host:3310` or `unix:/run/clamav/clamd.ctl`; without it no file is scanned."""
    unscanned_files: Literal["held", "served"] = "served"
    """Whether a file that waits for its scan is given to readers meanwhile."""
    proxies: int = 0
    """How many reverse proxies in front may be believed about the client's address."""
    rate_limits: bool = True
    offices: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks whose people share an address; limits by address are ten times as high there."""
    staff_second_factor: Literal["required", "offered"] = "offered"
    testing: bool = False
    argon2_time_cost: int = 2
    argon2_memory_cost: int = 19_456
    """KiB; OWASP's Argon2id floor of 19 MiB."""

    @property
    def is_https(self) -> bool:
        """Production means an https base URL."""
        return self.base_url.startswith("https://")

    @property
    def holds_unscanned(self) -> bool:
        """Whether nobody gets a file before it was scanned."""
        return self.unscanned_files == "held"

    def is_office(self, address: str | None) -> bool:
        """Whether a client's address belongs to one of the offices."""
        try:
            ip = ip_address(address or "")
        except ValueError:
            return False
        ip = getattr(ip, "ipv4_mapped", None) or ip
        return any(ip in network for network in self.offices)

    @property
    def host(self) -> str:
        """Host of the base URL, with its port if it names one."""
        return urlsplit(self.base_url).netloc

    @property
    def index_dir(self) -> Path:
        """Folder of the embedded search index."""
        return self.data_dir / "index"

    @property
    def blob_dir(self) -> Path:
        """Folder of attached files, by hash."""
        return self.data_dir / "files"

    @property
    def mail_dir(self) -> Path:
        """Folder of outgoing `.eml` files where no mail server is configured."""
        return self.data_dir / "mail"

    @property
    def mail_in_dir(self) -> Path:
        """Folder of mails that came in and could not be dealt with."""
        return self.data_dir / "mail-in"

    @property
    def sender(self) -> str:
        """Address that mails come from."""
        return self.mail_from or f"consult@{urlsplit(self.base_url).hostname or 'localhost'}"

    @property
    def export_dir(self) -> Path:
        """Folder of the copies that people asked for of their own data; each stays for a day."""
        return self.data_dir / "exports"

    @property
    def erasure_ledger(self) -> Path:
        """File that names who was erased, so that a restored backup brings nobody back."""
        return self.data_dir / "erasures.jsonl"


def for_tests(data_dir: Path, *, database_url: str | None = None) -> Config:
    """Settings for tests: cheap password hashing, no rate limits, a plain http base URL."""
    return Config(
        data_dir=data_dir,
        secret_key="test-" * 8,
        database_url=database_url or f"sqlite:///{data_dir / 'consult.db'}",
        base_url="http://localhost",
        search_backend=search_beside(database_url or ""),
        rate_limits=False,
        testing=True,
        argon2_time_cost=1,
        argon2_memory_cost=8,
    )


def from_environment(environ: Mapping[str, str] | None = None) -> Config:
    """Read CONSULT_* and return the settings.

    Raises `ConfigError` with every problem found: a word that is not one of the allowed
    ones, or, where the base URL is https, a missing secret key or limits switched off.
    """
    env = os.environ if environ is None else environ
    errors: list[str] = []
    data_dir = Path(env.get("CONSULT_DATA") or ROOT / "instance").resolve()
    base_url = (env.get("CONSULT_BASE_URL") or "http://127.0.0.1:8000").rstrip("/")
    if urlsplit(base_url).scheme not in {"http", "https"} or not urlsplit(base_url).netloc:
        errors.append("CONSULT_BASE_URL must be an address such as https://consult.example.org")
    is_https = base_url.startswith("https://")
    database_url = _database_url(env.get("CONSULT_DATABASE_URL"), data_dir=data_dir)
    usual = search_beside(database_url)
    backend = _one_of(env, "CONSULT_SEARCH", ("whoosh", "postgresql"), usual, errors)
    if backend == "postgresql" and usual == "whoosh":
        errors.append("CONSULT_SEARCH=postgresql needs CONSULT_DATABASE_URL to be PostgreSQL's")
    limits = _one_of(env, "CONSULT_RATE_LIMITS", ("on", "off"), "on", errors)
    if is_https and limits == "off":
        errors.append("CONSULT_RATE_LIMITS=off is refused where CONSULT_BASE_URL is https")
    offices = _networks(env.get("CONSULT_OFFICES") or "", errors)
    second_factor = _one_of(
        env,
        "CONSULT_STAFF_SECOND_FACTOR",
        ("required", "offered"),
        "required" if is_https else "offered",
        errors,
    )
    secret_key = env.get("CONSULT_SECRET_KEY", "")
    if is_https and len(secret_key) < 32:
        errors.append(
            "CONSULT_SECRET_KEY must hold at least 32 characters where CONSULT_BASE_URL is https"
        )
    proxies = env.get("CONSULT_PROXIES") or "0"
    if not proxies.isdigit():
        errors.append("CONSULT_PROXIES must be a number of proxies, 0 or more")
    mail_url = env.get("CONSULT_MAIL_URL") or None
    if mail_url and urlsplit(mail_url).scheme not in {"smtp", "smtps"}:
        errors.append("CONSULT_MAIL_URL must begin with smtp:// or smtps://")
    mail_from = _mail_address(env, "CONSULT_MAIL_FROM", errors)
    mail_reply = _mail_address(env, "CONSULT_MAIL_REPLY", errors)
    clamd_url = env.get("CONSULT_CLAMD_URL") or None
    if clamd_url and not _is_clamd_address(clamd_url):
        errors.append(
            "CONSULT_CLAMD_URL must be tcp://host:port or unix:/path, such as"
            " unix:/run/clamav/clamd.ctl"
        )
    unscanned = _one_of(
        env,
        "CONSULT_UNSCANNED_FILES",
        ("held", "served"),
        "held" if clamd_url else "served",
        errors,
    )
    if errors:
        raise ConfigError(errors)
    return Config(
        data_dir=data_dir,
        secret_key=secret_key or _kept_secret_key(data_dir),
        database_url=database_url,
        base_url=base_url,
        search_backend=cast(Literal["whoosh", "postgresql"], backend),
        replica_url=env.get("CONSULT_REPLICA_URL") or None,
        redis_url=env.get("CONSULT_REDIS_URL") or None,
        mail_url=mail_url,
        mail_from=mail_from,
        mail_reply=mail_reply,
        clamd_url=clamd_url,
        unscanned_files=cast(Literal["held", "served"], unscanned),
        proxies=int(proxies),
        rate_limits=limits == "on",
        offices=offices,
        staff_second_factor=cast(Literal["required", "offered"], second_factor),
    )


def search_beside(database_url: str) -> Literal["whoosh", "postgresql"]:
    """Return the search that goes with a database unless another one is chosen."""
    return "postgresql" if database_url.startswith("postgresql") else "whoosh"


def with_base_url(config: Config, base_url: str) -> Config:
    """Return the same settings with another base URL."""
    return replace(config, base_url=base_url)


def _database_url(value: str | None, *, data_dir: Path) -> str:
    if not value:
        return f"sqlite:///{data_dir / 'consult.db'}"
    for prefix in ("postgres://", "postgresql://", "postgresql+psycopg2://"):
        if value.startswith(prefix):
            return "postgresql+psycopg://" + value.removeprefix(prefix)
    return value


def _mail_address(env: Mapping[str, str], name: str, errors: list[str]) -> str | None:
    """Return an address of our own mail; a reply address gets 33 characters more before its @."""
    value = env.get(name) or None
    if value is not None and not re.fullmatch(r"[A-Za-z0-9._-]{1,30}@[A-Za-z0-9.-]{1,200}", value):
        errors.append(f"{name} must be one plain address such as reply@consult.example.org")
    return value


def _is_clamd_address(value: str) -> bool:
    parts = urlsplit(value)
    try:
        if parts.scheme == "tcp":
            return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc


def _networks(value: str, errors: list[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    networks = []
    for word in (word.strip() for word in value.split(",")):
        try:
            if word:
                networks.append(ip_network(word))
        except ValueError:
            errors.append(
                "CONSULT_OFFICES must be networks such as 192.0.2.0/24, 2001:db8::/48,"
                f" separated by commas; {word} is none"
            )
    return tuple(networks)


def _one_of(
    env: Mapping[str, str], name: str, words: tuple[str, ...], default: str, errors: list[str]
) -> str:
    value = env.get(name) or default
    if value not in words:
        errors.append(f"{name} must be one of {', '.join(words)}")
        return default
    return value


def _kept_secret_key(data_dir: Path) -> str:
    """Return the key kept in the data folder, made once; for plain http installations."""
    path = data_dir / "secret-key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        fresh = data_dir / f"secret-key.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        # A link is made whole or not at all, so two first starts agree on one key.
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text(encoding="ascii").strip()
