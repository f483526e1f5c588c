# SPDX-License-Identifier: GPL-2.0-only
"""One D-channel: frames in, events out; commands in, frames out. Q.921 and Q.931 inside are libpri's.

    link = Link(Side.NETWORK, Timers(t309_s=6.0))      # Side.USER at the subscriber's end
    link.receive(frame)                                # LAPD frame without flags and FCS
    call = link.setup(Setup(channel=5, dnis="95588", clid="02512345678"))
    link.proceeding(call); link.alerting(call); link.answer(call); link.release(call, cause=16)
    link.progress(call); link.release(call, cause=1, inband=True)   # our sound before the answer, and instead of one
    link.setup_acknowledge(call)                       # or first: more digits, please (DigitsReceived); T302
    link.dial(call, "8001")                            # after setup(complete=False): more of our number; T304
    link.restart([1, 2, 3])                            # RESTART, one channel after the other's acknowledgement
    for frame in link.take_frames(): ...               # after every call of any method above: send these
    for event in link.take_events(): ...               # appliance.signalling.pri.events
    link.run() not later than link.due()               # timers; due is in the clock's seconds, None if none runs
    link.deactivate(); link.activate()                 # PH-DEACTIVATE, PH-ACTIVATE indication: layer 1 went, came back

`interface`, with several of them on one D-channel (NFAS): the one whose channels are named without it. A channel is its
timeslot then, with the number of its interface above bit 7.

No I/O, no thread; several links may live in one process. The clock is ours (monotonic), never the time of day. libpri
has no way to free a link: make one per span and process life. A release by DISCONNECT ends with CallCleared, always.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import structlog

from appliance.signalling.pri import events, guard, location, translate
from appliance.signalling.pri._pri import ffi, lib
from appliance.signalling.pri.calls import Call, CallGoneError, CallTable, Growing
from appliance.signalling.pri.events import CallNumber, Event
from appliance.signalling.pri.library import Library
from appliance.signalling.pri.request import requested
from appliance.signalling.pri.restart import RestartQueue
from appliance.signalling.pri.settings import HOLD, OVERLAP, Profile, Setup, Side, Timers
from appliance.wire.legs import Location

__all__ = ["CallGoneError", "Link", "Profile", "Setup", "Side", "Timers"]

log = structlog.get_logger()

SABME, POLL = 0x6F, 0x10
TEMPORARY_FAILURE, CAUSE_MISSING, WRONG_CALL_STATE, TIMER_EXPIRED = 41, 96, 101, 102
SETTING_UP = {1, 2, 3, 4, 6, 7, 9, 25}  # call states before CONNECT (§2.1)
INTERFACE = 0x1FF00  # in libpri's channel numbers
OUR_TIMERS = ("dialling_until", "progress_until", "disconnected_until")
DIGITS = set("0123456789*#")
SENDING_COMPLETE = b"\xa1"  # §4.5.27
INBAND = bytes([0x1E, 2, 0x81, 0x88])  # §4.5.23: private network serving the local user, as libpri says; indicator 8
REFUSALS = {1, 34, 44, 82, 88}  # libpri answers a SETUP with RELEASE COMPLETE for these alone (Q.931 §5.3.2 a)
SERVICE_STATUS = {0: True, 1: False, 2: False}  # in service, maintenance, out of service


class Link:
    """One D-channel. Commands raise CallGoneError for calls that are no more or cannot take them."""

    def __init__(
        self,
        side: Side,
        timers: Timers | None = None,
        profile: Profile = Profile.EUROISDN,
        *,
        interface: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        debug: bool = False,
    ) -> None:
        self.established = False
        self.damaged = 0
        self.side = side
        self._timers = timers = timers or Timers()
        self._profile = profile
        self._clock = clock
        self._active = True
        self._hearing = False
        self._told = False
        self._heard = b""
        self._events: list[Event] = []
        self._location: Location | None = None  # in the frame that is being heard
        self._locations: dict[location.CallReference, Location] = {}  # of ends that are ours to say
        self._interface = interface
        self._calls = CallTable(interface)
        self._restarts = RestartQueue(timers.t316_s * timers.n316)
        self._library = Library(side, profile, timers, clock, debug=debug)
        self._pri = self._library.pointer
        lib.pri_hangup_fix_enable(self._pri, 1)
        lib.pri_set_service_message_support(self._pri, 1)
        lib.pri_facility_enable(self._pri)
        lib.pri_hold_enable(self._pri, int(profile in HOLD))
        lib.pri_aoc_events_enable(self._pri, 1)
        lib.pri_set_inbanddisconnect(self._pri, 1)
        lib.pri_set_overlapdial(self._pri, 1)  # Sending complete is said where we say so

    # Frames and time.

    @property
    def has_d_channel(self) -> bool:
        """As each span by itself has."""
        return True

    @property
    def d_channel_up(self) -> bool:
        """The data link is established."""
        return self.established

    def receive(self, frame: bytes) -> None:
        """A frame came. Damaged ones are counted in `damaged` and change nothing."""
        if not self._active:
            return
        admitted, trouble = guard.admit(frame)
        if trouble is not None:
            self.damaged += 1
            log.debug("pri.frame.refused", trouble=trouble, octets=len(frame))
        if admitted is not None:
            admitted = self._of_a_call(admitted)
            self._location = location.heard(admitted)
            self._heard = admitted
            before = self.established
            lib.branchline_established_anew()
            self._take_heard(self._library.hear(admitted))
            if before and lib.branchline_established_anew():
                self.clear_dialling()
            self._mend_clearing(admitted)
            self._end_t313(admitted)
            self._compare_states(admitted)
            self._repeat_restart(admitted)
            self.run()

    def run(self) -> None:
        """Run every timer that is due."""
        now = self._set_clock()
        for event in self._library.expired():
            self._take(event)
        self._dialled_too_long(now)
        for number in self._expired("disconnected_until", now):
            self._release_at_last(self._calls.find(number))
        for number in self._expired("progress_until", now):
            self.release(number, TIMER_EXPIRED)
        given_up = self._restarts.expired(now)
        if given_up is not None:
            self._events.append(events.RestartFailed(given_up))
            self._start_restart()
        for call in self._calls.on(None):
            if not lib.q931_is_call_valid(self._pri, call.pointer):  # libpri forgot it without a word
                self._cleared(call, TEMPORARY_FAILURE)

    def due(self) -> float | None:
        """When `run` must be called next, in the clock's seconds; None if no timer runs."""
        ours = [at for timer in OUR_TIMERS for at in self._calls.running(timer).values()]
        times = (self._library.due(), self._restarts.deadline, *ours)
        return min((at for at in times if at is not None), default=None)

    def take_frames(self) -> list[bytes]:
        """Frames to be sent, in order; they are yours now."""
        frames = self._library.take_frames()
        return [location.said(frame, self._locations) for frame in frames] if self._active else []

    def take_events(self) -> list[Event]:
        """What happened, in order; they are yours now."""
        happened, self._events = self._events, []
        return happened

    def deactivate(self) -> None:
        """Layer 1 is down: nothing goes in or out; T309 begins for active calls, others are cleared (Q.931 §5.8.9)."""
        if self._active:
            self._active = False
            for event in self._library.lose_layer_1():
                self._take_heard(event)
            if self.established:
                self._released()
            self.run()

    def activate(self) -> None:
        """Layer 1 is back; the data link is established again within T200."""
        self._active = True

    # Commands.

    def setup(self, setup: Setup) -> CallNumber:
        """SETUP; returns the new call. Raises ValueError for a number that Q.931 or the profile cannot carry."""
        setup.check()
        if not setup.complete and self._profile not in OVERLAP:
            raise ValueError(f"{self._profile} has no overlap sending: the whole number is needed at once")
        self._set_clock()
        pointer = lib.pri_new_call(self._pri)
        if pointer == ffi.NULL:
            raise CallGoneError("libpri has no call reference left")
        with requested(setup, self._encoded(setup.channel), self._profile) as request:
            refused = lib.pri_setup(self._pri, pointer, request)
        if refused:
            lib.pri_destroycall(self._pri, pointer)
            raise CallGoneError("libpri did not send SETUP")
        call, mode = self._calls.add(pointer, setup.channel, ours=True), ffi.new("int *")
        call.reference = lib.pri_get_crv(self._pri, pointer, mode) << 3 | mode[0]  # as GR-303 has it
        self._locations.pop((call.reference, True), None)
        call.growing = None if setup.complete else Growing()
        call.interface = self._encoded(0)
        return call.number

    def setup_acknowledge(self, call: CallNumber, channel: int | None = None) -> None:
        """SETUP ACKNOWLEDGE: more digits, please; DigitsReceived follow, the last one complete (Q.931 §5.2.4)."""
        held = self._respond(call)
        held.channel = channel or held.channel
        self._check(held, lib.pri_setup_ack(self._pri, held.pointer, held.bearer, 0, 0))
        held.dialling_until = self._clock() + self._timers.t302_s

    def dial(self, call: CallNumber, digits: str, *, whole: bool = False) -> None:
        """INFORMATION, one a digit (§5.1.3), from SETUP ACKNOWLEDGE on. `whole`: with these the number is complete.

        Raises ValueError for what is no digit.
        """
        if not (digits or whole) or not set(digits) <= DIGITS:
            raise ValueError(f"number of {len(digits)} more characters: digits are 0 to 9, * and #")
        held = self._calls.find(call)
        if held.growing is None or held.growing.whole:
            raise CallGoneError(f"call {call} does not wait for digits")
        held.growing.unsent += digits
        held.growing.whole = whole
        if held.growing.acknowledged:
            self._inform(held, held.growing)

    def _inform(self, call: Call, number: Growing) -> None:
        self._set_clock()
        digits, number.unsent = number.unsent, ""
        messages = list(digits) or [""] * number.whole
        for n, digit in enumerate(messages, start=1):
            last = number.whole and n == len(messages)
            with self._amended(guard.INFORMATION, SENDING_COMPLETE if last else b"", alone=not digit):
                self._check(call, lib.pri_information(self._pri, call.pointer, digit.encode() or b"\0"))
        call.dialling_until = self._clock() + self._timers.t304_s

    def proceeding(self, call: CallNumber, channel: int | None = None) -> None:
        """CALL PROCEEDING, on the channel of the SETUP or on `channel` instead."""
        held = self._respond(call)
        held.channel = channel or held.channel
        self._check(held, lib.pri_proceeding(self._pri, held.pointer, held.bearer, 0))

    def alerting(self, call: CallNumber, *, inband: bool = False) -> None:
        """ALERTING; `inband`: with progress indicator 8, our own sound is on the channel."""
        held = self._respond(call)
        self._check(held, lib.pri_acknowledge(self._pri, held.pointer, held.bearer, int(inband)))

    def progress(self, call: CallNumber) -> None:
        """PROGRESS with indicator 8: our own sound is on the channel, and nobody is rung (§5.4.1)."""
        if not self._calls.find(call).responded:
            self.proceeding(call)
        held = self._respond(call)
        self._check(held, lib.pri_progress(self._pri, held.pointer, held.bearer, 1))

    def answer(self, call: CallNumber) -> None:
        """CONNECT."""
        held = self._respond(call)
        self._check(held, lib.pri_answer(self._pri, held.pointer, held.bearer, 0))
        held.active_from = self._clock() + self._timers.t313_s
        held.progress_until = held.active_from if self.side is Side.USER else None

    def release(
        self, call: CallNumber, cause: int = 16, made_at: Location | None = None, *, inband: bool = False
    ) -> None:
        """Clear by what the call's state demands: RELEASE COMPLETE, DISCONNECT or RELEASE; CallCleared follows.

        `made_at`: the cause's location; None: a private network serving the local user, as the box is. `inband`, a
        network's alone: DISCONNECT with progress indicator 8 (§5.3.4.1). The caller hears our sound until he lets go,
        T306 has run out or the call is released again.
        """
        held = self._calls.find(call)
        if inband and self.side is not Side.NETWORK:
            raise CallGoneError(f"call {call}: only a network sends sound after DISCONNECT")
        if made_at is not None:
            self._locations[held.reference, held.ours] = made_at
        now = self._set_clock()
        if held.disconnected_until is not None:
            self._release_at_last(held)
            return
        held.dialling_until = held.progress_until = None
        if not held.responded and (inband or cause not in REFUSALS):  # libpri sends no DISCONNECT before a response
            self.proceeding(call)
        lib.branchline_said()
        with self._amended(guard.DISCONNECT, INBAND if inband else b""):
            self._check(held, lib.pri_hangup(self._pri, held.pointer, cause))
        if not lib.q931_is_call_valid(self._pri, held.pointer):  # RELEASE COMPLETE went out
            self._cleared(held, cause)
            return
        held.clearing = True
        if lib.branchline_said() == guard.DISCONNECT:
            held.cause = cause
            held.disconnected_until = now + (self._timers.t306_s if inband else self._timers.t305_s)

    def _release_at_last(self, call: Call) -> None:
        """RELEASE after our DISCONNECT, with its cause (§5.3.3): libpri's own T305 would say 16.

        For libpri nothing more is to be sent after DISCONNECT, until it has sent something else: to nobody.
        """
        call.disconnected_until = None
        with self._amended(guard.PROGRESS, b"", alone=True):
            lib.pri_progress(self._pri, call.pointer, 0, 1)
        self._check(call, lib.pri_hangup(self._pri, call.pointer, call.cause or guard.NORMAL_UNSPECIFIED))

    def hold(self, call: CallNumber) -> None:
        """HOLD ACKNOWLEDGE. The channel stays the call's."""
        held = self._respond(call)
        self._check(held, lib.pri_hold_ack(self._pri, held.pointer))

    def refuse_hold(self, call: CallNumber, cause: int) -> None:
        """HOLD REJECT."""
        held = self._respond(call)
        self._check(held, lib.pri_hold_rej(self._pri, held.pointer, cause))

    def retrieve(self, call: CallNumber) -> None:
        """RETRIEVE ACKNOWLEDGE, on the channel that the call had."""
        held = self._respond(call)
        self._check(held, lib.pri_retrieve_ack(self._pri, held.pointer, held.bearer))

    def refuse_retrieve(self, call: CallNumber, cause: int) -> None:
        """RETRIEVE REJECT; the call stays aside."""
        held = self._respond(call)
        self._check(held, lib.pri_retrieve_rej(self._pri, held.pointer, cause))

    def clear_dialling(self) -> None:
        """Messages were lost: calls whose digits may be among them are cleared with cause 41 (§5.8.8 a)."""
        for number in self._calls.running("dialling_until"):
            self.release(number, TEMPORARY_FAILURE)

    def transfer(self, call: CallNumber, other: CallNumber) -> None:
        """Ask the network to connect the two parties and let go of both calls.

        Explicit call transfer (EuroISDN), two B-channel transfer (National, 4ESS, 5ESS), release link trunk (DMS-100),
        path replacement (QSIG). Where the network does it, it clears both calls; where it does not, they go on.
        """
        pair = self._calls.find(call), self._calls.find(other)
        self._set_clock()
        if lib.pri_channel_bridge(pair[0].pointer, pair[1].pointer):
            raise CallGoneError(f"calls {call} and {other} cannot be transferred")

    def restart(self, channels: Iterable[int]) -> None:
        """RESTART each; RestartAcknowledged or RestartFailed follows for each. Our calls on them are cleared now."""
        for channel in channels:
            if channel not in self._restarts:
                self._clear_channel(channel)
                self._restarts.add(channel)
        self._start_restart()

    def withdraw_restart(self, channel: int) -> bool:
        """The far end uses the channel, so it is in order: no RESTART. False if one is under way already."""
        return self._restarts.withdraw(channel)

    # Within.

    def _set_clock(self) -> float:
        return self._library.set_clock()

    def _encoded(self, channel: int) -> int:
        """As libpri numbers channels."""
        return channel if self._interface is None else channel | translate.EXPLICIT

    def _channel_of(self, encoded: int) -> int | None:
        return translate.channel_of(encoded, self._interface)

    def _whole_interface(self) -> int | None:
        """Of the RESTART that was heard, with 0 in the place of the timeslot; None: all interfaces (§4.5.25)."""
        if guard.restarts_all(self._heard):
            return None
        named = guard.named_interface(self._heard)
        return ((self._interface or 0) if named is None else named) << 8

    def _take_heard(self, event: "ffi.CData") -> None:
        self._told = event != ffi.NULL
        if self._told:
            self._hearing = True
            self._take(event)
            self._hearing = False

    def _of_a_call(self, frame: bytes) -> bytes:
        """A message of no call becomes a STATUS ENQUIRY, answered by RELEASE COMPLETE with cause 81 (§5.8.3.2 a).

        To others, such as NOTIFY, it says nothing or something else, and keeps a call for ever. So does a CONNECT
        ACKNOWLEDGE of a call that we clear (§5.8.4), answered by a STATUS with cause 30: libpri would stop T308 for it.
        """
        stray = guard.stray(frame)
        if stray is None:
            return frame
        calls = self._calls.referred(stray)
        late = guard.connect_acknowledged(frame) is not None and any(call.clearing for call in calls)
        return frame if calls and not late else guard.enquiring(frame)

    def _mend_clearing(self, frame: bytes) -> None:
        """Tell of what libpri keeps to itself.

        What ends before our first response to its SETUP, which it answers and may keep; and in a talk a DISCONNECT with
        progress indicator 8, for whose sound it would wait (before the answer it tells of that as PROGRESS).
        """
        clearing = guard.clearing(frame)
        if clearing is None:
            return
        for call in self._calls.referred((clearing.reference, clearing.ours)):
            if not call.responded:
                lib.pri_destroycall(self._pri, call.pointer)
                self._cleared(call, clearing.cause, by_peer=True)
            elif clearing.kind == guard.DISCONNECT and not self._told:
                self._events.append(events.DisconnectReceived(call.number, clearing.cause, self._location))
            elif clearing.kind == guard.DISCONNECT:
                call.cause = call.cause or clearing.cause

    def _end_t313(self, frame: bytes) -> None:
        """CONNECT ACKNOWLEDGE. libpri's own T313 clears with cause 16, and by a DISCONNECT that we would not see."""
        for call in self._calls.referred(guard.connect_acknowledged(frame)):
            call.progress_until = None

    def _compare_states(self, frame: bytes) -> None:
        """A STATUS that has a talk still being set up is cleared with cause 101 (§5.8.11); libpri ignores it."""
        reported = guard.reported_state(frame)
        if reported is None:
            return
        reference, ours, state = reported
        for call in self._calls.referred((reference, ours)):
            active = call.active_from is not None and call.active_from <= self._clock()
            if active and state in SETTING_UP:
                self.release(call.number, WRONG_CALL_STATE)

    def _respond(self, call: CallNumber) -> Call:
        held = self._calls.find(call)
        self._set_clock()
        held.responded = True
        if not held.ours:
            held.dialling_until = None
        return held

    def _dialled_too_long(self, now: float) -> None:
        """T302: what was dialled is the number. T304: the peer does not say what becomes of our digits (§5.1.3)."""
        for number in self._expired("dialling_until", now):
            call = self._calls.find(number)
            call.dialling_until = None
            if call.ours:
                self.release(number, TIMER_EXPIRED)
            else:
                self._events.append(events.DigitsReceived(number, "", complete=True))

    @contextmanager
    def _amended(self, message: int, element: bytes, *, alone: bool = False) -> Iterator[None]:
        """A message of this type said in here has this element besides its own, or `alone`."""
        lib.branchline_amend(message, element, len(element), alone)
        try:
            yield
        finally:
            lib.branchline_amend(0, b"", 0, 0)

    def _expired(self, timer: str, now: float) -> list[CallNumber]:
        return [number for number, until in self._calls.running(timer).items() if now >= until]

    def _check(self, call: Call, code: int) -> None:
        if code:
            raise CallGoneError(f"call {call.number} cannot do that in its state")

    def _cleared(self, call: Call, cause: int, *, by_peer: bool = False) -> None:
        self._calls.remove(call)
        self._events.append(events.CallCleared(call.number, cause, by_peer, self._location if by_peer else None))

    def _clear_channel(self, channel: int | None) -> None:
        for call in self._calls.on(channel):
            lib.pri_destroycall(self._pri, call.pointer)
            self._cleared(call, TEMPORARY_FAILURE)

    def _start_restart(self) -> None:
        channel = self._restarts.start(self._set_clock())
        if channel is not None:
            lib.pri_reset(self._pri, self._encoded(channel))

    def _repeat_restart(self, frame: bytes) -> None:
        """A SABME in the multiframe state discards what we had sent (Q.921 §5.7.1): a RESTART is said again."""
        channel = self._restarts.current
        if channel is not None and self.established and frame[2] & ~POLL == SABME:
            lib.pri_reset(self._pri, self._encoded(channel))

    def _released(self) -> None:
        self.established = False
        self._events.extend(events.RestartFailed(channel) for channel in self._restarts.drop())
        self._events.append(events.LinkReleased())

    def _take(self, event: "ffi.CData") -> None:
        kind = event.e
        if kind == lib.PRI_EVENT_FACILITY:
            self._take_charges(event.facility)
        elif kind in translate.OF_CALLS:
            member, translated = translate.OF_CALLS[kind]
            if kind == lib.PRI_EVENT_HANGUP_REQ:
                self._take_charges(event.hangup)
            call = self._calls.at(getattr(event, member).call)
            if call is not None:
                self._events.append(self._located(translated(call, event)))
                self._moved(call, kind)
        elif kind == lib.PRI_EVENT_INFO_RECEIVED:
            self._take_digits(event.ring)
        elif kind in (lib.PRI_EVENT_HANGUP, lib.PRI_EVENT_HANGUP_ACK):
            self._take_clearing(event.hangup, told=kind == lib.PRI_EVENT_HANGUP)
        elif kind == lib.PRI_EVENT_RING:
            self._take_setup(event.ring)
        else:
            self._take_of_link(kind, event)

    def _located(self, event: Event) -> Event:
        """A DISCONNECT with the location that its frame has."""
        return replace(event, location=self._location) if isinstance(event, events.DisconnectReceived) else event

    def _moved(self, call: Call, kind: int) -> None:
        """A word on our digits ends T304; SETUP ACKNOWLEDGE begins it, and digits may go. PROGRESS may lie between.

        Then T310 runs until there is sound or ringing, T301 until the answer (§5.1.5, §5.1.6, §5.2.5.3).
        """
        call.dialling_until = call.progress_until = None
        patience_s = {
            lib.PRI_EVENT_PROCEEDING: self._timers.t310_s,
            lib.PRI_EVENT_RINGING: self._timers.t301_s,
        }.get(kind)
        if patience_s is not None:
            call.progress_until = self._clock() + patience_s
        if kind == lib.PRI_EVENT_SETUP_ACK:
            call.dialling_until = self._clock() + self._timers.t304_s
            if call.growing is not None:
                call.growing.acknowledged = True
                if call.growing.unsent or call.growing.whole:
                    self._inform(call, call.growing)
        elif kind != lib.PRI_EVENT_PROGRESS:
            call.growing = None
        if kind == lib.PRI_EVENT_ANSWER:
            call.active_from = self._clock()

    def _take_setup(self, ring: "ffi.CData") -> None:
        call = self._calls.add(ring.call, self._channel_of(ring.channel), ours=False)
        named = max(0, ring.channel) & INTERFACE
        call.reference, call.interface = ring.cref & 0x7FFF, named if self._interface is None else self._encoded(0)
        self._locations.pop((call.reference, False), None)
        self._events.append(translate.setup_received(call, ring))

    def _take_charges(self, event: "ffi.CData") -> None:
        call = self._calls.at(event.call)
        if call is not None:
            self._events.extend(translate.charges(call, event.subcmds))

    def _take_digits(self, ring: "ffi.CData") -> None:
        """Digits of a call that waits for them; any others mean nothing."""
        call = self._calls.at(ring.call)
        if call is not None and call.dialling_until is not None and not call.ours:
            call.dialling_until = self._clock() + self._timers.t302_s
            digits = translate.text(ring.callednum) or ""
            self._events.append(events.DigitsReceived(call.number, digits, complete=bool(ring.complete)))

    def _take_clearing(self, hangup: "ffi.CData", *, told: bool) -> None:
        """RELEASE, RELEASE COMPLETE or internal clearing. `told`: libpri keeps the call until we let go too."""
        self._take_charges(hangup)
        call, cause = self._calls.at(hangup.call), hangup.cause
        if told:
            lib.pri_hangup(self._pri, hangup.call, CAUSE_MISSING if self._lacks_cause(call) else cause)
        if call is not None:
            cause = call.cause if self._hearing and call.cause else cause
            self._cleared(call, cause if cause > 0 else guard.NORMAL_UNSPECIFIED, by_peer=self._hearing)

    def _lacks_cause(self, call: Call | None) -> bool:
        """Whether a RELEASE that was heard is the first word of the end and does not say why (§5.8.6.1)."""
        clearing = guard.clearing(self._heard) if self._hearing else None
        first = call is not None and call.cause is None and call.disconnected_until is None
        return clearing is not None and clearing.unsaid and first

    def _take_of_link(self, kind: int, event: "ffi.CData") -> None:
        if kind == lib.PRI_EVENT_DCHAN_UP:
            self.established = True
            self._events.append(events.LinkEstablished())
        elif kind == lib.PRI_EVENT_DCHAN_DOWN and self.established:
            self._released()
        elif kind == lib.PRI_EVENT_RESTART:
            channel = self._channel_of(event.restart.channel)
            if channel is None and self._interface is not None:
                channel = self._whole_interface()
            self._clear_channel(channel)
            self._events.append(events.RestartReceived(channel))
        elif kind == lib.PRI_EVENT_RESTART_ACK:
            channel = self._channel_of(event.restartack.channel)
            if channel is not None and self._restarts.acknowledged(channel):
                self._events.append(events.RestartAcknowledged(channel))
                self._start_restart()
        elif kind == lib.PRI_EVENT_SERVICE:
            channel, status = self._channel_of(event.service.channel), event.service.changestatus
            if channel is not None and status in SERVICE_STATUS:
                self._events.append(events.ServiceReceived(channel, SERVICE_STATUS[status]))
