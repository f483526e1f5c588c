# SPDX-License-Identifier: GPL-2.0-only
"""Whatever comes on a D-channel, as bits or as tones: no process ends by it, no channel stays taken, and a call passes.

Each kind of trouble runs in a process of its own, because libpri is C. `make test` gives each some seconds, `make soak`
ten minutes. What broke it is kept in build/fuzz/<kind>/crash-<seed>; how to run it again stands in its last line.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dsp.build_ffi import ROOT
from rootfs.setup.paths import BUILD
from tests.fuzz.run import KINDS

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

SEED = "2026"
SECONDS, SOAK_SECONDS = 3, 600
every_kind = pytest.mark.parametrize("kind", sorted(KINDS))
UNGUARDED = """
from appliance.signalling.pri import guard
guard.admit = lambda frame: (frame, None)
from tests.fuzz.run import main
import sys
main(*sys.argv[1:])
"""


def fuzzed(
    kind: str, seed: str, seconds: int, folder: Path, program: tuple[str, ...] = ("-m", "tests.fuzz.run")
) -> "subprocess.CompletedProcess[str]":
    """Run it; its input is kept where it failed."""
    folder.mkdir(parents=True, exist_ok=True)
    fed = folder / f"fed-{seed}"
    command = [sys.executable, "-X", "faulthandler", *program, kind, seed, str(seconds), str(fed)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    print(f"{kind}, seed {seed}: {ran.stdout.strip() or ran.returncode}")
    if ran.returncode:
        with fed.open("a") as file:
            file.write(f"# again: PYTHONHASHSEED=0 python -m tests.fuzz.run {kind} {seed} 3600 fed\n")
        fed.rename(folder / f"crash-{seed}")
    else:
        fed.unlink()
    return ran


@every_kind
def test_no_input_ends_the_process_or_keeps_a_channel(kind: str) -> None:
    ran = fuzzed(kind, SEED, SECONDS, BUILD / "fuzz" / kind)
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert "rounds" in ran.stdout


@pytest.mark.soak
@pytest.mark.timeout(SOAK_SECONDS + 120)
@every_kind
def test_no_input_of_ten_minutes_does_either(kind: str) -> None:
    ran = fuzzed(kind, str(time.time_ns()), SOAK_SECONDS, BUILD / "fuzz" / kind)
    assert ran.returncode == 0, ran.stderr[-4000:]


def test_what_breaks_is_seen_and_kept(tmp_path: Path) -> None:
    ran = fuzzed("d_channel", SEED, 20, tmp_path, ("-c", UNGUARDED))
    assert ran.returncode != 0
    kept = (tmp_path / f"crash-{SEED}").read_text().splitlines()
    assert " from network: " in "".join(kept) or " from user: " in "".join(kept)
    assert kept[-1].endswith(f"tests.fuzz.run d_channel {SEED} 3600 fed")
