# SPDX-License-Identifier: GPL-2.0-only
"""Speech over a line that loses packets of 20 ms, concealed by us, by spandsp or not at all, and judged by PESQ.

Speech is A-law coded; the judge's reference is the same without loss. spandsp is called in Debian's library through
cffi's ABI mode, 20 ms at a time as its manual wants; ours in ticks of 5 ms, as the engine works.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from cffi import FFI
from pesq import pesq

from dsp.plc import Plc
from tests.sound.alaw import Linear, ideal_pass
from tests.sound.noisy import VOICES, synthetic
from tests.sound.speech import FOLDER, read_wav

PACKET, TICK = 160, 40
PROMPTS = (
    "demo-abouttotry", "dir-intro", "vm-msginstruct", "demo-moreinfo", "conf-usermenu",
    "demo-congrats", "screen-callee-options", "vm-options", "demo-echotest", "demo-nogo",
)  # fmt: skip
Losses = npt.NDArray[np.bool_]
Concealer = Callable[[Linear, Losses], Linear]

_SPANDSP = """
void *plc_init(void *);
int plc_rx(void *, int16_t *, int);
int plc_fillin(void *, int16_t *, int);
int plc_free(void *);
"""


def clips(seconds: float = 8.0, prompts: int = len(PROMPTS), *, voices: bool = True) -> list[Linear]:
    """Prompts, and voices of espeak-ng, of whole packets and after one A-law pass."""
    length = round(8000 * seconds) // PACKET * PACKET
    sounds = [read_wav(FOLDER / f"{name}.wav") for name in PROMPTS[:prompts]]
    for voice in VOICES if voices else ():
        sound = synthetic(voice)
        sounds.append(np.clip(sound * 3000 / np.sqrt(np.mean(sound**2)), -32768, 32767).astype(np.int16))
    return [ideal_pass(sound[: min(length, len(sound) // PACKET * PACKET)]) for sound in sounds]


def losses(packets: int, share: float, seed: int, burst: int = 1) -> Losses:
    """Which packets are lost: at random, `burst` in a row each time. The first three come."""
    random, lost, at = np.random.default_rng(seed), np.zeros(packets, np.bool_), 3
    while at < packets:
        hit = random.random() < share / burst
        lost[at : at + burst] = hit
        at += burst if hit else 1
    return lost


def silence(sound: Linear, lost: Losses) -> Linear:
    """Nothing in place of what is lost."""
    return np.asarray(np.where(np.repeat(lost, PACKET), 0, sound), dtype=np.int16)


def ours(sound: Linear, lost: Losses) -> Linear:
    """By dsp/plc.py, tick by tick."""
    plc, out = Plc(), sound.copy()
    for at in range(0, len(sound), TICK):
        piece = sound[at : at + TICK]
        out[at : at + TICK] = plc.lost(TICK) if lost[at // PACKET] else plc.good(piece.tobytes())
    return out


class Spandsp:
    """spandsp's concealer."""

    def __init__(self) -> None:
        self._ffi: Any = FFI()
        self._ffi.cdef(_SPANDSP)
        self._library: Any = self._ffi.dlopen("libspandsp.so.2")

    def __call__(self, sound: Linear, lost: Losses) -> Linear:
        out, state = sound.copy(), self._library.plc_init(self._ffi.NULL)
        for number, gone in enumerate(lost):
            packet = self._ffi.from_buffer("int16_t[]", out[number * PACKET : (number + 1) * PACKET])
            (self._library.plc_fillin if gone else self._library.plc_rx)(state, packet, PACKET)
        self._library.plc_free(state)
        return out


def scores(
    concealer: Concealer, sounds: list[Linear], share: float, seed: int, burst: int = 1
) -> npt.NDArray[np.float64]:
    """PESQ (P.862.1) of each clip, each with losses of its own."""
    results = []
    for number, sound in enumerate(sounds):
        lost = losses(len(sound) // PACKET, share, 1000 * seed + number, burst)
        results.append(pesq(8000, sound, concealer(sound, lost), "nb"))
    return np.array(results, dtype=float)
