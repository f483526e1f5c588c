# SPDX-License-Identifier: GPL-2.0-only
"""What a leg of each codec costs a tick: `python -m tests.media.codec_cost`.

Pairs of RTP ports in one engine send each other speech in packets of 20 ms, of G.711 also of 10 and 5; the stages of
the tick that receive and send RTP are measured with the kernel's part of it, G.711's being the measure of the others.
"""

from __future__ import annotations

import time

from appliance.media.events import Codec
from tests.media.codec_sound import DYNAMIC
from tests.media.rig import Side, engine_thread, until
from tests.ports import HOST
from tests.sound import alaw
from tests.sound.speech import speech

LEGS, SECONDS = 40, 5.0


def cost_us(codec: Codec, packet_ms: int) -> tuple[float, float]:
    """Of receiving and of sending, µs a leg and tick."""
    with engine_thread() as host:
        side = Side(host)
        sound = side.arena.add_alaw(alaw.encode(speech(5.0)))
        for port in range(256, 256 + LEGS):
            remote = HOST, host.rtp_base + 2 * ((port ^ 1) - 256)
            side.engine.open_rtp(port, remote, codec, packet_ms, payload_type=DYNAMIC.get(codec))
            side.engine.play(port, port, [sound], repeat=0)
        until(lambda: side.engine.port_status(256 + LEGS - 1).rtp.received > 50)
        before = side.engine.status()
        time.sleep(SECONDS)
        after = side.engine.status()
    spent = {name: after.stage_ns[name] - before.stage_ns[name] for name in ("rtp_receive", "rtp_send")}
    each = 1000 * LEGS * (after.ticks - before.ticks)
    return spent["rtp_receive"] / each, spent["rtp_send"] / each


def main() -> None:
    """Print a line a codec."""
    for codec in (Codec.PCMA, Codec.G722, Codec.G726_32, Codec.OPUS):
        told(codec, 20)
    for packet_ms in (10, 5):
        told(Codec.PCMA, packet_ms)


def told(codec: Codec, packet_ms: int) -> None:
    """A line."""
    received, sent = cost_us(codec, packet_ms)
    print(f"{codec.name:8} {packet_ms:2} ms  receive {received:6.2f} µs  send {sent:6.2f} µs  a leg and tick")


if __name__ == "__main__":
    main()
