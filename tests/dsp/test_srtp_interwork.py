# SPDX-License-Identifier: GPL-2.0-only
"""Our SRTP and Debian's libsrtp2 make the same octets and read each other's, under both sanitizers."""

import os
import subprocess
from pathlib import Path

import pytest

from dsp.build_ffi import CC, ROOT, SANITIZE, STRICT, compile_program, sources

pytestmark = pytest.mark.system

SOURCE = ROOT / "tests" / "dsp" / "srtp_interwork.c"


@pytest.fixture(scope="module")
def interwork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("srtp") / "srtp_interwork"
    ours = [path for path in sources() if path.parent.name == "linked" and path.name.startswith("srt")]
    compile_program([*CC], [*STRICT, *SANITIZE, "-Wl,--no-as-needed", "-lsrtp2"], [SOURCE, *ours], program)
    return program


def run(interwork: Path, seed: int, packets: int) -> None:
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}  # NSS, which libsrtp2 stands on, frees little
    ran = subprocess.run(
        [interwork, str(seed), str(packets)], capture_output=True, text=True, env=environment, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("seed", [1, 20260])
def test_libsrtp2_hears_us_and_we_hear_it_over_the_wrap(interwork: Path, seed: int) -> None:
    run(interwork, seed, 1500)


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(100, 104))
def test_libsrtp2_and_we_agree_on_millions_of_packets(interwork: Path, seed: int) -> None:
    run(interwork, seed, 50_000)  # in each suite with each of four MKIs
