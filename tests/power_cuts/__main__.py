# SPDX-License-Identifier: GPL-2.0-only
"""`make power-cuts N=50 SEED=1`: a box whose mains fail N times at moments drawn from a seed; goes on where it stopped.

A round starts the box to service, which judges the cut before it, begins what the seed has drawn, and cuts it off
within. After every cut GRUB's words are whole and name a slot that is confirmed, or has just been on trial; the box
starts that slot and comes to service; what was committed is in force. Closes with `POWER-CUTS: n of n …`.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from appliance import VERSION
from rootfs.image import disk
from rootfs.setup.paths import BUILD, sha256
from tests.image.machine import SilentError
from tests.power_cuts.box import Box, Env, WrongError

IMAGE = BUILD / "image"
NICE = 10
MOMENTS = ("start", "install", "switch", "confirm", "commit")
ASSUMED_S = {"start": 120.0, "install": 120.0, "switch": 30.0, "confirm": 180.0, "commit": 10.0}
"""How long each takes, until it has been seen; a moment is drawn within."""


class Round(msgspec.Struct):
    """What was cut off, how many seconds after its beginning, and what came of it: empty, or what was wrong."""

    moment: str
    after_s: float
    wrong: str = ""
    slot: str = ""
    state: str = ""


class Progress(msgspec.Struct):
    """Of one box. `good`: the slot that was confirmed before the last cut; `names`: of the configuration, as committed.

    `doubtful`: a name whose commit was cut off. `image`: whose disk it is.
    """

    seed: int
    image: str
    rounds: list[Round] = []
    good: str = "A"
    trial: str = ""
    name: str = ""
    doubtful: str = ""
    took_s: dict[str, float] = {}


class Run:
    """The rounds. `folder` has progress and disk."""

    def __init__(self, folder: Path, image: Path, bundles: Path, seed: int | None) -> None:
        self._file = folder / "progress.json"
        made = sha256(image)
        stood = msgspec.json.decode(self._file.read_bytes(), type=Progress) if self._file.exists() else None
        fresh = stood is None or stood.image != made or seed not in (None, stood.seed)
        self.now = Progress(seed if seed is not None else 1, made) if fresh or stood is None else stood
        self._box = Box(folder, image, bundles, fresh=fresh)

    def save(self) -> None:
        """What is known is kept."""
        self._file.write_bytes(msgspec.json.format(msgspec.json.encode(self.now)))

    def round(self, number: int) -> Round:
        """One cut, and what came of it."""
        draw = random.Random(f"{self.now.seed}.{number}")  # noqa: S311 - no secret
        moment = draw.choice(MOMENTS)
        made = Round(moment, draw.random())
        try:
            self._judged(self._box.off(), made, moment)
        except (WrongError, SilentError, subprocess.CalledProcessError, ValueError) as error:
            made.wrong = f"{type(error).__name__}: {error}"
        finally:
            self._box.cut()
        self.now.rounds.append(made)
        self.save()
        return made

    def _judged(self, env: Env, made: Round, moment: str) -> None:
        """Start what the last cut has left; then begin and cut off."""
        now, began_s = self.now, time.monotonic()
        if env.good not in (now.good, now.trial or now.good):
            raise WrongError(f"slot {env.good} is good, which was never confirmed; {now.good} was")
        made.slot = self._box.switch_on()
        if made.slot != env.wanted:
            raise WrongError(f"slot {made.slot} was started, {env.wanted} was wanted")
        if moment == "start":
            self._cut_within(made)
            return
        self._box.in_service()
        now.took_s.setdefault("start", time.monotonic() - began_s)
        made.state = self._box.settled()["state"]
        now.good, now.trial = self._good(), ""
        self._check_name()
        getattr(self, f"_{moment}")(made)

    def _good(self) -> str:
        words = self._box.shell.run("grub-editenv /boot/efi/EFI/BOOT/grubenv list", 120.0)
        running = self._box.shell.run("grep -o 'rauc.slot=[AB]' /proc/cmdline", 120.0)[-1:]
        if f"good={running}" not in words.split():
            raise WrongError(f"slot {running} runs with nothing under way, and {words.split()} is kept")
        return running

    def _check_name(self) -> None:
        now, name = self.now, self._box.name()
        if now.name and name not in (now.name, now.doubtful):
            raise WrongError(f"the configuration is lost: its name is {name!r}, {now.name!r} was committed")
        now.name, now.doubtful = name, ""

    def _cut_within(self, made: Round) -> None:
        """So much of what it takes is let pass."""
        made.after_s *= self.now.took_s.get(made.moment, ASSUMED_S[made.moment])
        time.sleep(made.after_s)

    def _install(self, made: Round) -> None:
        self._box.begin_update()
        self.now.trial = "BA"["AB".index(self.now.good)]
        self._cut_within(made)

    def _switch(self, made: Round) -> None:
        self._install_whole()
        self._cut_within(made)

    def _install_whole(self) -> None:
        began_s = time.monotonic()
        self.now.trial = "BA"["AB".index(self.now.good)]
        self._box.begin_update()
        self._box.until("switching")
        self.now.took_s["install"] = time.monotonic() - began_s

    def _confirm(self, made: Round) -> None:
        self._install_whole()
        made.slot += self._box.until_restart()
        self._cut_within(made)

    def _commit(self, made: Round) -> None:
        name, began_s = f"cut-{len(self.now.rounds)}", time.monotonic()
        self.now.doubtful = name
        self._box.begin_commit(name)
        takes_s = self.now.took_s.get("commit", ASSUMED_S["commit"])
        made.after_s *= 1.5 * takes_s  # sometimes it is over by then, and has to be in force
        if self._box.committed(name, made.after_s):
            self.now.took_s["commit"] = time.monotonic() - began_s
            self.now.name, self.now.doubtful = name, ""


def bundles_disk(folder: Path) -> Path:
    """A disk with the bundle of the image's own slot; both slots are of one version then, and tell by their letter."""
    bundle, made = IMAGE / f"branchline-{VERSION}.raucb", folder / "bundles.img"
    if not made.exists() or made.stat().st_mtime < bundle.stat().st_mtime:
        content = folder / "bundles"
        content.mkdir(exist_ok=True)
        (content / "bundle.raucb").unlink(missing_ok=True)
        os.link(bundle, content / "bundle.raucb")
        pack = ["mksquashfs", str(content), str(made), "-noappend", "-noD", "-noI", "-noF", "-quiet", "-no-progress"]
        subprocess.run(pack, check=True, stdout=subprocess.DEVNULL)
    return made


def main() -> int:
    """0 if the box came to service after every cut."""
    parser = argparse.ArgumentParser(prog="make power-cuts", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, help="else that of the rounds that stand, else 1")
    options = parser.parse_args()
    os.nice(NICE)
    folder = IMAGE / "power-cuts"
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(folder, IMAGE / disk.DISK, bundles_disk(folder), options.seed)
    print(f"power-cuts: seed {run.now.seed}, {len(run.now.rounds)} of {options.rounds} rounds stand", flush=True)
    while len(run.now.rounds) < options.rounds and not any(one.wrong for one in run.now.rounds):
        began_s = time.monotonic()
        made = run.round(len(run.now.rounds))
        took = f"{made.moment} cut after {made.after_s:.1f} s; slot {made.slot}, {made.state or 'not looked at'}"
        print(f"{len(run.now.rounds):3} {took}, {time.monotonic() - began_s:.0f} s {made.wrong}", flush=True)
    good = sum(not one.wrong for one in run.now.rounds)
    shares = ", ".join(f"{sum(one.moment == moment for one in run.now.rounds)} {moment}" for moment in MOMENTS)
    print(f"POWER-CUTS: {good} of {len(run.now.rounds)} passed ({shares}); seed {run.now.seed}")
    return 0 if good == options.rounds else 1


if __name__ == "__main__":
    sys.exit(main())
