"""The date on security.txt is renewed in time."""

from __future__ import annotations

import datetime as dt

from consult.core import clock
from consult.operations.views import SECURITY_EXPIRES


def test_security_txt_is_looked_at_again_a_month_before_it_expires() -> None:
    left = SECURITY_EXPIRES - clock.now()
    assert left > dt.timedelta(days=30), "read SECURITY.md again, then move SECURITY_EXPIRES"
    assert left < dt.timedelta(days=366), "RFC 9116 recommends less than a year"
