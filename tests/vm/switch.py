# SPDX-License-Identifier: GPL-2.0-only
"""A stranger's exchange on one end of the cable: Debian's Asterisk, in a chroot on the guest's second disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.media.rig import until
from tests.vm.cable import D_CHANNEL, Cable

ROOT = Path("/srv")
CONFIGURATION = Path(__file__).with_name("switch")
START_S = 120.0


@dataclass(frozen=True, slots=True)
class Trunk:
    """What the exchange speaks: its channels' uses in DAHDI's file, their keys in its own."""

    uses: str
    keys: str
    torn: int
    """Blocks of its tone in three seconds, of 150, that it may tear by itself."""


# The D-channel is read as frames by DAHDI: libpri has no HDLC of its own.
PRI = Trunk(
    """\
bchan={bearers}
dchan={d_channel}
""",
    """\
[channels]
switchtype = euroisdn
signalling = pri_net
pridialplan = unknown
context = line
group = 1
echocancel = no
channel => {bearers}
""",
    torn=0,
)
# libopenr2 does not send the caller's number in China, so it is Brazil's that is spoken.
R2 = Trunk(
    """\
cas={bearers}:1101
alaw={bearers}
""",
    """\
[channels]
signalling = mfcr2
mfcr2_variant = br
mfcr2_max_ani = 11
mfcr2_max_dnis = 7
mfcr2_category = national_subscriber
mfcr2_accept_on_offer = no
context = register
group = 1
echocancel = no
channel => {bearers}
""",
    torn=75,  # in the emulated machine it falls behind with its tone, and its kernel sends silence
)


class Switch:
    """One Asterisk, running."""

    def __init__(self, log: Path, trunk: Trunk) -> None:
        self.torn = trunk.torn
        self._log = log
        with log.open("wb") as sink:
            self._process = subprocess.Popen(
                ["chroot", str(ROOT), "asterisk", "-f", "-n", "-p", "-vvv"],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )

    def told(self, command: str) -> str:
        """What a line of its command language answers."""
        asked = ["chroot", str(ROOT), "asterisk", "-rx", command]
        return subprocess.run(asked, capture_output=True, text=True, check=False, timeout=30).stdout

    def wait(self, command: str, answer: str) -> None:
        """Ask until the answer contains this."""
        until(lambda: answer in self.told(command), START_S)

    def calls(self, number: str) -> None:
        """Call the box; who answers hears 1004 Hz."""
        self.told(f"channel originate DAHDI/g1/{number} application Milliwatt")

    def heard(self) -> str:
        """Its log."""
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


@contextmanager
def switch(folder: Path, cable: Cable, end: int, trunk: Trunk = PRI) -> Iterator[Switch]:
    """An exchange, the network's side, whose channels of that end must be closed."""
    channels = cable.control.channels(cable.spans[end])
    bearers = ",".join(str(channel) for timeslot, channel in channels.items() if timeslot != D_CHANNEL)
    etc = ROOT / "etc"
    (etc / "dahdi").mkdir(exist_ok=True)
    (etc / "dahdi/system.conf").write_text(trunk.uses.format(bearers=bearers, d_channel=channels[D_CHANNEL]))
    for file in CONFIGURATION.iterdir():
        shutil.copy(file, etc / "asterisk")
    (etc / "asterisk/chan_dahdi.conf").write_text(trunk.keys.format(bearers=bearers))
    for shared in ("dev", "proc", "sys"):
        if not os.path.ismount(ROOT / shared):
            subprocess.run(["mount", "--rbind", f"/{shared}", str(ROOT / shared)], check=True)
    for name in ("run/asterisk", "var/run/asterisk", "tmp"):
        (ROOT / name).mkdir(parents=True, exist_ok=True)
    subprocess.run(["chroot", str(ROOT), "dahdi_cfg"], check=True)
    started = Switch(folder / "switch.log", trunk)
    try:
        started.wait("core waitfullybooted", "fully booted")
        yield started
    finally:
        started.close()
        print(started.heard()[-4000:])
