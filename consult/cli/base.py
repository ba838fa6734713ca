"""What every command shares: one line for what is wrong, and search rows drained after writing.

Exit 0; 1 where something was found or refused; 2 for a wrong call or wrong input.
"""

from __future__ import annotations

import functools
import json
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast, overload

import click
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config import ConfigError
from consult.accounts import policy
from consult.accounts.queries import user_by_email_key
from consult.core import outbox, wording, worker
from consult.core.authz import Actor
from consult.core.errors import (
    BrokenInput,
    DomainError,
    Forbidden,
    Invalid,
    NotVisible,
    Refusal,
    StaleState,
)
from consult.core.unit_of_work import on_commit
from consult.spaces.models import Forum, Space
from consult.spaces.queries import (
    current_forum,
    forum_by_slug,
    space_by_slug,
    standing,
)

F = TypeVar("F", bound=Callable[..., Any])

FOUND = 1
WRONG = 2
INDEXING = "search.index"
"""Handler whose rows a writing command does before it exits."""

OWN_WORDS = {
    "until-passed": "must lie after now and after the opening",
    "role-scope": "moderator and drafter take --space; organiser, reviewer and auditor --forum",
    "role-not-held": "is not held there",
    "not-closed": "has not closed yet; what was done can be told only afterwards",
}


class WrongCall(Exception):
    """The command cannot do this; the sentence says what to change."""


_written = threading.Event()
on_commit(_written.set)


@overload
def command(function: F) -> F: ...
@overload
def command(*, drains: bool = True) -> Callable[[F], F]: ...
def command(function: F | None = None, *, drains: bool = True) -> F | Callable[[F], F]:
    """Have a command's errors told in one line, and its search rows done before it exits.

    Only a command that has committed something drains; `drains=False` is for the long-running
    ones.
    """

    def wrap(inner: F) -> F:
        @functools.wraps(inner)
        def run(*args: Any, **kwargs: Any) -> Any:
            _written.clear()
            try:
                result = inner(*args, **kwargs)
                if drains and _written.is_set():
                    drain()
            except (DomainError, ConfigError, WrongCall, OperationalError) as error:
                fail(sentence(error), code=code_of(error))
            else:
                return result

        return cast(F, run)

    return wrap if function is None else wrap(function)


def fail(message: str, *, code: int) -> NoReturn:
    """Write one line to standard error and end the command."""
    click.echo(message, err=True)
    sys.exit(code)


def drain() -> None:
    """Do the waiting search rows, or wait for the worker that holds them."""
    if INDEXING not in outbox.reactions.handlers:
        return
    if not worker.drain_and_wait(handler=INDEXING):
        click.echo("The search index is still being updated by the worker.", err=True)


def code_of(error: Exception) -> int:
    """Return the exit code of an error: 1 for a refusal, 2 for what the caller can mend."""
    return FOUND if isinstance(error, Forbidden | StaleState) else WRONG


def sentence(error: Exception) -> str:
    """Return what is wrong as one line."""
    if isinstance(error, BrokenInput | WrongCall):
        return str(error)
    if isinstance(error, Invalid):
        parts = [
            f"{field}: {OWN_WORDS.get(code) or wording.of_problem(code)}"
            for field, codes in error.problems.items()
            for code in codes
        ]
        return " ".join(parts)
    if isinstance(error, Forbidden):
        return wording.of_refusal(Refusal(error.refusal))
    if isinstance(error, NotVisible):
        return "There is nothing by this name."
    if isinstance(error, OperationalError):
        return f"The database does not answer as it should: {str(error.orig).splitlines()[0]}"
    return str(error) or type(error).__name__


def print_json(value: Any) -> None:
    """Write a value as JSON to standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def actor_named(session: Session, email: str) -> Actor:
    """Return the actor that an account's owner would be; raises `WrongCall`."""
    user = user_by_email_key(session, email_key=policy.email_key(email))
    if user is None:
        raise WrongCall(f"There is no account {email}; `flask user list` shows them.")
    found = standing(session, user_id=user.id)
    return Actor(
        user_id=user.id,
        name=user.name,
        locale=user.locale,
        time_zone=user.time_zone,
        is_confirmed=user.confirmed_at is not None,
        grants=found.grants,
        author_ids=found.author_ids,
        forum_ids=found.forum_ids,
        applied_forum_ids=found.applied_forum_ids,
        at_once_author_ids=found.at_once_author_ids,
    )


def the_space(session: Session, slug: str) -> Space:
    """Return a space by slug; raises `WrongCall` with the known ones."""
    space = space_by_slug(session, slug)
    if space is None:
        raise WrongCall(f"There is no space “{slug}”; `flask space list` shows them.")
    return space


def the_forum(session: Session, slug: str | None = None) -> Forum:
    """Return a forum by slug, or the newest one; raises `WrongCall`."""
    forum = current_forum(session) if slug is None else forum_by_slug(session, slug)
    if forum is not None:
        return forum
    if slug is None:
        raise WrongCall("There is no forum yet; load one with `flask forum load FILE`.")
    raise WrongCall(f"There is no forum “{slug}”.")
