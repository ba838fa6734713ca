"""Use cases of spaces; each gets a session and `now`, and none commits."""

from consult.spaces.services.accepting import (
    accept_invitation,
    asks_affiliation,
    register_invited,
    user_invited,
)
from consult.spaces.services.affiliation import (
    Affiliation,
    author_of,
    change_affiliation,
    check_affiliation,
    create_author,
    enter_author,
    give_author,
)
from consult.spaces.services.applications import (
    application_of,
    decide_applications,
    said_in,
    take_part,
)
from consult.spaces.services.consents import (
    check_consents,
    give_consents,
    require_consents,
    withdraw_consent,
)
from consult.spaces.services.invitations import (
    invite,
    live_invitation,
    resend_invitation,
    revoke_invitation,
    token_of_invitation,
)
from consult.spaces.services.organisations import (
    find_or_make_organisation,
    settle_organisation,
    similar_organisations,
)

__all__ = [
    "Affiliation",
    "accept_invitation",
    "application_of",
    "asks_affiliation",
    "author_of",
    "change_affiliation",
    "check_affiliation",
    "check_consents",
    "create_author",
    "decide_applications",
    "enter_author",
    "find_or_make_organisation",
    "give_author",
    "give_consents",
    "invite",
    "live_invitation",
    "register_invited",
    "require_consents",
    "resend_invitation",
    "revoke_invitation",
    "said_in",
    "settle_organisation",
    "similar_organisations",
    "take_part",
    "token_of_invitation",
    "user_invited",
    "withdraw_consent",
]
