# SPDX-License-Identifier: GPL-2.0-only
"""`make buildroot-check`: the external tree held against itself; with BUILDROOT=dir against that Buildroot too.

Of a Buildroot: each defconfig is taken, its own check-dotconfig.py says which lines did not survive, show-info which
packages would be built, and check-package what its reviewers would say. Nothing is built.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rootfs.buildroot.check import faults
from rootfs.setup.paths import ROOT

TREE = ROOT / "buildroot-config"


def main() -> int:
    """Print every fault. Exit status 1 with one."""
    named = os.environ.get("BUILDROOT")
    checks = {"by kconfiglib": faults(TREE)}
    if named:
        buildroot = Path(named).expanduser().resolve()
        if not (buildroot / "support/scripts/check-dotconfig.py").is_file():
            print(f"BUILDROOT={named}: no Buildroot; name the folder with its Makefile", file=sys.stderr)
            return 1
        checks |= against(buildroot)
    for check, found in checks.items():
        for sentence in found:
            print(f"{check}: {sentence}", file=sys.stderr)
    passed = sum(not found for found in checks.values())
    print(f"BUILDROOT-CHECK: {passed} of {len(checks)} passed{'' if named else ', without a Buildroot'}")
    return 0 if passed == len(checks) else 1


def against(buildroot: Path, tree: Path = TREE) -> dict[str, list[str]]:
    """What a Buildroot says, by check."""
    found = {}
    for defconfig in sorted((tree / "configs").glob("*_defconfig")):
        with tempfile.TemporaryDirectory(prefix="branchline-buildroot-") as output:
            make = ["make", "-s", "-C", str(buildroot), f"O={output}", f"BR2_EXTERNAL={tree}"]
            found[defconfig.name] = list(_defconfig(buildroot, make, defconfig, Path(output)))
    files = [str(path) for path in sorted((tree / "package").rglob("*")) if path.is_file()]
    found["check-package"] = _lines(["utils/check-package", "-b", *files], buildroot)
    return found


def _defconfig(buildroot: Path, make: list[str], defconfig: Path, output: Path) -> Iterator[str]:
    if lines := _lines([*make, defconfig.name], buildroot):
        yield from lines
        return
    dotconfig = [sys.executable, "support/scripts/check-dotconfig.py", str(output / ".config"), str(defconfig)]
    yield from _lines(dotconfig, buildroot)
    shown = subprocess.run([*make, "show-info"], cwd=buildroot, capture_output=True, text=True, check=False)
    if shown.returncode != 0:
        yield f"show-info: {shown.stderr.strip()}"
        return
    built = json.loads(shown.stdout)
    ours = {path.name for path in (defconfig.parent.parent / "package").iterdir()}
    yield from (f"{name} would not be built" for name in sorted(ours - set(built)))


def _lines(argv: list[str], buildroot: Path) -> list[str]:
    """What a check that failed said."""
    done = subprocess.run(argv, cwd=buildroot, capture_output=True, text=True, check=False)
    said = f"{done.stdout}{done.stderr}".strip().splitlines()
    return (said or [f"{argv[0]}: status {done.returncode}"]) if done.returncode else []


if __name__ == "__main__":
    sys.exit(main())
