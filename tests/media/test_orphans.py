# SPDX-License-Identifier: GPL-2.0-only
"""Ports outlive their owner for a time, and not for ever."""

import time

import pytest

from appliance.media.events import Client
from appliance.media.host import EngineThread
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import until
from tests.ports import HOST, free_rtp_base

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

ORPHAN_S = 0.8
TIMESLOT, RTP = 1, 256


def test_ports_of_a_client_that_reads_no_more_are_closed_and_nobody_elses() -> None:
    host = EngineThread(free_rtp_base(), orphan_s=ORPHAN_S)
    host.start()
    try:
        line, sip = host.engine(Client.LINE1), host.engine(Client.SIP)
        driver = VpairDriver(line)
        driver.configure(0, VpairSettings(partner=1), None)
        line.open_timeslot(TIMESLOT)
        sip.open_rtp(RTP, (HOST, 9))
        sip.connect(RTP, TIMESLOT)
        until(lambda: line.port_status(TIMESLOT).peer == RTP)
        begun = time.monotonic()
        while line.port_status(RTP).kind == "rtp":
            line.take_events()  # the line worker lives, SIP reads nothing
            assert time.monotonic() - begun < 5
            time.sleep(0.01)
        assert time.monotonic() - begun > ORPHAN_S / 2
        left = line.port_status(TIMESLOT)
        assert (left.kind, left.peer, left.source) == ("timeslot", None, "idle")
        assert line.status().orphans == 1
    finally:
        host.close()


def test_no_port_is_an_orphan_after_a_time_in_which_nobody_could_read() -> None:
    host = EngineThread(free_rtp_base(), orphan_s=ORPHAN_S)
    host.start()
    try:
        sip = host.engine(Client.SIP)
        sip.open_rtp(RTP, (HOST, 9))
        until(lambda: sip.port_status(RTP).kind == "rtp")
        host.stop()
        time.sleep(2 * ORPHAN_S)
        host.start()
        generation = sip.status().ticks
        until(lambda: sip.status().ticks > generation + 20)
        assert sip.port_status(RTP).kind == "rtp"
    finally:
        host.close()
