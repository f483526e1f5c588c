# SPDX-License-Identifier: GPL-2.0-only
"""What the registers of a call know and how they read each other's signals; TABLE says what follows.

One signal may mean two things: China's A-1 is the caller's next digit after A-6 until his number has ended, and the
called number's else; the ITU's A-5 is the category first and the caller's next digit after it. The place in the
dialogue decides.
"""

import string
from dataclasses import dataclass

from appliance.config.scalars import suggestion
from appliance.signalling.q850 import CONGESTION
from appliance.signalling.r2.causes import ACCEPTING, CAUSE_OF
from appliance.signalling.r2.events import CallOffered
from appliance.signalling.r2.variant import Ending, Request, Variant, Verdict
from appliance.signalling.r2.words import Event, State

DIGITS_MOST = 32
TEN = 10  # the signal of digit 0

# Where the digit to be sent lies from the last one that was.
_STEPS = {
    Request.NEXT_DIGIT: 1,
    Request.LAST_BUT_ONE: -1,
    Request.LAST_BUT_TWO: -2,
    Request.LAST_BUT_THREE: -3,
    Request.ALL_AGAIN: -DIGITS_MOST,
}
_ASKED = {
    Request.CATEGORY: Event.CATEGORY_ASKED,
    Request.NEXT_CALLER: Event.CALLER_ASKED,
    Request.GROUP_B: Event.SERVICE_ASKED,
    Request.ADDRESS_COMPLETE: Event.ACCEPTED,
    Request.CONGESTION: Event.REFUSED,
    Request.UNALLOCATED: Event.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be called. `clid` None: not told. `category`, `service`: names of the variant, None its first."""

    dnis: str
    clid: str | None = None
    category: str | None = None
    service: str | None = None

    def check(self, variant: Variant) -> None:
        """Raise ValueError for what this variant's signals cannot say."""
        for number in (self.dnis, self.clid or ""):
            if len(number) > DIGITS_MOST or not set(number) <= set(string.digits):
                raise ValueError(f"number of {len(number)} characters: R2 sends up to {DIGITS_MOST} digits 0 to 9")
        if not self.dnis:
            raise ValueError("no number to call")
        for word, table in ((self.category, variant.category), (self.service, variant.service)):
            if word is not None and word not in table:
                raise ValueError(f"{variant.name} has no category or service {word!r}; {suggestion(word, table)}")


@dataclass(frozen=True, slots=True)
class Wants:
    """What our incoming register asks for. A number is complete after so many digits, or when the caller says so."""

    dnis_digits: int = 20
    category: bool = True
    clid_digits: int = 20  # 0: none is kept, nor asked for where the category can be had alone (not so in China)
    group_b: bool = True  # False: calls are accepted at once, by "address complete"

    def check(self, variant: Variant) -> None:
        """Raise ValueError for what this variant has no signal for."""
        a, c = variant.a, variant.c or variant.a
        wanted = {
            Request.CATEGORY: not self.category or Request.CATEGORY in a,
            Request.NEXT_CALLER: not (self.category and self.clid_digits) or Request.NEXT_CALLER in c,
            Request.ADDRESS_COMPLETE: self.group_b or Request.ADDRESS_COMPLETE in a.keys() & c.keys(),
        }
        for request in (request for request, possible in wanted.items() if not possible):
            raise ValueError(f"{variant.name} has no signal for {request}")
        if not 1 <= self.dnis_digits <= DIGITS_MOST or not 0 <= self.clid_digits <= DIGITS_MOST:
            raise ValueError(f"{self.dnis_digits} called and {self.clid_digits} calling digits: {DIGITS_MOST} at most")


def _signal(digit: str) -> int:
    return int(digit) or TEN


def _digit(signal: int) -> str:
    return str(signal % TEN)


class Outgoing:
    """The register of a call that we place."""

    def __init__(self, variant: Variant, call: Call) -> None:
        self.charge = True
        self._variant = variant
        self._call = call
        self._at = 0
        self._clid_at = 0
        self._clid_ended = False
        self._category_sent = False
        self.refusal = CONGESTION  # Q.850

    def read(self, state: State, signal: int) -> Event:
        """What a backward signal asks of us in this state."""
        if state is State.SENDING_SERVICE:
            return self._verdict(signal)
        variant = self._variant
        group = variant.c if variant.c and state is State.SENDING_CALLER else variant.a
        meant = {request for request, number in group.items() if number == signal}
        if Request.NEXT_CALLER in meant and len(meant) > 1:
            meant = self._told_apart(state, meant)
        for request in meant:
            return self._request(request)
        return Event.UNKNOWN

    def digit(self) -> int | None:
        """The signal that says the wanted digit, or the number's end; None: there is none."""
        dnis = self._call.dnis
        return _signal(dnis[self._at]) if self._at < len(dnis) else self._variant.i.get(Ending.END_OF_NUMBER)

    def caller(self) -> int | None:
        """The caller's next digit, or why there is none."""
        clid, at = self._call.clid, self._clid_at
        self._clid_at += 1
        if clid and at < len(clid):
            return _signal(clid[at])
        self._clid_ended = True
        endings = self._variant.i
        withheld = endings.get(Ending.RESTRICTED) if clid is None else None
        return withheld or endings.get(Ending.END_OF_CALLER)

    def category(self) -> int:
        """Group II, when asked for it."""
        self._category_sent = True
        return _group_ii(self._variant.category, self._call.category)

    def service(self) -> int:
        """Group II after the changeover."""
        variant = self._variant
        if variant.service:
            return _group_ii(variant.service, self._call.service)
        return _group_ii(variant.category, self._call.category)

    def _told_apart(self, state: State, meant: set[Request]) -> set[Request]:
        if Request.CATEGORY in meant:
            wanted = self._category_sent
        else:
            wanted = state is State.SENDING_CALLER and not self._clid_ended
        return {Request.NEXT_CALLER} if wanted else meant - {Request.NEXT_CALLER}

    def _request(self, request: Request) -> Event:
        if request in _STEPS:
            self._at = max(0, min(self._at + _STEPS[request], len(self._call.dnis)))
            return Event.DIGIT_ASKED
        self.refusal = CAUSE_OF.get(request, CONGESTION)
        return _ASKED[request]

    def _verdict(self, signal: int) -> Event:
        for verdict, number in self._variant.b.items():
            if number == signal:
                self.charge = verdict is not Verdict.FREE_NO_CHARGE
                self.refusal = CAUSE_OF.get(verdict, CONGESTION)
                return Event.ACCEPTED if verdict in ACCEPTING else Event.REFUSED
        return Event.UNKNOWN


def _group_ii(table: dict[str, int], word: str | None) -> int:
    return table[word] if word is not None else next(iter(table.values()))


@dataclass(slots=True)
class Incoming:
    """The register of a call that comes. `wants` is ours; a caller's number without end is congestion."""

    variant: Variant
    wants: Wants
    dnis: str = ""
    clid: str = ""
    restricted: bool = False
    category: str | None = None
    service: str | None = None
    _complete: bool = False
    _category_asked: bool = False
    _clid_signals: int = 0
    _group: str = "a"  # in which the caller's register hears us

    def say(self, request: Request) -> int:
        """The signal that asks for this, in the group that is heard now; the next may be heard in another."""
        group: dict[str, int] = getattr(self.variant, self._group)
        if request is Request.NEXT_DIGIT:
            self._group = "a"
        elif request is Request.CATEGORY:
            self._group = "c" if self.variant.c else "a"
        elif request is Request.GROUP_B:
            self._group = "b"
        return group[request]

    def hear(self, state: State, signal: int) -> Event:
        """Take a forward signal that has come in this state; the event is what is wanted next."""
        match state:
            case State.EXPECTING_CATEGORY:
                self.category = _name(self.variant.category, signal)
                return self._on() if self._enough() else Event.WANT_CALLER
            case State.EXPECTING_CALLER:
                return self._hear_caller(signal)
            case State.EXPECTING_SERVICE:
                return self._hear_service(signal)
            case State.DECLINING:
                return Event.WANT_CONGESTION
            case _:
                return self._hear_digit(signal)

    def silence(self, state: State) -> Event:
        """Nothing has come for too long: the end of a number that has no signal for it, or a fault."""
        if state is not State.EXPECTING_DIGIT or Ending.END_OF_NUMBER in self.variant.i:
            return Event.PULSE_CONGESTION
        self._complete = True
        return {
            Event.WANT_CATEGORY: Event.PULSE_CATEGORY,
            Event.WANT_SERVICE: Event.PULSE_SERVICE,
            Event.WANT_COMPLETE: Event.PULSE_COMPLETE,
        }[self._on()]

    def offer(self) -> CallOffered:
        """All that was told."""
        return CallOffered(self.dnis, self.clid or None, self.restricted, self.category, self.service)

    def _hear_digit(self, signal: int) -> Event:
        if 1 <= signal <= TEN:
            self.dnis += _digit(signal)
            self._complete = len(self.dnis) >= self.wants.dnis_digits
        elif signal == self.variant.i.get(Ending.END_OF_NUMBER):
            self._complete = True
        else:
            return Event.WANT_CONGESTION
        return self._on()

    def _hear_service(self, signal: int) -> Event:
        if self.variant.service:
            self.service = _name(self.variant.service, signal)
        else:
            self.category = self.category or _name(self.variant.category, signal)
        return Event.SERVICE_HEARD

    def _hear_caller(self, signal: int) -> Event:
        self._clid_signals += 1
        endings = self.variant.i
        if 1 <= signal <= TEN:
            if len(self.clid) < self.wants.clid_digits:
                self.clid += _digit(signal)
            return self._on() if self._enough() else self._more()
        self.restricted = signal == endings.get(Ending.RESTRICTED)
        if self.restricted or signal == endings.get(Ending.END_OF_CALLER):
            return self._on()
        return Event.WANT_CONGESTION

    def _enough(self) -> bool:
        """Whether the caller's number is long enough. Where the next called digit is asked alike, its end must come."""
        a = self.variant.a
        return len(self.clid) >= self.wants.clid_digits and a.get(Request.NEXT_CALLER) != a[Request.NEXT_DIGIT]

    def _more(self) -> Event:
        return Event.WANT_CALLER if self._clid_signals < DIGITS_MOST else Event.WANT_CONGESTION

    def _on(self) -> Event:
        """What is wanted now."""
        after = self.variant.caller_after
        if self.wants.category and not self._category_asked and (self._complete or 0 < after <= len(self.dnis)):
            self._category_asked = True
            return Event.WANT_CATEGORY
        if not self._complete:
            return Event.WANT_DIGIT
        return Event.WANT_SERVICE if self.wants.group_b else Event.WANT_COMPLETE


def _name(table: dict[str, int], signal: int) -> str | None:
    return next((word for word, number in table.items() if number == signal), None)
