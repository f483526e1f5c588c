# SPDX-License-Identifier: GPL-2.0-only
"""An FXO line with ears: what it orders to be listened for is heard by the dsp blocks, in virtual time."""

from array import array

from appliance.signalling.fxo.cadence import BusyEar
from appliance.signalling.fxo.events import Ear, Listen, SetMode
from appliance.signalling.fxo.settings import CallerId, Settings
from dsp.bank import Bank
from dsp.bank import Kind as BankKind
from dsp.caller_id import CallerIdReceiver, DtmfCallerIdReceiver, Fault, Result, Standard
from dsp.dtmf import DtmfReceiver
from dsp.tone import Kind
from dsp.vad import Vad
from tests.signalling.fxo.rig import Rig

BLOCK = 160
BLOCK_S = 0.02
STANDARDS = {
    CallerId.BELL202: Standard.BELL202,
    CallerId.V23: Standard.V23,
    CallerId.V23_JP: Standard.V23_JP,
}


class DtmfCaller:
    """Caller ID by DTMF out of sound."""

    def __init__(self) -> None:
        self._digits = DtmfReceiver()
        self._message = DtmfCallerIdReceiver()
        self._at = 0

    def process(self, block: bytes) -> list[Result]:
        """What the next samples bring."""
        heard = [self._message.digit(event.digit, event.at_sample) for event in self._digits.process(block) if event.on]
        self._at += len(block) // 2
        return [result for result in (*heard, self._message.time(self._at)) if result is not None]


class Sounding(Rig):
    """Give it sound; time passes with it."""

    def __init__(self, settings: Settings) -> None:
        self._zone = settings.zone
        self._ears: frozenset[Ear] = frozenset()
        self._bank: Bank | None = None
        self._busy: BusyEar | None = None
        self._vad: Vad | None = None
        self._caller: CallerIdReceiver | DtmfCaller | None = None
        super().__init__(settings)

    def hear(self, sound: bytes) -> None:
        """Linear samples."""
        for at in range(0, len(sound) - len(sound) % (2 * BLOCK), 2 * BLOCK):
            self._block(sound[at : at + 2 * BLOCK])
            self.pass_s(BLOCK_S)

    def take(self) -> None:
        """Orders that concern ears are carried out."""
        begun = len(self.orders)
        super().take()
        for _, order in self.orders[begun:]:
            match order:
                case SetMode(zone=zone):
                    self._zone = zone
                    self._listen(self._ears)
                case Listen(ears=ears):
                    self._listen(ears)

    def _listen(self, ears: frozenset[Ear]) -> None:
        self._ears = ears
        busy_ms = self.line.settings.busy_ms
        self._bank = Bank([BankKind.PROGRESS], zone=self._zone) if Ear.PROGRESS in ears else None
        self._busy = BusyEar(busy_ms) if busy_ms and Ear.PROGRESS in ears else None
        self._vad = Vad() if Ear.VOICE in ears else None
        self._caller = self._receiver() if Ear.CALLER_ID in ears else None

    def _receiver(self) -> CallerIdReceiver | DtmfCaller:
        kind = self.line.settings.caller_id
        return DtmfCaller() if kind is CallerId.DTMF else CallerIdReceiver(STANDARDS[kind])

    def _block(self, block: bytes) -> None:
        for event in self._bank.process(block) if self._bank else ():
            self.line.hear_tone(Kind(event.code) if event.on else None)
        if self._busy and self._busy.hear(block, bytes(len(block))):
            self.line.hear_tone(Kind.BUSY)
        if self._vad is not None:
            self.line.hear_voice(on=self._vad.process(block)[-1])
        for result in self._caller.process(block) if self._caller else ():
            self.line.hear_caller(result.message if result.fault is Fault.NONE else None)


def silence(seconds: float) -> bytes:
    """Nothing."""
    return array("h", bytes(2 * round(8000 * seconds))).tobytes()
