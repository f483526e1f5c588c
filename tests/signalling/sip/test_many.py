# SPDX-License-Identifier: GPL-2.0-only
"""Two hundred phones in talk when the worker dies: more dialogs than one answer of Kamailio's could name in full."""

import time
from pathlib import Path

import pytest

from appliance.media.events import RtpCounters
from appliance.wire import legs
from tests.peers.sipp import Account, SippPhones
from tests.signalling.sip.controller import Controller
from tests.signalling.sip.site import DOMAIN, PASSWORD, site, until

pytestmark = pytest.mark.system

NUMBERS = tuple(str(8001 + n) for n in range(200))


def test_two_hundred_phones_talk_and_hear_bye_when_the_worker_dies(tmp_path: Path) -> None:
    sound = tmp_path / "sound.alaw"
    sound.write_bytes(bytes(range(256)) * 100)
    accounts = [Account(number, PASSWORD.format(number=number)) for number in NUMBERS]
    with site(tmp_path, NUMBERS) as running, SippPhones(accounts, running.proxy, DOMAIN, tmp_path, sound) as phones:
        with Controller(running.socket) as control:
            begun = time.monotonic()
            for number in NUMBERS:
                control.command(legs.PlaceLeg(leg=f"leg {number}", to=number, contact="contact-1"))
            for number in NUMBERS:
                control.wait(legs.LegAnswered, f"leg {number}", timeout_s=10)
            assert time.monotonic() - begun < 5
            ports = [placed.leg.port for placed in control.all(legs.LegPlaced)]
            engine = running.engine()

            def streams() -> list[RtpCounters]:
                return [engine.port_status(port).rtp for port in ports if port is not None]

            until(lambda: min(rtp.received for rtp in streams()) >= 35)
            assert (len(streams()), sum(rtp.lost for rtp in streams())) == (len(NUMBERS), 0)
        assert running.worker is not None
        running.worker.kill()
        running.worker.wait()
        running.start_worker()
        until(lambda: running.dialogs() == [])
        until(lambda: phones.count("SuccessfulCall") == len(NUMBERS))
        assert phones.count("FailedCall") == 0
