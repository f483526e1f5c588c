# SPDX-License-Identifier: GPL-2.0-only
"""Opus: rates, frames and settings, losses, and what a state survives."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from dsp.opus import Decoder, Encoder, Settings, packet_samples
from dsp.resample import Resampler
from tests.sound.alaw import Linear
from tests.sound.compare import aligned, find_delay, pesq_narrowband
from tests.sound.speech import speech

pytestmark = pytest.mark.unit

RATES = (8000, 16000, 48000)


@cache
def said(rate_hz: int, seconds: float = 6.0) -> Linear:
    narrow = speech(seconds)
    return np.array(Resampler(8000, rate_hz).process(narrow.tobytes()), np.int16) if rate_hz > 8000 else narrow


def frames(sound: Linear, n: int) -> list[bytes]:
    return [sound[at : at + n].tobytes() for at in range(0, len(sound) - n + 1, n)]


def coded(sound: Linear, settings: Settings, frame_ms: int = 20) -> list[bytes]:
    encoder = Encoder(settings)
    return [encoder.process(frame) for frame in frames(sound, settings.rate_hz * frame_ms // 1000)]


def decoded(packets: list[bytes], rate_hz: int) -> Linear:
    decoder = Decoder(rate_hz)
    return np.concatenate([np.array(decoder.process(packet), np.int16) for packet in packets])


@pytest.mark.parametrize("frame_ms", [10, 20])
@pytest.mark.parametrize("rate_hz", RATES)
def test_speech_comes_back_at_every_rate_and_frame(rate_hz: int, frame_ms: int) -> None:
    sound = said(rate_hz)
    packets = coded(sound, Settings(rate_hz, 24000), frame_ms)
    back = decoded(packets, rate_hz)
    assert {packet_samples(packet, rate_hz) for packet in packets} == {rate_hz * frame_ms // 1000}
    narrow = np.array(Resampler(rate_hz, 8000).process(back.tobytes()), np.int16)
    assert pesq_narrowband(said(8000), narrow) > 3.4
    delay = Encoder(Settings(rate_hz, 24000)).delay
    assert abs(find_delay(sound, back) - delay) <= rate_hz // 2000


@pytest.mark.parametrize("bit_rate", [8000, 16000, 32000, 64000])
def test_bit_rate_is_kept(bit_rate: int) -> None:
    packets = coded(said(16000), Settings(16000, bit_rate, complexity=3))
    assert 0.6 * bit_rate < sum(map(len, packets)) * 8 / 6.0 < 1.1 * bit_rate, "less in pauses, not more"


def test_every_complexity_works() -> None:
    for complexity in range(11):
        packets = coded(said(8000)[:8000], Settings(8000, 16000, complexity))
        assert len(decoded(packets, 8000)) == 8000


def test_settings_change_in_midstream() -> None:
    encoder, sound = Encoder(Settings(16000, 64000)), frames(said(16000), 320)
    before = sum(len(encoder.process(frame)) for frame in sound[:100])
    encoder.set(Settings(16000, 12000, complexity=0))
    assert sum(len(encoder.process(frame)) for frame in sound[100:200]) < before / 3
    with pytest.raises(ValueError, match="another rate"):
        encoder.set(Settings(8000))


def test_dtx_sends_nothing_in_silence_and_one_frame_in_400_ms() -> None:
    sound = np.concatenate([said(16000, 2.0), np.zeros(64000, np.int16)])
    packets = coded(sound, Settings(16000, 24000, dtx=True))
    silent = packets[140:]
    assert sum(not packet for packet in silent) > 0.9 * len(silent)
    assert sum(bool(packet) for packet in silent) >= len(silent) // 21
    assert all(coded(sound, Settings(16000, 24000)))


def lossy(packets: list[bytes], rate_hz: int, lost: set[int], *, fec: bool) -> Linear:
    decoder, n = Decoder(rate_hz), rate_hz // 50
    made = []
    for at, packet in enumerate(packets):
        if at not in lost:
            made.append(decoder.process(packet))
        elif fec and at + 1 < len(packets) and at + 1 not in lost:
            made.append(decoder.restored(packets[at + 1], n))
        else:
            made.append(decoder.lost(n))
    return np.concatenate([np.array(piece, np.int16) for piece in made])


def test_lost_frames_are_better_from_the_next_packet_than_concealed() -> None:
    sound = said(8000)
    packets = coded(sound, Settings(8000, 24000, loss_percent=15, fec=True))
    lost = {int(at) for at in np.random.default_rng(3).permutation(len(packets))[: len(packets) // 8]}
    scores = [pesq_narrowband(sound, lossy(packets, 8000, lost, fec=fec)) for fec in (False, True)]
    assert scores[1] > scores[0] + 0.4, scores
    assert scores[1] > 3.0, scores


def test_concealment_goes_on_with_the_voice_and_fades() -> None:
    decoder, sound = Decoder(8000), said(8000)
    for packet in coded(sound[4000:12000], Settings(8000, 24000)):
        decoder.process(packet)
    energy = [float(np.sqrt(np.mean(np.square(np.array(decoder.lost(160), float))))) for _ in range(40)]
    assert energy[0] > 0.2 * float(np.sqrt(np.mean(np.square(sound[11000:12000].astype(float)))))
    assert energy[-1] < 0.05 * energy[0]


@pytest.mark.parametrize(
    "settings",
    [
        Settings(24000),
        Settings(bit_rate=5999),
        Settings(bit_rate=128001),
        Settings(complexity=11),
        Settings(loss_percent=101),
    ],
    ids=str,
)
def test_setting_out_of_range_is_refused(settings: Settings) -> None:
    with pytest.raises(ValueError, match="out of range"):
        Encoder(settings)
    with pytest.raises(ValueError, match="out of range"):
        Encoder(Settings(settings.rate_hz if settings.rate_hz == 16000 else 16000)).set(settings)


@pytest.mark.parametrize("samples", [0, 80, 319, 640, 960])
def test_other_length_of_a_frame_is_refused(samples: int) -> None:
    with pytest.raises(ValueError, match=f"{samples} samples"):
        Encoder(Settings(16000)).process(bytes(2 * samples))


def test_small_room_makes_a_small_packet_and_none_is_refused() -> None:
    encoder = Encoder(Settings(16000, 64000))
    assert 3 <= len(encoder.process(said(16000)[8000:8320].tobytes(), 20)) <= 20
    with pytest.raises(ValueError, match="room of 2"):
        encoder.process(bytes(640), 2)


def test_broken_packets_are_refused() -> None:
    decoder = Decoder(16000)
    for packet in (b"", b"\x03", b"\x7f\xff", bytes([0xFF, 0x31]) + bytes(3)):
        with pytest.raises(ValueError, match="error"):
            decoder.process(packet)
    for n in (0, 39, 16000):
        with pytest.raises(ValueError, match="error"):
            decoder.lost(n)
    with pytest.raises(ValueError, match="error"):
        decoder.restored(bytes(8), 640)
    with pytest.raises(ValueError, match="24000 Hz"):
        Decoder(24000)


def test_state_moves_within_the_process() -> None:
    sound = frames(said(16000), 320)
    stays, moves = Encoder(Settings(16000, 20000)), Encoder(Settings(16000, 20000))
    heard, moved = Decoder(16000), Decoder(16000)
    for at, frame in enumerate(sound[:150]):
        if at % 10 == 5:
            elsewhere, other = Encoder(Settings(16000)), Decoder(16000)
            elsewhere.replace(moves.memory)
            other.replace(moved.memory)
            moves, moved = elsewhere, other
        packet = stays.process(frame)
        assert moves.process(frame) == packet
        assert moved.process(packet) == heard.process(packet)


def mapped(library: str) -> list[range]:
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    spans = [line.split()[0].split("-") for line in lines if library in line]
    return [range(int(first, 16), int(last, 16)) for first, last in spans]


def test_state_points_into_libopus_and_nowhere_else() -> None:
    """Small numbers that happen to be addresses too, of a program at a low place, are no pointers."""
    encoder, decoder = Encoder(Settings(16000, 20000)), Decoder(16000)
    for frame in frames(said(16000), 320)[:50]:
        decoder.process(encoder.process(frame))
    for state in (encoder, decoder):
        words = [int(word) for word in np.frombuffer(state.memory, np.uint64) if word >> np.uint64(40)]
        everything, libopus = mapped(""), mapped("libopus")
        addresses = [word for word in words if any(word in span for span in everything)]
        inside = [address for address in addresses if any(address in span for span in libopus)]
        assert len(inside) >= 3
        assert addresses == inside


ELSEWHERE = """
import sys
from pathlib import Path
from dsp.opus import Decoder, Encoder, Settings
encoder, decoder = Encoder(Settings(8000)), Decoder(8000)
memory, packet = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).read_bytes()
size = len(encoder.memory)
encoder.replace(memory[:size])
decoder.replace(memory[size:])
for refused in (lambda: encoder.process(bytes(640)), lambda: decoder.process(packet)):
    try:
        refused()
        print("taken")
    except ValueError as error:
        print("stale" if "error 116" in str(error) else error)
print(encoder.resume(), decoder.resume(), encoder.resume(), decoder.resume())
print(len(decoder.process(packet)), len(encoder.process(bytes(640))) > 2)
"""


def test_state_of_a_killed_process_is_refused_until_it_is_made_anew(tmp_path: Path) -> None:
    encoder, decoder = Encoder(Settings(16000, 20000)), Decoder(16000)
    packet = b""
    for frame in frames(said(16000), 320)[:20]:
        packet = encoder.process(frame)
        decoder.process(packet)
    (tmp_path / "state").write_bytes(encoder.memory + decoder.memory)
    (tmp_path / "packet").write_bytes(packet)
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "state"), str(tmp_path / "packet")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
    assert ran.stdout.splitlines() == ["stale", "stale", "True True False False", "320 True"]


def test_state_killed_in_midst_of_a_frame_is_made_anew_and_the_stream_goes_on() -> None:
    """While libopus works the mark in the head, behind the settings, is 0."""
    encoder, decoder, sound = Encoder(Settings(16000, 24000)), Decoder(16000), frames(said(16000), 320)
    back = [decoder.process(encoder.process(frame)) for frame in sound[:100]]
    for state, place in ((encoder, 24), (decoder, 8)):
        memory = bytearray(state.memory)
        memory[place : place + 8] = bytes(8)
        state.replace(bytes(memory))
    for refused in (lambda: encoder.process(sound[100]), lambda: decoder.lost(320)):
        with pytest.raises(ValueError, match="error 116"):
            refused()
    assert encoder.resume()
    assert decoder.resume()
    back += [decoder.process(encoder.process(frame)) for frame in sound[100:]]
    came = aligned(said(16000), np.concatenate([np.array(piece, np.int16) for piece in back]))
    after = slice(104 * 320, 140 * 320)
    assert np.corrcoef(said(16000)[after], came[after])[0, 1] > 0.85


def test_memory_that_never_was_a_state_is_refused() -> None:
    encoder = Encoder(Settings(16000))
    encoder.replace(bytes(len(encoder.memory)))
    with pytest.raises(ValueError, match=re.escape("opus_enc: not a state")):
        encoder.resume()
    with pytest.raises(ValueError, match="octets; it has"):
        encoder.replace(b"")
