# SPDX-License-Identifier: GPL-2.0-only
"""Sound through each codec by the blocks alone: what a port may make of it, and packets for one to hear."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from appliance.media.events import Codec
from dsp import g722, g726, opus
from dsp.resample import Resampler
from tests.sound.alaw import Linear, ideal_pass

DYNAMIC = {
    Codec.G726_16: 97,
    Codec.G726_24: 98,
    Codec.G726_32: 99,
    Codec.G726_40: 100,
    Codec.OPUS: 111,
}
"""Numbers that descriptions would have given out."""
CODED = (Codec.G722, *DYNAMIC)
UNITS = {Codec.OPUS: 6}
"""Units of the RTP clock in a sample of 8 kHz."""
_OPUS = opus.Settings(rate_hz=8000, bit_rate=24000, complexity=2, loss_percent=5, fec=True)


def encoder(codec: Codec) -> Callable[[Linear], bytes]:
    """A packet's octets of its samples, packet by packet."""
    if codec is Codec.G722:
        up, wide = Resampler(8000, 16000), g722.Encoder()
        return lambda sound: wide.process(up.process(sound.tobytes()))
    if codec is Codec.OPUS:
        speech = opus.Encoder(_OPUS)
        return lambda sound: speech.process(sound.tobytes())
    adpcm = g726.Codec(_bit_rate(codec))
    return lambda sound: adpcm.encode(sound.tobytes())


def decoder(codec: Codec) -> Callable[[bytes], Linear]:
    """Samples of a packet."""
    if codec is Codec.G722:
        down, wide = Resampler(16000, 8000), g722.Decoder()
        return lambda octets: np.array(down.process(wide.process(octets)), np.int16)
    if codec is Codec.OPUS:
        speech = opus.Decoder(8000)
        return lambda octets: np.array(speech.process(octets), np.int16)
    adpcm = g726.Codec(_bit_rate(codec))
    return lambda octets: np.array(adpcm.decode(octets), np.int16)


def payloads(codec: Codec, sound: Linear, packet_ms: int = 20) -> list[bytes]:
    """Packets of a sound."""
    encode, n = encoder(codec), 8 * packet_ms
    return [encode(sound[at : at + n]) for at in range(0, len(sound) - n + 1, n)]


def alone(codec: Codec, sound: Linear, packet_ms: int = 20) -> Linear:
    """What codec and A-law on both sides of it make of a sound."""
    decode = decoder(codec)
    return ideal_pass(np.concatenate([decode(packet) for packet in payloads(codec, ideal_pass(sound), packet_ms)]))


def _bit_rate(codec: Codec) -> int:
    return {Codec.G726_16: 16000, Codec.G726_24: 24000, Codec.G726_32: 32000, Codec.G726_40: 40000}[codec]
