# SPDX-License-Identifier: GPL-2.0-only
"""An FXO line whose sound is a port of the media engine: what is to be heard goes by its ears, numbers by its sender.

Tones, voice and caller ID by FSK are heard by the engine; digits of caller ID by DTMF become a message here. How the
hook is moved, and what is seen of the pair, is a subclass's.
"""

from abc import abstractmethod
from collections.abc import Callable

from appliance.media.events import CallerHeard, CallerStandard, DigitsSent, SignalHeard, SignalKind, SoundHeard
from appliance.signalling import circuit
from appliance.signalling.circuit import CircuitEngine, Heard
from appliance.signalling.fxo.events import Dial, Ear, Hook, Listen, Order, Pulse, SetHook
from appliance.signalling.fxo.learning.line import LearningLine
from appliance.signalling.fxo.line import Call, Line
from appliance.signalling.fxo.settings import CallerId, Settings
from dsp.caller_id import DtmfCallerIdReceiver, Fault, Result, Standard, decode
from dsp.g711 import alaw_decode
from dsp.tone import Kind

HEARS = frozenset({Ear.SOUND, Ear.STIR})
_EARS = {Ear.PROGRESS: SignalKind.PROGRESS, Ear.VOICE: SignalKind.VOICE}
_FSK = {
    CallerId.BELL202: CallerStandard.BELL202,
    CallerId.V23: CallerStandard.V23,
    CallerId.V23_JP: CallerStandard.V23_JP,
}


class LineCircuit(circuit.Circuit[Line]):
    """A line of an exchange. `clock` is the line's."""

    def __init__(self, line: Line, engine: CircuitEngine, port: int, clock: Callable[[], float]) -> None:
        super().__init__(line, engine, port)
        self._clock = clock
        self._sending = 0
        self._ears: frozenset[Ear] = frozenset()
        self._digits: DtmfCallerIdReceiver | None = None
        self._steps: list[tuple[Hook, int]] = []  # of pulses that are not sent yet
        self._step_at: float | None = None

    def take(self, event: Heard) -> None:
        """Something was heard on the timeslot."""
        match event:
            case SignalHeard(kind=SignalKind.PROGRESS, code=code, on=on):
                self.channel.hear_tone(Kind(code) if on else None)
            case SignalHeard(kind=SignalKind.VOICE, on=on):
                self.channel.hear_voice(on=on)
            case SignalHeard(kind=SignalKind.DTMF, code=code, sample=sample) if self._digits:
                self._called(self._digits.digit(chr(code), sample))
            case CallerHeard(octets=octets, standard=standard):
                self.channel.hear_caller(decode(octets, Standard(standard)) if octets else None)
            case SoundHeard() if isinstance(self.channel, LearningLine):
                sent, echoed = alaw_decode(event.sent), alaw_decode(event.echoed)
                self.channel.hear_sound(alaw_decode(event.heard), sent, event.sample, echoed)
            case DigitsSent(send_id=self._sending):
                self.channel.dialled()

    def run(self) -> None:
        """Do all that is due."""
        while self._step_at is not None and self._step_at <= self._clock():
            self._pulse(self._step_at)
        super().run()

    def due(self) -> float | None:
        """When `run` must be called next."""
        return min((at for at in (self._step_at, super().due()) if at is not None), default=None)

    def place(self, dnis: str, clid: str | None) -> None:
        """Call out; the caller's number is the line's. Raises ValueError for what cannot be dialled."""
        del clid
        self.channel.place(Call(dnis))

    def change(self, settings: Settings) -> None:
        """The line is such from now on; no call ends by it. Ears that listen do so by the new zone and kind."""
        self.channel.change(settings)
        self.listen()

    def listen(self) -> None:
        """Begin anew with what is to be heard."""
        self._listen(self._ears)

    def alert(self) -> None:
        """The exchange gives its caller the ringing tone itself."""

    @abstractmethod
    def _move(self, hook: Hook) -> None:
        """Move the hook."""

    def _orders(self) -> list[Order]:
        return self.channel.take_orders()

    def _carry(self, order: Order) -> None:
        match order:
            case SetHook(hook=hook):
                self._step_at = None  # who hangs up dials no more
                self._move(hook)
            case Dial(digits=digits):
                self._need()
                self._sending += 1
                self._engine.send_digits(self.port, self._sending, digits)
            case Pulse(steps=steps):
                self._steps = list(steps)
                self._pulse(self._clock())
            case Listen(ears=ears):
                self._listen(ears)

    def _pulse(self, now: float) -> None:
        """The next step of a number that is pulsed; absolute times, so that none is late by another's lateness."""
        if not self._steps:
            self._step_at = None
            self.channel.dialled()
            return
        hook, ms = self._steps.pop(0)
        self._move(hook)
        self._step_at = now + ms / 1000

    def _listen(self, ears: frozenset[Ear]) -> None:
        self._ears, settings = ears, self.channel.settings
        kinds = [kind for ear, kind in _EARS.items() if ear in ears]
        caller = _FSK.get(settings.caller_id) if Ear.CALLER_ID in ears else None
        by_digits = Ear.CALLER_ID in ears and settings.caller_id is CallerId.DTMF
        self._digits = DtmfCallerIdReceiver() if by_digits else None
        kinds += [SignalKind.DTMF] if by_digits else []
        self._hear(
            kinds, settings.zone, caller, sound=bool(ears & HEARS), echo=Ear.ECHO in ears, gated=Ear.STIR in ears
        )

    def _called(self, result: Result | None) -> None:
        if result is not None:
            self.channel.hear_caller(result.message if result.fault is Fault.NONE else None)
