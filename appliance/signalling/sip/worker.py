# SPDX-License-Identifier: GPL-2.0-only
"""The SIP worker: the leg protocol on one side, the SIP stack's signals on the other, the engine's RTP ports between.

It lives in one thread with its event loop; orders to the stack and signals from it cross by queues. A leg's port is
opened before anyone is told of it and closed the moment either side lets go, before LegReleased is said. SIP's
aftermath (CANCEL, BYE, a 200 that crossed) goes on in the stack without the leg.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from appliance.config import Endpoint
from appliance.config.scalars import suggestion
from appliance.media.events import Codec as Coding
from appliance.signalling.sip import causes
from appliance.signalling.sip.legs import LegTable, UnknownLegError
from appliance.signalling.sip.rtp import RtpPorts
from appliance.signalling.sip.sdp import supposed
from appliance.signalling.sip.signals import (
    Alerting,
    Answer,
    Answered,
    Dialled,
    HangUp,
    Lost,
    Notify,
    Offered,
    Order,
    Over,
    Overloaded,
    Place,
    Pointed,
    Probe,
    Proceeding,
    Referred,
    Ring,
    Signal,
)
from appliance.signalling.sip.stack import is_number
from appliance.wire import legs as wire
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.legs import Direction, LegState, LegStep, ReleasedBy
from appliance.wire.service import CommandRefusedError, Service
from appliance.wire.unheard import Unheard

ORPHANS_S = 30.0
OVERLOAD = AlarmRaised(
    code="sip.overload",
    address="sip",
    sentence="calls are refused (503, cause 42): the engine has no room for one more in their codecs; G.711 always has",
)

log = structlog.get_logger()


class Neighbour(msgspec.Struct, frozen=True):
    """Whose phones are called: Kamailio there (None: ours), and the length of the packets that they are offered."""

    at: Endpoint | None
    packet_ms: int


class Worker:
    """Everything about legs. Made and used in one running event loop."""

    def __init__(
        self,
        socket: Path,
        sealer: Sealer,
        ports: RtpPorts,
        order: Callable[[Order], None],
        orphans_s: float,
        codecs: Sequence[Coding],
        packet_ms: int,
        peers: Mapping[str, Neighbour] = {},
    ) -> None:
        """`codecs`, `packet_ms`: what our phones are offered, the best first. `peers`: other branches, by their box."""
        self.service = Service(socket, sealer, "leg worker", self._handle, self._snapshot, self._controller_changed)
        self._incarnation = sealer.identity.incarnation
        self._ports = ports
        self._order = order
        self._orphans_s = orphans_s
        self._codecs = codecs
        self._ours = Neighbour(None, packet_ms)
        self._peers = peers
        self._overloaded = False
        self._legs = LegTable()
        self._unheard = Unheard()
        self._call_ids: dict[str, str] = {}
        self._answering: set[str] = set()
        self._held: set[str] = set()
        self._numbers = itertools.count(1)
        self._orphans: asyncio.TimerHandle | None = None

    def owns(self, call_id: str) -> bool:
        """Whether a SIP Call-ID is that of a leg of this incarnation."""
        return call_id.startswith(self._incarnation) or call_id in self._call_ids.values()

    # Commands.

    def _handle(self, envelope: Envelope) -> None:
        body = envelope.body
        try:
            self._carry_out(body)
        except UnknownLegError as unknown:
            raise CommandRefusedError("leg.unknown", f"there is no leg {unknown.args[0]}") from unknown

    def _carry_out(self, body: Body) -> None:
        match body:
            case wire.PlaceLeg():
                self._place(body)
            case wire.ProceedLeg(inband=True) | wire.AlertLeg(inband=True) | wire.ReleaseLeg(inband=True):
                raise CommandRefusedError("leg.state", "SIP gives no sound of ours before the answer yet")
            case wire.ProceedLeg():
                self._proceed(body)
            case wire.AlertLeg(leg=leg):
                self._check(leg, LegStep.ALERT)
                self._legs.move(leg, LegStep.ALERT)
                self._order(Ring(leg))
            case wire.AnswerLeg(leg=leg):
                self._check(leg, LegStep.ANSWER)
                self._answering.add(leg)
                self._order(Answer(leg))
            case wire.ReleaseLeg(leg=leg, cause=cause):
                self._let_go(leg, cause)
            case wire.TransferTold(leg=leg, done=done):
                self._legs.get(leg)
                self._order(Notify(leg, done))
            case wire.TakeSnapshot():
                for told in self._snapshot():
                    self.service.publish(told)
            case _:
                raise CommandRefusedError("message.unknown", f"{type(body).__name__} is no command of a leg worker")

    def _let_go(self, leg: str, cause: int) -> None:
        if any(living.leg == leg for living in self._legs.living()):
            self._order(HangUp(leg, cause))
            self._release(leg, cause, ReleasedBy.US)

    def _place(self, body: wire.PlaceLeg) -> None:
        if not is_number(body.to) or not body.complete:
            raise CommandRefusedError("leg.number", "what is to be called by SIP must be a whole number")
        if any(leg.leg == body.leg for leg in self._legs.living()):
            raise CommandRefusedError("leg.state", f"leg {body.leg} is there already")
        there = self._peer(body.trunk)
        codecs = self._ports.fitting(self._codecs)
        if not codecs:
            self._overload()
        port = self._ports.take(codecs, there.packet_ms) if codecs else None
        if port is None or not self._ports.open(port, supposed(codecs, there.packet_ms)):
            cause = causes.TEMPORARY_FAILURE if port is not None else causes.NO_CHANNEL if codecs else causes.CONGESTION
            gone = wire.LegReleased(leg=body.leg, cause=cause, by=ReleasedBy.FAULT, sample=self._ports.samples)
            self.service.publish(gone)
            return
        call_id = self._call_ids[body.leg] = f"{self._incarnation}-{next(self._numbers)}"
        told = {"contact": body.contact, "clid": body.clid, "to": body.to, "trunk": body.trunk, "call_id": call_id}
        channel = wire.sip_channel(body.to, body.trunk)
        leg = self._legs.add(body.leg, Direction.OUTGOING, channel, port, **told)
        self.service.publish(wire.LegPlaced(leg=leg))
        self._order(Place(body.leg, call_id, port, body.to, body.clid, codecs, there.packet_ms, at=there.at))

    def _peer(self, box: str | None) -> Neighbour:
        """Where the phone is; None: at our own branch."""
        if box is None:
            return self._ours
        if box not in self._peers:
            raise CommandRefusedError("leg.trunk", f"{box!r} is no peer of this branch; {suggestion(box, self._peers)}")
        return self._peers[box]

    def _proceed(self, body: wire.ProceedLeg) -> None:
        leg = self._legs.get(body.leg)
        if leg.direction is not Direction.INCOMING or leg.state not in {LegState.OFFERED, LegState.PROCEEDING}:
            raise CommandRefusedError("leg.state", f"a {leg.direction} leg that is {leg.state} cannot proceed")
        if leg.state is LegState.OFFERED:
            self._legs.move(body.leg, LegStep.PROCEED)
        self._legs.note(body.leg, body.contact)

    def _check(self, leg: str, by: LegStep) -> None:
        known = self._legs.get(leg)
        if known.direction is not Direction.INCOMING or not self._legs.may(leg, by) or leg in self._answering:
            raise CommandRefusedError("leg.state", f"a {known.direction} leg that is {known.state} cannot {by}")

    # Signals.

    def take(self, signal: Signal) -> None:
        """From the stack. A signal about a leg that is over is what it looks like: late."""
        try:
            self._take(signal)
        except UnknownLegError:
            log.debug("sip.signal.late", signal=type(signal).__name__, leg=signal.call)

    def _take(self, signal: Signal) -> None:
        match signal:
            case Offered() | Overloaded():
                self._called(signal)
            case Proceeding(call=leg):
                if self._moves(leg, LegStep.PROCEED):
                    self.service.publish(wire.LegProceeding(leg=leg))
            case Alerting(call=leg, inband=inband):
                if self._moves(leg, LegStep.ALERT):
                    self.service.publish(wire.LegAlerting(leg=leg, inband=inband))
            case Answered(call=leg):
                sample = self._ports.samples
                self._legs.move(leg, LegStep.ANSWER, sample)
                self._answering.discard(leg)
                self.service.publish(wire.LegAnswered(leg=leg, sample=sample))
            case Pointed() | Dialled() | Referred():
                self._in_talk(signal)
            case Over(call=leg, cause=cause, status=status, fault=fault):
                self._release(leg, cause, ReleasedBy.FAULT if fault else ReleasedBy.PEER, status)
            case Lost(call=leg, cause=cause):
                self._release(leg, cause, ReleasedBy.FAULT)
                self._order(HangUp(leg, cause))

    def _called(self, signal: Offered | Overloaded) -> None:
        if isinstance(signal, Overloaded):
            self._overload()
            return
        if not self._ports.open(signal.port, signal.codec):
            self._order(HangUp(signal.call, causes.TEMPORARY_FAILURE))
            return
        told = {"clid": signal.clid, "dnis": signal.dnis, "call_id": signal.call_id}
        leg = self._legs.add(signal.call, Direction.INCOMING, f"sip {signal.clid or '?'}", signal.port, **told)
        self._call_ids[signal.call] = signal.call_id
        self.service.publish(wire.LegOffered(leg=leg))
        if not self.service.controlled:
            self._watch_orphans()

    def _referred(self, signal: Referred, leg: wire.Leg) -> None:
        """A call to be replaced is one of the same phone; where it is not, or nobody controls, nothing comes of it."""
        named = [other for other in self._legs.living() if other.call_id == signal.replaces and other.clid == leg.to]
        if not self.service.controlled or (signal.replaces is not None and not named):
            self._order(Notify(signal.call, done=False))
            return
        replaces = named[0].leg if named else None
        self.service.publish(wire.TransferAsked(leg=signal.call, to=signal.to, replaces=replaces))

    def _in_talk(self, signal: Pointed | Dialled | Referred) -> None:
        leg = self._legs.get(signal.call)
        if isinstance(signal, Referred):
            self._referred(signal, leg)
        elif leg.port is None:
            return
        elif isinstance(signal, Dialled):
            self._ports.tell_digit(leg.port, signal.digit, signal.duration_ms)
        else:
            self._pointed(signal, leg.state, leg.port)

    def _pointed(self, signal: Pointed, state: LegState, port: int) -> None:
        if signal.held:
            self._held.add(signal.call)
        else:
            self._held.discard(signal.call)
        settled = state is LegState.ANSWERED or self._ports.settle(port, signal.codec)
        if not settled or (signal.keys is not None and not self._ports.secure(port, signal.keys)):
            self.engine_refused(port, "busy")
        elif signal.remote.address != "0.0.0.0":  # noqa: S104  # RFC 2543's hold
            self._ports.point(port, signal.remote, signal.codec.packet_ms)

    def _moves(self, leg: str, by: LegStep) -> bool:
        """Take the step where TABLE has it; a repeated 180 or a 183 after it is nothing new."""
        if not self._legs.may(leg, by):
            return False
        self._legs.move(leg, by)
        return True

    def _release(self, leg: str, cause: int, by: ReleasedBy, status: int | None = None) -> None:
        port = self._legs.get(leg).port
        sample = self._ports.samples
        if port is not None:
            self._ports.close(port)
        self._relieve()
        ended = self._legs.release(leg, cause, by, sample)
        self._unheard.ended(ended, controlled=self.service.controlled)
        self._answering.discard(leg)
        self._held.discard(leg)
        self._call_ids.pop(leg, None)
        refused = status if status is not None and status >= 300 else None
        self.service.publish(wire.LegReleased(leg=leg, cause=cause, by=by, sample=sample, sip_status=refused))
        log.info("sip.leg.released", leg=leg, cause=cause, by=by, status=status)

    def _overload(self) -> None:
        log.warning("sip.call.refused", why=OVERLOAD.sentence)
        if not self._overloaded:
            self._overloaded = True
            self.service.publish(OVERLOAD)

    def _relieve(self) -> None:
        if self._overloaded and self._ports.relieved:
            self._overloaded = False
            self.service.publish(AlarmCleared(code=OVERLOAD.code, address=OVERLOAD.address))

    # The engine.

    def engine_silent(self, port: int) -> None:
        """Ten seconds without sound of a peer that should send: ask it whether it is there."""
        for leg in self._legs.living():
            if leg.port == port and leg.state is LegState.ANSWERED and leg.leg not in self._held:
                self._order(Probe(leg.leg))

    def engine_refused(self, port: int, error: str) -> None:
        """The engine could not open a leg's port, or give it its keys."""
        for leg in self._legs.living():
            if leg.port == port:
                log.error("sip.port.refused", leg=leg.leg, port=port, error=error)
                self._order(HangUp(leg.leg, causes.TEMPORARY_FAILURE))
                self._release(leg.leg, causes.TEMPORARY_FAILURE, ReleasedBy.FAULT)

    # Controllers.

    def _snapshot(self) -> Iterable[Body]:
        legs = (*self._legs.living(), *self._unheard.legs)
        return (wire.LegSnapshot(legs=legs), *([OVERLOAD] if self._overloaded else []))

    def _controller_changed(self, attached: bool) -> None:  # noqa: FBT001  # the service's callback
        if self._orphans is not None:
            self._orphans.cancel()
            self._orphans = None
        self._unheard.controller(attached=attached)
        if not attached:
            self._watch_orphans()

    def _watch_orphans(self) -> None:
        """Legs have nobody to answer for them from now on."""
        if self._orphans is None:
            self._orphans = asyncio.get_running_loop().call_later(self._orphans_s, self._release_orphans)

    def _release_orphans(self) -> None:
        self._orphans = None
        for leg in self._legs.living():
            log.warning("sip.leg.orphaned", leg=leg.leg)
            self._order(HangUp(leg.leg, causes.TEMPORARY_FAILURE))
            self._release(leg.leg, causes.TEMPORARY_FAILURE, ReleasedBy.FAULT)
