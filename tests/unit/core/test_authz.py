"""Roles hold where they were given; an undeclared permission is nobody's."""

from __future__ import annotations

import pytest

from consult.core import authz, clock
from consult.core.authz import Actor, Grant, Permission, Role
from consult.core.errors import Forbidden, Refusal
from consult.core.web import is_safe_target

NOW = clock.now()


def test_a_role_in_one_space_is_none_in_another():
    actor = Actor(user_id=1, grants=frozenset({Grant(Role.MODERATOR, 1, 10)}))
    assert actor.has_in_space(Role.MODERATOR, space_id=10)
    assert not actor.has_in_space(Role.MODERATOR, space_id=11)
    assert not actor.has_in_space(Role.DRAFTER, space_id=10)
    assert not actor.has_in_forum(Role.MODERATOR, forum_id=1)


def test_a_role_of_a_forum_holds_in_that_forum_only():
    actor = Actor(user_id=1, grants=frozenset({Grant(Role.ORGANISER, 1)}))
    assert actor.has_in_forum(Role.ORGANISER, forum_id=1)
    assert not actor.has_in_forum(Role.ORGANISER, forum_id=2)


def test_an_undeclared_permission_is_an_error_not_a_yes(monkeypatch):
    monkeypatch.delitem(authz._rules, Permission.ACCOUNT)
    with pytest.raises(KeyError):
        authz.refusal(Permission.ACCOUNT, actor=Actor(user_id=1), now=NOW)


def test_the_first_refusal_is_told():
    with pytest.raises(Forbidden) as caught:
        authz.require(Permission.ACCOUNT, actor=Actor(), now=NOW)
    assert caught.value.refusal is Refusal.NOT_SIGNED_IN
    unconfirmed = Actor(user_id=1, is_confirmed=False)
    assert authz.refusal(Permission.ACCOUNT, actor=unconfirmed, now=NOW) is Refusal.UNCONFIRMED


@pytest.mark.parametrize(
    "target",
    [
        "",
        None,
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil",
        "/a\nb",
        "/a b",
    ],
)
def test_a_target_on_another_site_is_not_safe(target):
    assert not is_safe_target(target)


@pytest.mark.parametrize("target", ["/", "/en/account", "/en/search?q=x&sort=newest"])
def test_a_path_of_this_site_is_safe(target):
    assert is_safe_target(target)
