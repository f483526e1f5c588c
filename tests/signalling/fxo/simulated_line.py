# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines drawn at random, and a minute of ordinary use of each: a call that comes, a prompt, a talk, a hang-up.

Written before what learns from it, and without sight of it. Parameters of held-out lines lie outside the ranges of the
others; a learner is made with these and judged by those.

    line = SimulatedLine(seed=7, mode="CHINA", held_out=False)
    for number in range(line.blocks):
        moment = line.block(number, acim=0)     # 20 ms, with the port set to this impedance
    line.truth                                  # what there was to be found

The pair and the exchange: a network of the data sheet's impedances behind a cable of 0.4 mm (R, L and C a kilometre);
what we send comes back by the mismatch with what the port is set to.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from appliance.signalling.fxo.events import Feed
from appliance.signalling.fxo.modes import impedances, load
from appliance.signalling.fxo.settings import CallerId, HangUp, Place
from dsp.caller_id import DtmfForm, Message, dtmf_digits, encode
from dsp.dtmf import DtmfSender
from dsp.g711 import alaw_decode, alaw_encode
from dsp.tools.tone_zones import Pitch, parsed, zones
from tests.dsp.caller_id_sound import burst
from tests.dsp.tone_sound import PEAK_0_DBM0
from tests.signalling.fxo.sound import STANDARDS
from tests.sound.speech import speech

Sound = npt.NDArray[np.float64]
Ranges = tuple[tuple[float, float], ...]

RATE_HZ = 8000
BLOCK = 160
TAPS = 128
SECONDS = 60
CHINAS, GLOBAL = 10, 15  # 200 ohms + (680 ohms | 100 nF), which its mode's global setting stands for
PROMPT_S = 16.0
NEAR_DB, ENOUGH_DB = 1.5, 26.0

# Made with, judged by.
CPC_MS: dict[bool, Ranges] = {False: ((300, 600),), True: ((250, 300), (600, 900))}
BUSY_MS: dict[bool, Ranges] = {False: ((220, 480),), True: ((140, 220), (480, 750))}
BUSY_HZ: dict[bool, Ranges] = {False: ((400, 500),), True: ((350, 400), (500, 640))}
BUSY_DBM0: dict[bool, Ranges] = {False: ((-25, -12),), True: ((-32, -25), (-12, -8))}
NOISE_DBM0: dict[bool, Ranges] = {False: ((-66, -58),), True: ((-58, -52),)}
CABLE_KM: dict[bool, Ranges] = {False: ((0.3, 1.5),), True: ((0.0, 0.3), (1.5, 3.0))}
CALLER_DBM0: dict[bool, Ranges] = {False: ((-25, -12),), True: ((-30, -25), (-12, -9))}
VOICE_DB: dict[bool, Ranges] = {False: ((-8, 2),), True: ((-14, -8),)}

METHODS = (
    frozenset({HangUp.POLARITY}),
    frozenset({HangUp.CPC}),
    frozenset({HangUp.TONE}),
    frozenset({HangUp.POLARITY, HangUp.TONE}),
    frozenset({HangUp.CPC, HangUp.TONE}),
    frozenset[HangUp](),
)
CALLERS = [
    (kind, place)
    for kind in (CallerId.BELL202, CallerId.V23, CallerId.DTMF)
    for place in (Place.BEFORE_RING, Place.POLARITY, Place.AFTER_RING)
] + [(CallerId.V23_JP, Place.POLARITY), (CallerId.NONE, Place.AFTER_RING)]


@dataclass(frozen=True)
class Truth:
    """What is to be found. `loss_db` by acim: how much weaker what we send comes back (see _losses)."""

    hang_up: frozenset[HangUp]
    busy_ms: tuple[int, int] | None
    caller_id: CallerId
    place: Place
    loss_db: tuple[float, ...]


def right(acim: int, truth: Truth) -> bool:
    """An impedance is right that loses little less than the best, or so much that it does not matter which."""
    return truth.loss_db[acim] >= min(max(truth.loss_db) - NEAR_DB, ENOUGH_DB)


@dataclass(frozen=True)
class Moment:
    """20 ms. `feeds` and `rings` are the changes within it, with their times in seconds."""

    at_s: float
    off_hook: bool
    feeds: list[tuple[float, Feed]]
    rings: list[tuple[float, bool]]
    sent: bytes
    heard: bytes


def drawn(random: np.random.Generator, ranges: Ranges) -> float:
    """Somewhere in one of the ranges."""
    low, high = ranges[int(random.integers(0, len(ranges)))]
    return float(random.uniform(low, high))


def network(hz: Sound, acim: int) -> npt.NDArray[np.complex128]:
    """Impedance of a network of the data sheet; China's for the global setting, which has none published."""
    series, parallel, nanofarads = impedances()[CHINAS if acim == GLOBAL else acim]
    if not nanofarads:
        return np.full(len(hz), series, complex)
    capacitor = 1 / (2j * np.pi * np.maximum(hz, 1.0) * nanofarads * 1e-9)
    return series + (parallel * capacitor / (parallel + capacitor) if parallel else capacitor)


def seen_through(hz: Sound, far: npt.NDArray[np.complex128], km: float) -> npt.NDArray[np.complex128]:
    """What an impedance looks like at the other end of a cable."""
    w = 2j * np.pi * np.maximum(hz, 1.0)
    series, shunt = 280 + w * 0.6e-3, w * 45e-9  # of a kilometre
    own, turn = np.sqrt(series / shunt), np.tanh(np.sqrt(series * shunt) * km)
    seen: npt.NDArray[np.complex128] = own * (far + own * turn) / (own + far * turn)
    return seen


class SimulatedLine:
    """One line, and its minute."""

    blocks = SECONDS * RATE_HZ // BLOCK

    def __init__(self, seed: int, mode: str, *, held_out: bool) -> None:
        self._random = np.random.default_rng([seed, held_out])
        self._held_out = held_out
        self._heard = np.zeros(SECONDS * RATE_HZ)
        self._sent = np.zeros(SECONDS * RATE_HZ)
        self._feeds: list[tuple[float, Feed]] = [(0.0, Feed.NORMAL)]
        self._rings: list[tuple[float, bool]] = [(0.0, False)]
        self._echoes: dict[int, Sound] = {}
        random = self._random
        self._noise_dbm0 = drawn(random, NOISE_DBM0[held_out])
        caller_id, place = CALLERS[int(random.integers(0, len(CALLERS)))]
        methods = METHODS[int(random.integers(0, len(METHODS)))]
        self._lay_pair(mode)
        self.answer_s = self._ring(caller_id, place)
        hang_up_s = self._talk(methods)
        busy = self._hang_up(methods, hang_up_s)
        self.release_s = hang_up_s + 13.0
        self._heard += random.normal(0, PEAK_0_DBM0 / np.sqrt(2) * 10 ** (self._noise_dbm0 / 20), len(self._heard))
        self.truth = Truth(methods, busy, caller_id, place, self._losses())

    def block(self, number: int, acim: int) -> Moment:
        """The 20 ms of this number, with the port at this impedance."""
        first, begun, ended = number * BLOCK, number * BLOCK / RATE_HZ, (number + 1) * BLOCK / RATE_HZ
        off_hook = self.answer_s <= begun < self.release_s
        heard = self._heard[first : first + BLOCK]
        if off_hook:
            heard = heard + self._echo(first, acim)
        linear = np.clip(np.rint(heard), -32768, 32767).astype(np.int16).tobytes()
        return Moment(
            begun,
            off_hook,
            [change for change in self._feeds if begun <= change[0] < ended],
            [change for change in self._rings if begun <= change[0] < ended],
            self._sent[first : first + BLOCK].astype(np.int16).tobytes(),
            alaw_decode(alaw_encode(linear)).tobytes(),
        )

    # The pair.

    def _lay_pair(self, mode: str) -> None:
        hz = np.fft.rfftfreq(2 * TAPS, 1 / RATE_HZ).astype(np.float64)
        acim = load(mode).acim
        km = drawn(self._random, CABLE_KM[self._held_out])
        self._hz: Sound = hz
        self._line = seen_through(hz, network(hz, acim), km)

    def _mismatch(self, acim: int) -> npt.NDArray[np.complex128]:
        port = network(self._hz, acim)
        mismatch: npt.NDArray[np.complex128] = (self._line - port) / (self._line + port)
        return mismatch

    def _losses(self) -> tuple[float, ...]:
        """Return losses over 300 to 3400 Hz, each octave with equal weight (G.122 annex B has such a slope)."""
        band = (self._hz >= 300) & (self._hz <= 3400)
        weight = 1 / self._hz[band]
        means = [
            float(np.sum(weight * np.abs(self._mismatch(acim)[band]) ** 2) / np.sum(weight))
            for acim in range(len(impedances()))
        ]
        return tuple(-10 * np.log10(mean + 1e-6) for mean in means)

    def _echo(self, first: int, acim: int) -> Sound:
        if acim not in self._echoes:
            delayed = self._mismatch(acim) * np.exp(-2j * np.pi * self._hz * 8 / RATE_HZ)
            self._echoes[acim] = np.fft.irfft(delayed)[:TAPS]
        begun = max(0, first - TAPS + 1)
        piece = np.convolve(self._sent[begun : first + BLOCK], self._echoes[acim])
        return piece[first - begun : first - begun + BLOCK]

    # What happens, in order.

    def _add(self, at_s: float, sound: Sound) -> float:
        """Heard from then on; returns when it has ended."""
        first = round(at_s * RATE_HZ)
        sound = sound[: max(0, len(self._heard) - first)]
        self._heard[first : first + len(sound)] += sound
        return at_s + len(sound) / RATE_HZ

    def _ring_once(self, at_s: float, *bursts: float) -> float:
        for place, seconds in enumerate(bursts):
            if place % 2 == 0:
                self._rings += [(at_s, True), (at_s + seconds, False)]
            at_s += seconds
        return at_s

    def _ring(self, kind: CallerId, place: Place) -> float:
        """Up to our answer within the second ring; returns when that is."""
        random = self._random
        at = float(random.uniform(0.5, 1.5))
        double = random.random() < 0.2
        ring = (0.4, 0.2, 0.4) if double else (float(random.uniform(0.8, 2.0)),)
        pause = float(random.uniform(3.4, 4.2))
        if place is Place.POLARITY:
            self._feeds.append((at, Feed.REVERSED))
            at += float(random.uniform(0.2, 0.6))
        if kind is CallerId.V23_JP:
            for _ in range(int(random.integers(4, 8))):
                at = self._ring_once(at, 0.5) + 0.5
        elif place is not Place.AFTER_RING:
            at = self._add(at, self._caller(kind)) + float(random.uniform(0.2, 1.0))
        at = self._ring_once(at, *ring)
        if kind is not CallerId.NONE and place is Place.AFTER_RING:
            self._add(at + float(random.uniform(0.5, 0.9)), self._caller(kind))
        at = self._ring_once(at + pause, ring[0])
        self._rings[-1] = (at - 0.2, False)  # the answer trips it
        return at - 0.2

    def _caller(self, kind: CallerId) -> Sound:
        random = self._random
        level = drawn(random, CALLER_DBM0[self._held_out])
        number = "".join(map(str, random.integers(0, 10, random.integers(5, 12))))
        if kind is CallerId.DTMF:
            sender = DtmfSender(on_ms=70, off_ms=70, low_level_dbm0=level - 1, high_level_dbm0=level)
            sender.send(dtmf_digits(Message(number=number), DtmfForm(int(random.integers(0, 4)))))
            sound, busy = sender.process(20000)
            return np.frombuffer(sound, np.int16)[:busy].astype(float)
        standard = STANDARDS[kind]
        name = str(random.choice(["", "JOHN Q SMITH"]))
        return burst(encode(Message(number=number, name=name), standard), standard, random, level_dbm0=level)

    def _talk(self, methods: frozenset[HangUp]) -> float:
        """Our prompt, the caller's words into it, his talk; returns when he hangs up."""
        random, begun = self._random, self.answer_s
        if random.random() < 0.3:
            self._reverse(begun + float(random.uniform(0.05, 0.3)))
        if random.random() < 0.4:
            self._open(begun + float(random.uniform(0.05, 0.3)), float(random.uniform(0.02, 0.12)))
        prompt = speech(PROMPT_S, "agent", int(random.integers(0, 6))).astype(float)
        first = round((begun + 1) * RATE_HZ)
        self._sent[first : first + len(prompt)] = prompt
        voice = 10 ** (drawn(random, VOICE_DB[self._held_out]) / 20)
        for _ in range(int(random.integers(0, 3))):
            word = speech(float(random.uniform(0.4, 1.2)), "caller", int(random.integers(0, 6))).astype(float)
            self._add(begun + float(random.uniform(2, PROMPT_S - 2)), voice * word)
        talk = float(random.uniform(4, 7))
        ended = self._add(
            begun + PROMPT_S + 1.5, voice * speech(talk, "caller", int(random.integers(0, 6))).astype(float)
        )
        self._disturb(begun + 3, ended - 2.5, metered=HangUp.POLARITY not in methods)
        return ended + float(random.uniform(0.0, 0.5))

    def _disturb(self, begun: float, ended: float, *, metered: bool) -> None:
        """What is no hang-up: noise of relays, switching, a charge unit by reversal, a beep of another call."""
        random = self._random
        times = np.sort(random.uniform(begun, ended - 1, 6))
        for place in range(int(random.integers(0, 3))):
            self._reverse(float(times[place]))
            self._reverse(float(times[place]) + float(random.uniform(0.005, 0.04)))
        if random.random() < 0.4:
            self._open(float(times[4]), float(random.uniform(0.02, 0.12)))
        if metered and random.random() < 0.3:
            self._reverse(ended - 0.9)
            self._reverse(ended - 0.9 + float(random.uniform(0.15, 0.5)))
        if random.random() < 0.2:
            at = np.arange(round(0.3 * RATE_HZ)) / RATE_HZ
            self._add(ended - 1.5, PEAK_0_DBM0 * 10 ** (-18 / 20) * np.sin(2 * np.pi * 440 * at))

    def _reverse(self, at_s: float) -> None:
        polarity = [feed for at, feed in sorted(self._feeds) if at <= at_s and feed is not Feed.OPEN][-1]
        self._feeds.append((at_s, Feed.REVERSED if polarity is Feed.NORMAL else Feed.NORMAL))

    def _open(self, at_s: float, seconds: float) -> None:
        """And what was before comes back."""
        polarity = [feed for at, feed in sorted(self._feeds) if at <= at_s and feed is not Feed.OPEN][-1]
        self._feeds += [(at_s, Feed.OPEN), (at_s + seconds, polarity)]

    def _hang_up(self, methods: frozenset[HangUp], at_s: float) -> tuple[int, int] | None:
        """Returns the cadence of the busy tone, if one follows."""
        self._feeds.sort()
        if HangUp.POLARITY in methods:
            self._reverse(at_s)
        if HangUp.CPC in methods:
            self._open(at_s + float(self._random.uniform(0, 0.1)), drawn(self._random, CPC_MS[self._held_out]) / 1000)
        self._feeds.sort()
        if HangUp.TONE not in methods:
            return None
        low, high, on, off = self._busy()
        at = at_s + float(self._random.uniform(1.1, 2.0))
        level = PEAK_0_DBM0 * 10 ** (drawn(self._random, BUSY_DBM0[self._held_out]) / 20)
        while at < at_s + 12:
            turns = 2 * np.pi * np.arange(8 * on) / RATE_HZ
            sound = sum((np.sin(hz * turns) for hz in (low, high) if hz), start=np.zeros(8 * on))
            at = self._add(at, level * sound) + off / 1000
        return on, off

    def _busy(self) -> tuple[float, float, int, int]:
        """Frequencies and milliseconds: half of them a zone's, half what a PBX may have."""
        random, held_out = self._random, self._held_out
        steps = parsed(str(zones()[str(random.choice(sorted(zones())))]["busy"]))[0]
        if random.random() < 0.5 and len(steps) == 2 and steps[1].pitch == Pitch(0, 0, 0):
            pitch = steps[0].pitch
            return pitch.low_hz, pitch.high_hz, steps[0].ms, steps[1].ms
        hz = drawn(random, BUSY_HZ[held_out])
        return hz, 0, round(drawn(random, BUSY_MS[held_out])), round(drawn(random, BUSY_MS[held_out]))
