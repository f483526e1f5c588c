# SPDX-License-Identifier: GPL-2.0-only
"""A clock that stands in 1970: by it no certificate is valid yet, so the box takes the time from headquarters, once.

Why that is safe. The answer comes over TLS whose chain is verified to the pinned CA, only its dates are not looked at;
so who tells the time holds a key that the CA has certified as headquarters'. The clock is only ever put forward, never
to before the CA and the box's own certificate were made (`floor`), and only to a time at which the teller's certificate
is valid. A teller with a stolen key that has expired meanwhile gains nothing on a box whose clock is right: that time
lies behind it. On one whose clock is wrong he can be believed, as by whoever has no clock, until chrony has the true
time.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec
import structlog

from appliance.uplink.enrolling.credentials import CredentialsError, utc_now

log = structlog.get_logger()


class Clock(msgspec.Struct, frozen=True):
    """The box's; a test has its own, since setting one is setting everybody's."""

    now: Callable[[], datetime] = utc_now
    put: Callable[[datetime], None] = lambda to: time.clock_settime(time.CLOCK_REALTIME, to.timestamp())


SYSTEM = Clock()


def told_by(date: str, valid: tuple[datetime, datetime], floor: datetime, now: datetime) -> datetime:
    """The time by headquarters' answer: `date` of HTTP, while the teller's certificate is valid.

    Raises CredentialsError: it cannot be that time.
    """
    try:
        told = parsedate_to_datetime(date).astimezone(UTC)
    except ValueError as error:
        raise CredentialsError(f"headquarters' answer has no date: {date!r}") from error
    if not valid[0] <= told <= valid[1]:
        raise CredentialsError(f"headquarters says it is {told:%F %T}, when its own certificate is not valid")
    if told < floor:
        raise CredentialsError(f"headquarters says it is {told:%F %T}, before its CA was made")
    if told < now:
        raise CredentialsError(f"headquarters says it is {told:%F %T}, here it is {now:%F %T}; a clock is not put back")
    return told


def put_forward(clock: Clock, to: datetime) -> None:
    """Raises CredentialsError: we may not."""
    before = clock.now()
    try:
        clock.put(to)
    except OSError as error:
        sentence = f"the clock says {before:%F %T}, headquarters {to:%F %T}"
        raise CredentialsError(f"{sentence}, and it cannot be set: {error.strerror}") from error
    log.warning("enrolling.clock.put_forward", before=f"{before:%F %T}", now=f"{to:%F %T}")
