# SPDX-License-Identifier: GPL-2.0-only
"""What is compiled: the image's Python environment, pjsua2 and the C extensions, in a root with compilers.

`make_parts` prepares that root and runs this module inside it, where set-up's own steps do the work: the tree lies
there at the path that it has in the image. Packages come in as wheels, fetched outside; inside nothing is fetched.
"""

import os
import sys
from pathlib import Path

from rootfs.image import roots, tree, wheels
from rootfs.setup import extensions
from rootfs.setup.environment import LOCK, site_packages
from rootfs.setup.paths import CACHE, PACKAGES, ROOT, VENV, VENV_PYTHON, digest_of
from rootfs.setup.pjproject import build as pjsua2
from rootfs.setup.pjproject import source
from rootfs.setup.steps import Progress, SetupError, Step, run_steps

LIST = PACKAGES / "image-builder.list"


def make_parts(progress: Progress) -> Path:
    """The root in which all stands: the tree with its extensions at tree.HOME, its environment in build/venv.

    Raises: SetupError when something cannot be fetched or compiled.
    """
    key = digest_of([LIST, *roots.FILES])[:16]
    builder = roots.root(progress, "image-builder", LIST, lambda _: None, key)
    version = roots.kernel_version(builder)
    if not any((builder / "usr/lib/modules" / version).rglob("dahdi.ko*")):
        raise SetupError(f"dahdi-dkms made no driver for kernel {version}", "read the log", progress.log)
    source.find(os.environ.get("PJPROJECT_TARBALL")) or source.fetch(progress)
    wheels.fetch(progress)
    tree.lay(tree.files(*tree.APPLIANCE, *tree.SET_UP), ROOT, builder / tree.HOME.lstrip("/"))
    inside = f"cd {tree.HOME} && exec python3 -m rootfs.image.parts"
    roots.enter(progress, "pjsua2 and the C core for the image", builder, inside, {CACHE: "/root/.cache/branchline"})
    return builder


def _environment(progress: Progress) -> None:
    """Of the image's Python, at the hashes of its lock."""
    progress.run("virtual environment", [sys.executable, "-m", "venv", "--clear", str(VENV)])
    pip = [str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    found = ["--no-index", f"--find-links={wheels.folder()}", "-r", str(wheels.folder() / "requirements.txt")]
    progress.run("packages", [*pip, *found])
    (site_packages() / "branchline.pth").write_text(f"{ROOT}\n")


def main() -> int:
    """Inside the root: 0 when all stands."""
    environment = Step("python", lambda: digest_of([LOCK], sys.version), VENV_PYTHON.exists, _environment)
    try:
        run_steps([environment, pjsua2.STEP, *extensions.steps()], sys.stdout)
    except SetupError as error:
        print(error.report())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
