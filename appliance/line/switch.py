# SPDX-License-Identifier: GPL-2.0-only
"""What the line asks of the media engine, in order, even while the engine's command ring is full for a moment."""

from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import msgspec
import structlog

from appliance.media.engine import EngineBusyError
from appliance.media.events import CallerStandard, Profile, SignalKind, ToneKind
from appliance.signalling.circuit import CircuitEngine
from drivers.model import TIMESLOTS_PER_SPAN
from dsp.dtmf import STANDARD

log = structlog.get_logger()

RETRY_S = 0.005  # one tick of the engine


class TrunkPlan(msgspec.Struct, frozen=True):
    """How a span's bearers are heard: tail of the echo canceller (0: none), gain (+) and loss (−) each way, DTMF.

    `administration`, `non_operate_dbm0`: limits by which digits are heard, see dsp.dtmf.
    """

    echo_tail_ms: int = 0
    rx_db: float = 0.0
    tx_db: float = 0.0
    administration: str = STANDARD
    non_operate_dbm0: float | None = None

    @property
    def has_limits(self) -> bool:
        """Others than a port's own."""
        return (self.administration, self.non_operate_dbm0) != (STANDARD, None)


class TimeslotEngine(CircuitEngine, Protocol):
    """The part of appliance.media.engine.Engine that a line needs."""

    @property
    def samples(self) -> int:
        """The sample clock."""

    def set_profile(self, port: int, profile: Profile, echo_tail_ms: int = 0) -> None:
        """Say what it carries."""

    def set_gain(self, port: int, rx_db: float, tx_db: float) -> None:
        """Gain and loss plan."""

    def set_dtmf(self, port: int, administration: str, non_operate_dbm0: float | None = None) -> None:
        """Limits by which digits are heard."""

    def send_frame(self, span: int, frame: bytes) -> None:
        """Send on the D-channel."""


class Switch:
    """Engine commands that wait their turn. `later(seconds, function)` calls once, as an event loop does.

    `plans` by span; a span without one has neither echo canceller nor gain, and a port's own limits of DTMF.
    """

    def __init__(
        self,
        engine: TimeslotEngine,
        later: Callable[[float, Callable[[], None]], object],
        plans: Mapping[int, TrunkPlan] | None = None,
    ) -> None:
        self._engine = engine
        self._later = later
        self._plans = plans or {}
        self._waiting: deque[Callable[[], None]] = deque()
        self._busy = False

    @property
    def samples(self) -> int:
        """The engine's clock now."""
        return self._engine.samples

    def open_timeslot(self, port: int) -> None:
        """Open a timeslot's port for a voice."""
        plan = self._plans.get(port // TIMESLOTS_PER_SPAN, TrunkPlan())
        self._do(lambda: self._engine.open_timeslot(port))
        self._do(lambda: self._engine.set_profile(port, Profile.VOICE, plan.echo_tail_ms))
        if plan.rx_db or plan.tx_db:
            self._do(lambda: self._engine.set_gain(port, plan.rx_db, plan.tx_db))
        if plan.has_limits:
            self._do(lambda: self._engine.set_dtmf(port, plan.administration, plan.non_operate_dbm0))

    def close_port(self, port: int) -> None:
        """Close it; what plays, records or is bridged there ends."""
        self._do(lambda: self._engine.close_port(port))

    def send(self, span: int, frame: bytes) -> None:
        """Send a D-channel frame."""
        self._do(lambda: self._engine.send_frame(span, frame))

    def set_bits(self, port: int, abcd: int) -> None:
        """Send a timeslot's bits."""
        self._do(lambda: self._engine.set_bits(port, abcd))

    def hear_signals(
        self,
        port: int,
        kinds: Collection[SignalKind],
        zone: str = "cn",
        caller: CallerStandard | None = None,
        *,
        sound: bool = False,
        echo: bool = False,
        gated: bool = False,
    ) -> None:
        """Tell signals of these kinds, tones by the zone, callers, all sound: see appliance.media.engine.Engine."""
        self._do(lambda: self._engine.hear_signals(port, kinds, zone, caller, sound=sound, echo=echo, gated=gated))

    def send_signal(self, port: int, kind: SignalKind, signal: int) -> None:
        """Hold a register signal; 0: silence."""
        self._do(lambda: self._engine.send_signal(port, kind, signal))

    def send_digits(self, port: int, send_id: int, digits: str) -> None:
        """Send digits by DTMF."""
        self._do(lambda: self._engine.send_digits(port, send_id, digits))

    def send_mf(self, port: int, send_id: int, signals: str) -> None:
        """Send signals by MF."""
        self._do(lambda: self._engine.send_mf(port, send_id, signals))

    def tone(self, port: int, kind: ToneKind, zone: str = "cn") -> None:
        """Give a call progress tone."""
        self._do(lambda: self._engine.tone(port, kind, zone))

    def stop(self, port: int) -> None:
        """Stop it."""
        self._do(lambda: self._engine.stop(port))

    def flush(self) -> None:
        """Do what waits, as far as the engine takes it."""
        try:
            while self._waiting:
                self._waiting[0]()
                self._waiting.popleft()
        except EngineBusyError as error:
            if not self._busy:
                log.warning("line.engine.busy", error=str(error), waiting=len(self._waiting))
            self._busy = True
            self._later(RETRY_S, self.flush)
        else:
            self._busy = False

    def _do(self, command: Callable[[], None]) -> None:
        self._waiting.append(command)
        if len(self._waiting) == 1:
            self.flush()
