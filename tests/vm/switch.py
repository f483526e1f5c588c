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
CALL = """\
Channel: DAHDI/g1/{number}
CallerID: "WANG" <02512345678>
Application: {application}
"""


@dataclass(frozen=True, slots=True)
class Trunk:
    """What the exchange speaks: its channels' uses in DAHDI's file, their keys in its own."""

    uses: str
    keys: str


# Four blocks lie ready before its kernel sends the first. Else one does, and Asterisk, which must wait for the guest's
# only processor, comes too late for the next now and then: its kernel sends silence, by R2 in 6 blocks of 150.
BUFFERS = "buffers = 8,half"
# The D-channel is read as frames by DAHDI: libpri has no HDLC of its own.
PRI = Trunk(
    """\
bchan={bearers}
dchan={d_channel}
""",
    f"""\
[channels]
{BUFFERS}
switchtype = euroisdn
signalling = pri_net
pridialplan = unknown
context = line
group = 1
echocancel = no
channel => {{bearers}}
""",
)
# libopenr2 does not send the caller's number in China, so it is Brazil's that is spoken.
R2 = Trunk(
    """\
cas={bearers}:1101
alaw={bearers}
""",
    f"""\
[channels]
{BUFFERS}
signalling = mfcr2
mfcr2_variant = br
mfcr2_max_ani = 11
mfcr2_max_dnis = 7
mfcr2_category = national_subscriber
mfcr2_accept_on_offer = no
context = register
group = 1
echocancel = no
channel => {{bearers}}
""",
)


def cas(use: str, signalling: str, *keys: str) -> Trunk:
    """Channels that signal by bits alone: DAHDI's word for them and Asterisk's, and what else is said of them."""
    return Trunk(
        f"loadzone=us\ndefaultzone=us\n{use}={{bearers}}\nalaw={{bearers}}\n",
        "\n".join(
            (
                "[channels]",
                BUFFERS,
                f"signalling = {signalling}",
                "context = register",
                "group = 1",
                "echocancel = no",
                *keys,
                "channel => {bearers}",
                "",
            )
        ),
    )


class Switch:
    """One Asterisk, running; its numbers of the channels by timeslot."""

    def __init__(self, log: Path, channels: dict[int, int]) -> None:
        self.channels = channels
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

    def calls(self, number: str, application: str = "Milliwatt") -> None:
        """Call the box; who answers hears 1004 Hz, or himself (Echo)."""
        written = ROOT / "tmp/call"
        written.write_text(CALL.format(number=number, application=application))
        written.rename(ROOT / "var/spool/asterisk/outgoing/call")

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
    for name in ("run/asterisk", "var/run/asterisk", "var/spool/asterisk/outgoing", "tmp"):
        (ROOT / name).mkdir(parents=True, exist_ok=True)
    subprocess.run(["chroot", str(ROOT), "dahdi_cfg"], check=True)
    started = Switch(folder / "switch.log", channels)
    try:
        started.wait("core waitfullybooted", "fully booted")
        yield started
    finally:
        started.close()
        print(started.heard()[-4000:])
