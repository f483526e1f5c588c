# SPDX-License-Identifier: GPL-2.0-only
"""`make power-cuts N=50 SEED=1`: a box whose mains fail N times at moments drawn from a seed; goes on where it stopped.

A round starts the box to service, which judges the cut before it, begins what the seed has drawn, and cuts it off
within; of five rounds in a row each has another moment. After every cut GRUB's words are whole and name a slot that is
confirmed, or has just been on trial; the box starts that slot and comes to service; what was committed is in force,
and of a talk that was recorded a second at most is missing. Boxes of even seeds start by EFI, of odd ones by a BIOS.
Closes with `POWER-CUTS: n of n …`.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from appliance import VERSION
from appliance.update.boot import BootError, other
from rootfs.image import disk
from rootfs.setup.paths import BUILD, ROOT, sha256
from tests.power_cuts.box import PATIENCE_S, Box, WrongError
from tests.power_cuts.talk import Cut, Talk, judged

IMAGE = BUILD / "image"
FOLDER = IMAGE / "power-cuts"
NICE = 5
PHONE = (ROOT / "tests/power_cuts/phone.py", ROOT / "tests/peers/hand.py")
MOMENTS = ("start", "install", "switch", "confirm", "commit")
TOLD_OF = 3
"""One commit of so many is cut off only when the box has said \"version N\": that one is promised."""
TALK_S = 3.0
"""Of talk before it is committed."""
LOOKS = 3
"""At the disk, in each round but one of a commit."""
ASSUMED_S = {"start": 120.0, "install": 120.0, "switch": 30.0, "confirm": 180.0, "commit": 30.0}
"""How long each takes, until it has been seen; a moment is drawn within."""


class Round(msgspec.Struct):
    """What was cut off, how many seconds after its beginning, and what came of the cut before.

    `wrong`: empty, or what is. `slot`: what GRUB chose, start by start; `state`: of the update, as it was found.
    `told`: the box had said that it has committed. `missing_s`: of the talk that an earlier cut has ended.
    """

    moment: str
    after_s: float
    wrong: str = ""
    slot: str = ""
    state: str = ""
    told: bool = False
    missing_s: float | None = None


class Progress(msgspec.Struct):
    """Of one box. `good`: the slot that was confirmed before the last cut; `names`: of the configuration, as committed.

    `trial`: the slot of an update that was cut off; `doubtful`: a name whose commit was. `image`: whose disk it is;
    `looks`: how often it was looked at besides; `efi`: it starts so, else by a BIOS.
    """

    seed: int
    image: str
    rounds: list[Round] = []
    good: str = "A"
    trial: str = ""
    name: str = ""
    doubtful: str = ""
    took_s: dict[str, float] = {}
    looks: int = 0
    efi: bool = False


class ProgressError(Exception):
    """What stands of earlier rounds cannot be read."""


def stands(file: Path) -> Progress | None:
    """What was done so far; None: nothing. Raises ProgressError."""
    if not file.exists():
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=Progress)
    except msgspec.DecodeError as error:
        raise ProgressError(f"{file}: {error}; take the folder away to begin anew") from error


class Run:
    """The rounds of a seed. `folder` has progress and disk."""

    def __init__(self, folder: Path, image: Path, bundles: Path, seed: int) -> None:
        self._file = folder / "progress.json"
        made = sha256(image)
        stood = stands(self._file)
        fresh = stood is None or stood.image != made
        self.now = Progress(seed, made, efi=not seed % 2) if fresh or stood is None else stood
        self._cut: Cut | None = None
        self._talk = Talk()
        self._box = Box(folder, image, bundles, fresh=fresh, efi=self.now.efi)

    def save(self) -> None:
        """What is known is kept."""
        self._file.write_bytes(msgspec.json.format(msgspec.json.encode(self.now)))

    def round(self, number: int) -> Round:
        """One cut, and what came of the one before; a round that was broken off is begun anew."""
        turn, place = divmod(number, len(MOMENTS))
        moment = random.Random(f"{self.now.seed}.{turn}").sample(MOMENTS, len(MOMENTS))[place]  # noqa: S311 - no secret
        made = Round(moment, random.Random(f"{self.now.seed}.{number}.s").random())  # noqa: S311
        self._look(made, getattr(self, f"_{moment}"))
        self.now.rounds.append(made)
        self.save()
        return made

    def last(self) -> Round:
        """The box is left alone: what came of the last cut."""
        made = Round("nothing", 0.0)
        self._look(made, self._served)
        return made

    def _look(self, made: Round, then: Callable[[Round], None]) -> None:
        """Start what the last cut has left, do it, and cut off."""
        try:
            self._chosen(made)
            then(made)
        except (AssertionError, BootError, OSError, subprocess.CalledProcessError, ValueError) as error:
            made.wrong = f"{type(error).__name__}: {error}"
        finally:
            self._box.cut()
            self.save()

    def _chosen(self, made: Round) -> None:
        """GRUB starts what the disk says."""
        env = self._box.off()
        self._check_slot(env.good)
        self._talk = Talk()
        made.slot = self._box.switch_on(self._talk.port)
        if made.slot != env.wanted:
            raise WrongError(f"slot {made.slot} was started, {env.wanted} was wanted")

    def _served(self, made: Round) -> None:
        """It comes to service, with slot and configuration as they have to be."""
        now, began_s = self.now, time.monotonic()
        self._box.in_service()
        served_s = time.monotonic()
        found = self._box.settled()
        made.state = found.record["state"]
        self._check_slot(found.running)
        if made.slot == found.running != now.good:
            now.took_s["confirm"] = time.monotonic() - began_s
        now.took_s["start"] = served_s - began_s
        now.good, now.trial = found.running, ""
        name, kept = self._box.name()
        self._check_name(name)
        if now.name and not kept:
            raise WrongError(f"no version is kept of the configuration in force, {name!r}")
        now.name, now.doubtful = name if now.name or name == now.doubtful else "", ""
        self._box.lay_line()
        if self._cut is not None:
            made.missing_s = judged(self._box.new_recording(self._cut.known), self._cut)
            self._cut = None

    def _cut_within(self, made: Round) -> None:
        """So much of what it takes is let pass; now and then the disk is looked at as a cut would leave it."""
        made.after_s *= self.now.took_s.get(made.moment, ASSUMED_S[made.moment])
        for _ in range(LOOKS):
            time.sleep(made.after_s / LOOKS)
            found = self._box.look()
            self._check_slot(found.good)
            self._check_name(found.name)
            self.now.looks += 1

    def _check_slot(self, slot: str) -> None:
        if slot not in (self.now.good, self.now.trial or self.now.good):
            raise WrongError(f"slot {slot} is good, which was never confirmed; {self.now.good} was")

    def _check_name(self, name: str) -> None:
        now = self.now
        if now.name and name not in (now.name, now.doubtful):
            raise WrongError(f"the configuration is lost: its name is {name!r}, {now.name!r} was committed")

    def _start(self, made: Round) -> None:
        self._cut_within(made)

    def _install(self, made: Round) -> None:
        self._served(made)
        self._begin_update()
        self._cut_within(made)

    def _begin_update(self) -> None:
        self.now.trial = other(self.now.good)
        self.save()
        self._box.begin_update()

    def _switch(self, made: Round) -> None:
        self._install_whole(made)
        self._cut_within(made)

    def _install_whole(self, made: Round) -> str:
        """The slot that GRUB has chosen meanwhile, if it has."""
        self._served(made)
        began_s = time.monotonic()
        self._begin_update()
        chosen = self._box.until("switching")
        self.now.took_s["install"] = time.monotonic() - began_s
        return chosen

    def _confirm(self, made: Round) -> None:
        chosen, began_s = self._install_whole(made), time.monotonic()
        made.slot += chosen or self._box.chosen()
        self.now.took_s["switch"] = time.monotonic() - began_s
        if made.slot[-1] != self.now.trial:
            raise WrongError(f"slot {made.slot[-1]} was started, {self.now.trial} was to be tried")
        self._cut_within(made)

    def _commit(self, made: Round) -> None:
        """While somebody talks, and is recorded."""
        self._served(made)
        with self._talk as talk:
            talk.answered()
            known = frozenset(self._box.recordings())
            time.sleep(TALK_S)
            self._commit_within(made)
            self._box.cut()
            self._cut = talk.cut(known)

    def _commit_within(self, made: Round) -> None:
        commits = sum(one.moment == made.moment for one in self.now.rounds)
        name, began_s, patient = f"cut-{len(self.now.rounds) + 1}", time.monotonic(), commits % TOLD_OF == 0
        self.now.doubtful = name
        self.save()
        asked = self._box.begin_commit(name)
        made.after_s *= 1.5 * self.now.took_s.get("commit", ASSUMED_S["commit"])  # it may be over by then
        made.told = self._box.committed(asked, PATIENCE_S if patient else made.after_s)
        if made.told:
            self.now.took_s["commit"] = made.after_s = time.monotonic() - began_s
            self.now.name, self.now.doubtful = name, ""
        elif patient:
            raise WrongError(f"the commit of {name} was not told in {PATIENCE_S:.0f} s")


def proved(rounds: Sequence[Round]) -> str:
    """Empty, or what these rounds have not shown: a cut after a commit that was told, the sound of one that talked."""
    if not any(one.moment == "commit" for one in rounds[:-1]):
        return ""  # too few of them
    if not any(one.told for one in rounds):
        return "no commit was told before its cut"
    return "" if any(one.missing_s is not None for one in rounds) else "no recording was looked at"


def bundles_disk(folder: Path) -> Path:
    """A disk with the phone's program and the bundle of the image's own slot.

    Both slots are of one version then, and tell by their letter.
    """
    bundle, made = IMAGE / f"branchline-{VERSION}.raucb", folder / "bundles.img"
    newest = max(path.stat().st_mtime for path in (bundle, *PHONE))
    if not made.exists() or made.stat().st_mtime < newest:
        content = folder / "bundles"
        shutil.rmtree(content, ignore_errors=True)
        content.mkdir()
        os.link(bundle, content / "bundle.raucb")
        for path in PHONE:
            (there := content / path.relative_to(ROOT)).parent.mkdir(parents=True)
            shutil.copyfile(path, there)
        pack = ["mksquashfs", str(content), str(made), "-noappend", "-noD", "-noI", "-noF", "-quiet", "-no-progress"]
        subprocess.run(pack, check=True, stdout=subprocess.DEVNULL)
    return made


def _told(number: int, look: Callable[[], Round]) -> Round:
    began_s, made = time.monotonic(), look()
    took_s = time.monotonic() - began_s
    found = f"slot {made.slot or '?'}, {made.state or 'not looked at'}"
    print(f"{number:3} {found}; {made.moment} cut after {made.after_s:.1f} s, {took_s:.0f} s {made.wrong}", flush=True)
    return made


def main() -> int:
    """0 if the box came to service after every cut."""
    parser = argparse.ArgumentParser(prog="make power-cuts", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="each has a box of its own: two may run side by side")
    options = parser.parse_args()
    os.nice(NICE)
    folder = FOLDER / str(options.seed)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        run = Run(folder, IMAGE / disk.DISK, bundles_disk(FOLDER), options.seed)
    except ProgressError as error:
        print(f"power-cuts: {error}", file=sys.stderr)
        return 2
    rounds = run.now.rounds
    print(f"power-cuts: seed {options.seed}, {len(rounds)} of {options.rounds} rounds stand", flush=True)
    while len(rounds) < options.rounds and not any(one.wrong for one in rounds):
        _told(len(rounds) + 1, lambda: run.round(len(rounds)))
    last = None if any(one.wrong for one in rounds) else _told(len(rounds) + 1, run.last)
    good = sum(not one.wrong for one in rounds)
    shares = ", ".join(f"{sum(one.moment == moment for one in rounds)} {moment}" for moment in MOMENTS)
    missing = [one.missing_s for one in (*rounds, *([last] if last else [])) if one.missing_s is not None]
    told = f"{sum(one.told for one in rounds)} commits told, {len(missing)} recordings"
    longest = f" (at most {max(missing):.1f} s short)" if missing else ""
    short = proved([*rounds, last]) if last else ""
    firmware = "EFI" if run.now.efi else "BIOS"
    ends = f"{run.now.looks} looks, {told}{longest}; seed {options.seed}, {firmware}{f'; {short}' if short else ''}"
    print(f"POWER-CUTS: {good} of {options.rounds} passed ({shares}), {ends}")
    return 0 if last and not last.wrong and not short else 1


if __name__ == "__main__":
    sys.exit(main())
