"""Use cases of accounts; each gets a session and `now`, and none commits."""

from consult.accounts.services.address import (
    agree_to_address,
    ask_for_address,
    change_address_now,
    drop_wish,
    link_of_wish,
)
from consult.accounts.services.administration import add_user, set_status
from consult.accounts.services.checks import min_length
from consult.accounts.services.links import live_link, make_link, token_of
from consult.accounts.services.own_account import (
    change_password,
    change_profile,
    end_others,
    end_session,
)
from consult.accounts.services.registration import (
    confirm,
    newcomer,
    register,
    request_reset,
    reset_password,
)
from consult.accounts.services.second_factor import (
    offer,
    renew_codes,
    reset_second_factor,
    secret_offered,
    switch_off,
    switch_on,
    unused_codes,
)
from consult.accounts.services.signing_in import (
    Outcome,
    Proof,
    SignIn,
    enter_code,
    prove,
    sign_in,
    sign_out,
)

__all__ = [
    "Outcome",
    "Proof",
    "SignIn",
    "add_user",
    "agree_to_address",
    "ask_for_address",
    "change_address_now",
    "change_password",
    "change_profile",
    "confirm",
    "drop_wish",
    "end_others",
    "end_session",
    "enter_code",
    "link_of_wish",
    "live_link",
    "make_link",
    "min_length",
    "newcomer",
    "offer",
    "prove",
    "register",
    "renew_codes",
    "request_reset",
    "reset_password",
    "reset_second_factor",
    "secret_offered",
    "set_status",
    "sign_in",
    "sign_out",
    "switch_off",
    "switch_on",
    "token_of",
    "unused_codes",
]
