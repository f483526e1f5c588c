# SPDX-License-Identifier: GPL-2.0-only
"""The distribution has every file that the code reads beside itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NOT_READ = {".c", ".h", ".md", ".clang-format"}

pytestmark = pytest.mark.system


def test_every_file_beside_the_code_is_in_it(tmp_path: Path) -> None:
    build = [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q"]
    built = tmp_path / "lib"
    made = [*build, "egg_info", "--egg-base", str(tmp_path), "build_py", "--build-lib", str(built)]
    subprocess.run(made, cwd=ROOT, check=True, capture_output=True)
    tracked = subprocess.run(
        ["git", "ls-files", "appliance", "drivers", "dsp"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    wanted = {name for name in tracked if Path(name).suffix not in NOT_READ and Path(name).name not in NOT_READ}
    assert any(name.endswith("r2/variants/cn.toml") for name in wanted)
    assert sorted(name for name in wanted if not (built / name).exists()) == []
