"""Use cases of accounts; each gets a session and `now`, and none commits."""

from consult.accounts.services.administration import add_user, set_status
from consult.accounts.services.links import live_link, make_link, token_of
from consult.accounts.services.own_account import change_password, change_profile, end_others
from consult.accounts.services.registration import (
    confirm,
    register,
    request_reset,
    reset_password,
)
from consult.accounts.services.signing_in import Outcome, SignIn, sign_in, sign_out

__all__ = [
    "Outcome",
    "SignIn",
    "add_user",
    "change_password",
    "change_profile",
    "confirm",
    "end_others",
    "live_link",
    "make_link",
    "register",
    "request_reset",
    "reset_password",
    "set_status",
    "sign_in",
    "sign_out",
    "token_of",
]
