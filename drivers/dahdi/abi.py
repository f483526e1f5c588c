# SPDX-License-Identifier: GPL-2.0-only
"""Numbers and layouts of DAHDI's interface to programs (dahdi/user.h of version 3.1), in words of the line."""

from __future__ import annotations

import enum
import struct

CONTROL = "/dev/dahdi/ctl"
CHANNEL = "/dev/dahdi/channel"
CHANNELS = 1024
SPANS = 128

INT = struct.Struct("=i")
TWO_INTS = struct.Struct("=2i")
SPAN_INFORMATION = struct.Struct("=i20s40s7i5I7i40s40s40s40s2i6s")
CHANNEL_PARAMETERS = struct.Struct("=12i40s11iI")
LINE = struct.Struct("=i20s3i")
CHANNEL_USE = struct.Struct("=i40s4i16s")
BUFFERS = struct.Struct("=6i")
VOLTAGES = struct.Struct("=3i")
"""Of wctdm_user.h: tip, ring, battery in mV; of an FXO port each is tip to ring, with its sign."""
DYNAMIC_SPAN = struct.Struct("=20s40s3i")

_WRITE, _READ = 1, 2


def _request(direction: int, number: int, layout: struct.Struct) -> int:
    """The number of an ioctl as Linux makes it: direction, octets, DAHDI's code, its own number."""
    return direction << 30 | layout.size << 16 | 0xDA << 8 | number


GET_PARAMS = _request(_READ | _WRITE, 5, CHANNEL_PARAMETERS)
SPANSTAT = _request(_READ | _WRITE, 10, SPAN_INFORMATION)
HOOK = _request(_WRITE, 7, INT)
MAINT = _request(_WRITE, 11, TWO_INTS)
SPANCONFIG = _request(_WRITE, 18, LINE)
CHANCONFIG = _request(_WRITE, 19, CHANNEL_USE)
SET_BUFINFO = _request(_WRITE, 27, BUFFERS)
SPECIFY = _request(_WRITE, 38, INT)
GET_STATS = _request(_READ, 60, VOLTAGES)
DYNAMIC_CREATE = _request(_READ | _WRITE, 80, DYNAMIC_SPAN)
DYNAMIC_DESTROY = _request(_WRITE, 81, DYNAMIC_SPAN)
STARTUP = _request(_WRITE, 99, INT)
BUFFER_EVENTS = _request(_WRITE, 105, INT)


class Use(enum.IntEnum):
    """What a channel is for; D-channels are clear as well, their HDLC is the engine's."""

    NONE = 0
    LINE = 1 << 2 | 1 << 13
    """A line of an exchange (FXO), which DAHDI calls by its other end: FXS, kewl start. An open loop is told."""
    CLEAR = 1 << 7
    CAS = 1 << 15


class Hook(enum.IntEnum):
    """What is made of a line."""

    ON = 0
    OFF = 1


class Seen(enum.IntEnum):
    """What a line's port sees."""

    OPEN = 0
    BATTERY = 1
    START = 2
    RING = 3
    INITIAL = 4
    """Nothing has changed since it was configured: as a line at rest."""


class LineBit(enum.IntFlag):
    """Framing and coding of a span."""

    D4 = 1 << 4
    ESF = 1 << 5
    AMI = 1 << 6
    B8ZS = 1 << 7
    CCS = 1 << 8
    HDB3 = 1 << 9
    CRC4 = 1 << 10


class LineAlarm(enum.IntFlag):
    """Alarms of a span."""

    RECOVERING = 1 << 0
    LOOPED = 1 << 1
    YELLOW = 1 << 2
    RED = 1 << 3
    BLUE = 1 << 4
    NOT_OPEN = 1 << 5
    LOS = 1 << 8
    LFA = 1 << 9
    LMFA = 1 << 10


class Maintenance(enum.IntEnum):
    """Loopbacks and tests of a span."""

    NONE = 0
    LOCAL_LOOP = 1
    """What is sent is heard."""
    LINE_LOOP = 2
    """What is heard goes back, framing and all."""
    LOOP_UP = 3
    """Send the far end the code that loops it (T1)."""
    LOOP_DOWN = 4
    FAS_DEFECT = 6
    MULTIFRAME_DEFECT = 7
    CRC_DEFECT = 8
    CAS_DEFECT = 9
    PRBS_DEFECT = 10
    BIPOLAR_DEFECT = 11
    PRBS = 12
    PAYLOAD_LOOP = 13
    RESET_COUNTERS = 14


MU_LAW, A_LAW = 1, 2
POLICY_AT_ONCE = 0
BUFFERS_MOST = 32
