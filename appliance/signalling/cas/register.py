# SPDX-License-Identifier: GPL-2.0-only
"""Numbers by DTMF or MF, both ways: what is sent, and when what has come is whole.

MF (Q.320): KP digits ST; ST', ST'' and ST''' end a number too. DTMF: digits, or with the
caller's before them *ani*dnis* as trunks of contact centers have it.
"""

from dataclasses import dataclass

from appliance.signalling.cas.events import CallOffered, Digits
from appliance.signalling.cas.words import Event

DIGITS_MOST = 32
SIGNALS_MOST = 60  # of one order to the engine
_OF = {Digits.DTMF: set("0123456789ABCD*#"), Digits.MF: set("0123456789")}
KP = "*"
ENDS = "#ABC"  # ST, ST', ST'', ST''', as dsp/mf.py has them


@dataclass(frozen=True, slots=True)
class Wants:
    """How numbers come and go, and what is wanted of those that come."""

    digits: Digits = Digits.DTMF
    dnis_digits: int = 20  # the number is complete after so many, or by its end; 0: a seizure is a call without number
    ani: bool = False  # DTMF: *ani*dnis*, both ways
    gives_way: bool = True  # at glare the far end's call goes before ours; one end must say False

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be."""
        if not 0 <= self.dnis_digits <= DIGITS_MOST:
            raise ValueError(f"{self.dnis_digits} called digits: 0 to {DIGITS_MOST} are possible")
        if self.ani and self.digits is Digits.MF:
            raise ValueError("*ani*dnis* is a form of DTMF; by MF a number comes alone")


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be called; on FXS the number is nobody's but the log's. `ani` is sent where `Wants.ani`."""

    dnis: str = ""
    ani: str = ""

    def signals(self, wants: Wants) -> str:
        """What is dialled. Raises ValueError for what these digits cannot say."""
        for number in (self.dnis, self.ani):
            if len(number) > DIGITS_MOST or not set(number) <= _OF[wants.digits]:
                raise ValueError(f"number of {len(number)} characters: {wants.digits} sends up to {DIGITS_MOST} digits")
        if wants.digits is Digits.MF:
            return f"{KP}{self.dnis}#"
        signals = f"*{self.ani}*{self.dnis}*" if wants.ani else self.dnis
        if len(signals) > SIGNALS_MOST:
            raise ValueError(f"both numbers have {len(signals)} signals: {SIGNALS_MOST} are possible")
        return signals


@dataclass(slots=True)
class Incoming:
    """What has come of a number."""

    wants: Wants
    heard: str = ""
    _begun: bool = False

    def hear(self, signal: str) -> Event | None:
        """Take a signal; None: it is no part of a number."""
        if self.wants.digits is Digits.MF:
            return self._hear_mf(signal)
        self.heard += signal
        done = self.heard.count("*") == 3 if self.wants.ani else len(self.heard) >= self.wants.dnis_digits
        return Event.COMPLETE if done or len(self.heard) > 2 * DIGITS_MOST else Event.DIGIT

    def offer(self) -> CallOffered:
        """What was told."""
        if self.wants.ani and self.heard.startswith("*"):
            ani, _, dnis = self.heard[1:].partition("*")
            return CallOffered(dnis.rstrip("*"), ani or None)
        return CallOffered(self.heard, None)

    def _hear_mf(self, signal: str) -> Event | None:
        if signal == KP:
            self._begun, self.heard = True, ""
            return Event.DIGIT
        if not self._begun:
            return None
        if signal in ENDS:
            return Event.COMPLETE
        self.heard += signal
        return Event.COMPLETE if len(self.heard) >= DIGITS_MOST else Event.DIGIT
