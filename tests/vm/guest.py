# SPDX-License-Identifier: GPL-2.0-only
"""The guest: this tree laid beside the image, its C compiled for the guest's Python, QEMU started and ended."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence

from rootfs.setup.paths import BUILD, ROOT
from rootfs.setup.steps import Progress
from rootfs.vm.image import Image

HOME = BUILD / "vm"
TREE = HOME / "tree"
RESULT = HOME / "result"
CONSOLE = HOME / "console.log"
BUILDERS = ("dsp.build_ffi", "appliance.signalling.pri.build_ffi")
FOLDERS = ("appliance", "drivers", "dsp", "tests")
MADE = (".pyc", "_core.c", "_pri.c")
MEMORY = "2G"
CLOCK = "shift=2,sleep=off"
"""An instruction takes the guest 4 ns, and where it has nothing to do the next timer is due at once."""


def lay_out(progress: Progress, image: Image) -> None:
    """Copy what git knows of the tree, and compile it in the guest's root; objects of the last time are kept.

    Raises: SetupError when the guest's compiler refuses.
    """
    _copy_tree()
    build = " && ".join(f"python3 -m {builder}" for builder in BUILDERS)
    inside = f"cd /mnt && {build} && python3 -m compileall -q {' '.join(FOLDERS)}"
    # The mounts are of a namespace of their own, and end with it.
    script = f'mount --bind {TREE} "$0/mnt" && mount -t proc proc "$0/proc" && exec chroot "$0" sh -c "{inside}"'
    namespace = ["unshare", "--mount", "--propagation", "private"]
    progress.run("the core for the guest", [*namespace, "sh", "-c", script, str(image.root)])


def _copy_tree() -> None:
    TREE.mkdir(parents=True, exist_ok=True)
    known = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(known, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    wanted = {name for name in listed if name and (ROOT / name).is_file()}
    for name in wanted:
        old, new = TREE / name, ROOT / name
        if not old.exists() or old.read_bytes() != new.read_bytes():
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(new, old)
    for folder in FOLDERS:
        for path in (TREE / folder).rglob("*.[pch]*"):
            made_here = path.suffix in MADE or path.name in MADE
            if path.is_file() and not made_here and str(path.relative_to(TREE)) not in wanted:
                path.unlink()


def boot(image: Image, seconds: float, tests: Sequence[str] = ()) -> bool:
    """Run the guest to its end with its console shown. False if it had to be ended.

    `tests`: files or ids of tests, all if none.
    """
    shutil.rmtree(RESULT, ignore_errors=True)
    RESULT.mkdir(parents=True)
    with CONSOLE.open("wb") as console:
        machine = subprocess.Popen(_command(image, tests), stdin=subprocess.DEVNULL, stdout=console, stderr=console)
    try:
        return _watch(machine, time.monotonic() + seconds)
    finally:
        if machine.poll() is None:
            machine.kill()
            machine.wait()


def _command(image: Image, tests: Sequence[str]) -> list[str]:
    wanted = f" tests={','.join(tests)}" if tests else ""
    share = "local,security_model=none,multidevs=remap"
    return [
        "qemu-system-x86_64",
        *("-accel", "tcg,thread=single", "-icount", CLOCK, "-cpu", "max", "-smp", "1", "-m", MEMORY),
        *("-kernel", str(image.kernel), "-initrd", str(image.initramfs)),
        *("-append", f"console=ttyS0 quiet panic=-1 guest=tests/vm/guest.sh{wanted}"),
        *("-drive", f"file={image.disk},format=raw,if=virtio,snapshot=on"),
        *("-drive", f"file={image.switch},format=raw,if=virtio,snapshot=on"),
        *("-virtfs", f"{share},path={TREE},mount_tag=tree,readonly=on"),
        *("-virtfs", f"{share},path={RESULT},mount_tag=result"),
        *("-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-nic", "none"),
    ]


def _watch(machine: subprocess.Popen[bytes], deadline: float) -> bool:
    with CONSOLE.open("rb") as console:
        while True:
            ended = machine.poll() is not None
            sys.stdout.write(console.read().decode("utf-8", "replace").replace("\r", ""))
            sys.stdout.flush()
            if ended:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
