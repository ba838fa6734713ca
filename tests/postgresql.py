"""Finds or starts a PostgreSQL server for the tests; see `server_url`."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import psycopg

LOOPBACK = "postgresql://postgres@127.0.0.1:5432/postgres"


@cache
def server_url() -> str | None:
    """Return the address of a server, or None where there is none to be had.

    In this order: CONSULT_TEST_POSTGRESQL_URL, a server on loopback that lets `postgres` in,
    one of our own from Debian's binaries, ended when the tests end.
    """
    named = os.environ.get("CONSULT_TEST_POSTGRESQL_URL")
    if named:
        return named
    return LOOPBACK if _answers(LOOPBACK) else _own_server()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.Error:
        return False
    return True


def _own_server() -> str | None:
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        return None
    folder = Path(tempfile.mkdtemp(prefix="consult-postgresql-"))
    as_user: list[str | Path] = []
    if os.geteuid() == 0:
        # initdb refuses to run as root.
        shutil.chown(folder, "postgres", "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bin_dir = binaries[-1].parent
    cluster = str(folder / "cluster")
    subprocess.run(
        [
            *as_user,
            bin_dir / "initdb",
            "-D",
            cluster,
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
        ],
        check=True,
        capture_output=True,
        cwd="/",
    )
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    )
    control = [*as_user, bin_dir / "pg_ctl", "-D", cluster, "-w", "-o", options]
    subprocess.run(
        [*control, "-l", str(folder / "log"), "start"], check=True, capture_output=True, cwd="/"
    )
    stop = [*as_user, bin_dir / "pg_ctl", "-D", cluster, "-m", "immediate", "stop"]
    atexit.register(lambda: subprocess.run(stop, capture_output=True, cwd="/", check=False))
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def create_database(name: str, *, template: str | None = None) -> str:
    """Make a database, a copy of `template` if one is named; return its address."""
    url = server_url()
    assert url is not None
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        like = f' TEMPLATE "{template}"' if template else " TEMPLATE template0 ENCODING 'UTF8'"
        connection.execute(f'CREATE DATABASE "{name}"{like}')
        # No test asks what a power cut leaves of a server's disk, and waiting for it takes long.
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit TO off')
        # Compiling a plan pays on large tables only, and ours are small.
        connection.execute(f'ALTER DATABASE "{name}" SET jit TO off')
    return url.rsplit("/", 1)[0] + "/" + name


def drop_database(name: str) -> None:
    """Remove a database and whoever is connected to it."""
    url = server_url()
    assert url is not None
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
