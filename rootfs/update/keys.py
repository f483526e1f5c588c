# SPDX-License-Identifier: GPL-2.0-only
"""`make keys`: the authority that boxes trust, and a certificate of its that signs bundles (ECDSA, P-256).

The folder appears whole or not at all, and is never written over: boxes in the field take nothing of another
authority. RAUC wants no codeSigning in a signer's certificate unless system.conf asks for it (`check-purpose`).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from rootfs.setup.paths import ROOT
from rootfs.setup.steps import SetupError

FOLDER = Path(os.environ.get("BRANCHLINE_KEYS", ROOT / "keys"))
AUTHORITY_DAYS, SIGNER_DAYS = 7300, 1825
CONFIG = """\
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


class Keys(NamedTuple):
    """Of one folder. `keyring` is what boxes trust; `authority` (its key) is wanted for a new signer alone."""

    folder: Path

    @property
    def keyring(self) -> Path:
        """Public: the image has it as /etc/rauc/keyring.pem."""
        return self.folder / "keyring.pem"

    @property
    def authority(self) -> Path:
        """Secret: keep it off this machine."""
        return self.folder / "authority.key"

    @property
    def signer(self) -> Path:
        """Public, and part of every bundle."""
        return self.folder / "signer.pem"

    @property
    def signer_key(self) -> Path:
        """Secret: signs bundles."""
        return self.folder / "signer.key"


KEYS = Keys(FOLDER)
"""Of this tree, whether they are there or not."""


def keys(folder: Path = FOLDER) -> Keys:
    """Those that stand there. Raises: SetupError where there are none."""
    found = Keys(folder)
    if not all(file.exists() for file in (found.keyring, found.signer, found.signer_key)):
        raise SetupError(f"{folder} has no keys", "make keys, or name their folder with BRANCHLINE_KEYS")
    return found


def make(folder: Path = FOLDER) -> Keys:
    """New ones. Raises: SetupError where some stand there already, or openssl fails."""
    if folder.exists():
        raise SetupError(
            f"{folder} is there already: boxes trust its authority, and would take no bundle of another",
            "keep it; for boxes of their own name another folder with BRANCHLINE_KEYS",
        )
    part = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700, parents=True)
    made = Keys(part)
    _certificate(made.keyring, made.authority, "Branchline update authority", "authority", AUTHORITY_DAYS)
    by = ["-CA", str(made.keyring), "-CAkey", str(made.authority)]
    _certificate(made.signer, made.signer_key, "Branchline update signer", "signer", SIGNER_DAYS, by)
    part.rename(folder)
    return Keys(folder)


def _certificate(file: Path, key: Path, name: str, section: str, days: int, by: list[str] | None = None) -> None:
    config = file.with_suffix(".cnf")
    config.write_text(CONFIG.format(name=name), "ascii")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", str(key)]
    argv = ["openssl", "req", "-x509", "-config", str(config), "-extensions", section, *curve, *(by or [])]
    told = subprocess.run(
        [*argv, "-sha256", "-days", str(days), "-out", str(file)],
        capture_output=True,
        text=True,
        umask=0o077,
        check=False,
    )
    if told.returncode != 0:
        raise SetupError(f"openssl made no certificate: {told.stderr.strip()}", "apt-get install openssl, then again")
    config.unlink()
    file.chmod(0o644)


def main() -> int:
    """0: made; 1: refused."""
    try:
        made = make()
    except SetupError as error:
        sys.stderr.write(f"{error.report().replace('set-up: ', 'keys:   ')}\n")
        return 1
    print(f"keys: {made.folder} made; make image puts {made.keyring.name} into the image as /etc/rauc/keyring.pem")
    print(f"keys: keep {made.authority.name} and {made.signer_key.name} secret, and a copy of both: git ignores them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
