# SPDX-License-Identifier: GPL-2.0-only
"""What a link is told: which side and which variant it is, its timers, and what a SETUP carries."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass, fields

from appliance.signalling.pri._pri import lib
from appliance.wire.legs import Bearer
from appliance.wire.numbers import UNKNOWN_KIND, NumberKind, Redirecting

NUMBER_DIGITS = 31
NAME_CHARACTERS = 50
USER_TO_USER_CHARACTERS = 35


class Side(enum.Enum):
    """Which end of the interface we are."""

    NETWORK = lib.PRI_NETWORK
    USER = lib.PRI_CPE


class Profile(enum.StrEnum):
    """The variant of Q.931 spoken, by the name that configuration has for it."""

    EUROISDN = "euroisdn"
    EUROISDN_T1 = "euroisdn-t1"
    NATIONAL = "national"
    NI1 = "ni1"
    DMS100 = "dms100"
    FIVE_ESS = "5ess"
    FOUR_ESS = "4ess"
    QSIG = "qsig"

    @property
    def switch(self) -> int:
        """The number that libpri has for it."""
        return SWITCHES[self]


SWITCHES: dict[Profile, int] = {
    Profile.EUROISDN: lib.PRI_SWITCH_EUROISDN_E1,
    Profile.EUROISDN_T1: lib.PRI_SWITCH_EUROISDN_T1,
    Profile.NATIONAL: lib.PRI_SWITCH_NI2,
    Profile.NI1: lib.PRI_SWITCH_NI1,
    Profile.DMS100: lib.PRI_SWITCH_DMS100,
    Profile.FIVE_ESS: lib.PRI_SWITCH_LUCENT5E,
    Profile.FOUR_ESS: lib.PRI_SWITCH_ATT4ESS,
    Profile.QSIG: lib.PRI_SWITCH_QSIG,
}


OVERLAP = {Profile.EUROISDN, Profile.EUROISDN_T1, Profile.QSIG}
"""Profiles that have overlap sending and receiving; only they say Sending complete."""

HOLD = {Profile.EUROISDN, Profile.EUROISDN_T1}
"""Profiles that have HOLD and RETRIEVE; others refuse it with cause 69."""

OURS = {"t301_s", "t302_s", "t304_s", "t305_s", "t306_s", "t310_s", "t313_s"}
"""Timers that libpri does not have, does not use, or ends otherwise."""


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds, and counts for N. Q.921 §5.9, Q.931 Tables 9-1 and 9-2."""

    t200_s: float = 1.0
    n200: int = 3
    t203_s: float = 10.0
    t301_s: float = 180.0
    t302_s: float = 12.0
    t303_s: float = 4.0
    t304_s: float = 20.0
    t305_s: float = 30.0
    t306_s: float = 30.0
    t308_s: float = 4.0
    t309_s: float = 90.0
    t310_s: float = 120.0
    t313_s: float = 4.0
    t316_s: float = 120.0
    n316: int = 2

    def settings(self) -> Iterable[tuple[int, int]]:
        """(libpri's number of the timer, milliseconds or count) of each."""
        for field in fields(self):
            if field.name in OURS:
                continue
            value = getattr(self, field.name)
            number: int = getattr(lib, "PRI_TIMER_" + field.name.removesuffix("_s").upper())
            yield number, int(value) if field.name.startswith("n") else round(value * 1000)


def carries(text: str, most: int) -> bool:
    """Whether Q.931 can carry a text of at most so many characters."""
    return len(text) <= most and text.isascii() and text.isprintable()


@dataclass(frozen=True, slots=True)
class Setup:
    """What a SETUP carries. `presented` False: the number is not to be shown. `verified`: by the network.

    `complete` False: more digits follow (overlap sending). A name needs a number beside it. `mu_law`: sound on the
    channel is (G.711), as on a T1.
    """

    channel: int
    dnis: str
    clid: str | None = None
    presented: bool = True
    verified: bool = False
    exclusive: bool = True
    bearer: Bearer = Bearer.SPEECH
    complete: bool = True
    dnis_kind: NumberKind = UNKNOWN_KIND
    clid_kind: NumberKind = UNKNOWN_KIND
    name: str | None = None
    redirecting: Redirecting | None = None
    user_to_user: str | None = None
    mu_law: bool = False

    def check(self) -> None:
        """Raise ValueError for a number or a text that Q.931 cannot carry."""
        for text, most in ((self.name or "", NAME_CHARACTERS), (self.user_to_user or "", USER_TO_USER_CHARACTERS)):
            if not carries(text, most):
                raise ValueError(f"text of {len(text)} characters: at most {most}, printable ASCII")
        for number in (self.dnis, self.clid or "", (self.redirecting and self.redirecting.number) or ""):
            if len(number) > NUMBER_DIGITS or not (number.isascii() and number.isprintable()):
                raise ValueError(f"number of {len(number)} characters: at most {NUMBER_DIGITS}, printable ASCII")
