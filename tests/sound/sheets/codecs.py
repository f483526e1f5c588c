# SPDX-License-Identifier: GPL-2.0-only
"""Codecs and resampler: PESQ of one pass, narrowband (P.862.1) and wideband (P.862.2); Opus by bit rate and by loss.

Narrowband: the prompts of two voices. Wideband: the loudspeaker names of Debian's alsa-utils where it is installed, a
recorded voice at 48 kHz; else eSpeak NG's synthetic ones, which every codec finds harder.
"""

import io
import subprocess
import time
import wave
from collections.abc import Callable
from functools import cache
from math import gcd
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from pesq import pesq
from scipy.signal import resample_poly

from dsp import g711, g722, g726, opus
from dsp.resample import Resampler
from tests.sound.alaw import Linear
from tests.sound.compare import Wide, aligned
from tests.sound.speech import speech

SECONDS = 8.0
RECORDED = Path("/usr/share/sounds/alsa")
SPOKEN = {
    "en-us": "Thank you for calling. All agents are busy; please stay on the line, or press the star key to be called "
    "back. Seven thousand three hundred and sixty five. She sells fresh fish at six shops by the sea shore.",
    "de": "Bitte bleiben Sie am Apparat. Zwischen sechzehn Uhr und halb sieben ist die Wartezeit am kürzesten. "
    "Fischers Fritz fischt frische Fische, frische Fische fischt Fischers Fritz.",
}
Pass = Callable[[Linear], Linear]


@cache
def narrow() -> tuple[Linear, ...]:
    """Two voices at 8 kHz."""
    return tuple(speech(SECONDS, voice) for voice in ("caller", "agent"))


@cache
def wide() -> tuple[Linear, ...]:
    """Voices at 16 kHz, 26 dB below overload: recorded or, where there are none, synthetic."""
    recorded = [_read(path.read_bytes()) for path in sorted(RECORDED.glob("*_*.wav"))]
    if recorded:
        return (_levelled(np.concatenate(recorded)),)
    commands = [["espeak-ng", "-v", voice, "-s", "150", "--stdout", text] for voice, text in SPOKEN.items()]
    made = [_read(subprocess.run(command, check=True, capture_output=True).stdout) for command in commands]
    return tuple(_levelled(sound[: round(16000 * SECONDS)]) for sound in made)


def _read(file: bytes) -> Wide:
    """A WAV of any rate, at 16 kHz."""
    with wave.open(io.BytesIO(file)) as opened:
        rate_hz, raw = opened.getframerate(), opened.readframes(1 << 24)
    factor = gcd(16000, rate_hz)
    sound: Wide = resample_poly(np.frombuffer(raw, "<i2").astype(np.float64), 16000 // factor, rate_hz // factor)
    return sound


def _levelled(sound: Wide) -> Linear:
    gain = 32768 * 10 ** (-26 / 20) / np.sqrt(np.mean(np.square(sound)))
    made: Linear = np.clip(sound * gain, -32768, 32767).astype(np.int16)
    return made


def scored(codec: Pass, sources: tuple[Linear, ...], rate_hz: int) -> float:
    """Mean PESQ of all voices after this codec."""
    mode = "nb" if rate_hz == 8000 else "wb"
    return float(np.mean([pesq(rate_hz, said, aligned(said, codec(said)), mode) for said in sources]))


def _resampled(sound: Linear, from_hz: int, to_hz: int) -> Linear:
    ratio = max(1, from_hz // to_hz)
    return np.array(Resampler(from_hz, to_hz).process(sound[: len(sound) // ratio * ratio].tobytes()), np.int16)


def _round_trip(low_hz: int, high_hz: int) -> Pass:
    return lambda said: _resampled(_resampled(said, low_hz, high_hz), high_hz, low_hz)


def _g711(said: Linear) -> Linear:
    return np.array(g711.alaw_decode(g711.alaw_encode(said.tobytes())), np.int16)


def _g711_wide(said: Linear) -> Linear:
    return _resampled(_g711(_resampled(said, 16000, 8000)), 8000, 16000)


def _g722(bit_rate: int) -> Pass:
    def once(said: Linear) -> Linear:
        octets = g722.Encoder().process(said[: len(said) // 2 * 2].tobytes())
        return np.array(g722.Decoder(bit_rate).process(octets), np.int16)

    return once


def _g722_narrow(said: Linear) -> Linear:
    return _resampled(_g722(64000)(_resampled(said, 8000, 16000)), 16000, 8000)


def _g726(bit_rate: int) -> Pass:
    def once(said: Linear) -> Linear:
        octets = g726.Codec(bit_rate).encode(said[: len(said) // 8 * 8].tobytes())
        return np.array(g726.Codec(bit_rate).decode(octets), np.int16)

    return once


def _opus(settings: opus.Settings, lost: float = 0.0, frame_ms: int = 20) -> Pass:
    """With this share of packets lost at random; what the next one says of them is used where it may be."""

    def once(said: Linear) -> Linear:
        n = settings.rate_hz * frame_ms // 1000
        encoder, decoder = opus.Encoder(settings), opus.Decoder(settings.rate_hz)
        packets = [encoder.process(said[at : at + n].tobytes()) for at in range(0, len(said) - n + 1, n)]
        gone = np.random.default_rng(7).random(len(packets) + 1) < lost
        gone[-1] = True
        made = []
        for at, packet in enumerate(packets):
            if not gone[at] and packet:
                made.append(decoder.process(packet))
            elif settings.fec and not gone[at + 1]:
                made.append(decoder.restored(packets[at + 1], n))
            else:
                made.append(decoder.lost(n))
        return np.concatenate([np.array(piece, np.int16) for piece in made])

    return once


def narrow_passes() -> dict[str, Pass]:
    """What is judged at 8 kHz."""
    passes: dict[str, Pass] = {"8-16-8 kHz": _round_trip(8000, 16000), "8-48-8 kHz": _round_trip(8000, 48000)}
    passes |= {"G.711 A": _g711, "G.722-64 (resampled)": _g722_narrow}
    passes |= {f"G.726-{rate // 1000}": _g726(rate) for rate in reversed(g726.BIT_RATES)}
    return passes | {f"Opus {rate // 1000}k": _opus(opus.Settings(8000, rate)) for rate in (24000, 16000, 12000, 8000)}


def wide_passes() -> dict[str, Pass]:
    """What is judged at 16 kHz."""
    passes: dict[str, Pass] = {"16-48-16 kHz": _round_trip(16000, 48000)}
    passes |= {f"G.722-{rate // 1000}": _g722(rate) for rate in (64000, 56000, 48000)}
    rates = (40000, 32000, 24000, 20000, 16000, 12000)
    passes |= {f"Opus {rate // 1000}k": _opus(opus.Settings(16000, rate)) for rate in rates}
    return passes | {"Opus 24k, 10 ms": _opus(opus.Settings(16000, 24000), frame_ms=10), "G.711 A (8 kHz)": _g711_wide}


def _bars(axes: Axes, scores: dict[str, float], title: str) -> None:
    axes.barh(list(scores)[::-1], list(scores.values())[::-1])
    for place, score in enumerate(reversed(scores.values())):
        axes.text(score + 0.03, place, f"{score:.2f}", va="center", fontsize=8)
    axes.set(title=title, xlim=(1, 5), xlabel="MOS-LQO")


def _by_complexity(axes: Axes) -> None:
    rates = (10000, 14000, 18000, 24000, 32000)
    for complexity in (0, 5, 10):
        began = time.process_time()
        scores = []
        for rate in rates:
            codec = _opus(opus.Settings(16000, rate, complexity))
            scores.append(scored(codec, wide()[:1], 16000))
        axes.plot([rate / 1000 for rate in rates], scores, "o-", label=f"complexity {complexity}")
        print(f"   Opus complexity {complexity}: " + ", ".join(f"{s:.2f}" for s in scores), end="")
        print(f" at {', '.join(str(rate // 1000) for rate in rates)} kbit/s; {time.process_time() - began:.1f} s")
    axes.set(title="Opus 16 kHz by bit rate, wideband", xlabel="kbit/s", ylabel="MOS-LQO")
    axes.legend()


def _by_loss(axes: Axes) -> None:
    losses = (0, 3, 5, 10, 20)
    for name, fec in (("with FEC", True), ("without", False)):
        scores = [
            scored(_opus(opus.Settings(8000, 20000, 5, percent if fec else 0, fec), percent / 100), narrow(), 8000)
            for percent in losses
        ]
        axes.plot(losses, scores, "o-", label=name)
        print(f"   Opus 20k {name}: " + ", ".join(f"{s:.2f} at {p} %" for s, p in zip(scores, losses, strict=True)))
    axes.set(title="Opus 8 kHz, 20 kbit/s by loss, narrowband", xlabel="% of packets lost", ylabel="MOS-LQO")
    axes.legend()


def draw(folder: Path) -> list[Path]:
    """Scores of everything; prints them."""
    figure, axes = plt.subplots(2, 2, figsize=(12, 9), layout="constrained")
    tables = (
        ("narrowband", narrow_passes(), narrow(), 8000, axes[0, 0]),
        ("wideband", wide_passes(), wide(), 16000, axes[0, 1]),
    )
    print(f"   wideband speech: {'alsa-utils' if RECORDED.exists() else 'synthetic, espeak-ng'}")
    for title, passes, sources, rate_hz, place in tables:
        scores = {name: scored(codec, sources, rate_hz) for name, codec in passes.items()}
        print(f"   {title}: " + ", ".join(f"{name} {score:.2f}" for name, score in scores.items()))
        _bars(place, scores, f"one pass, {title} PESQ")
    _by_complexity(axes[1, 0])
    _by_loss(axes[1, 1])
    for place in axes[1]:
        place.grid(visible=True, alpha=0.3)
    path = folder / "codecs.png"
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return [path]
