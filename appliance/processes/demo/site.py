# SPDX-License-Identifier: GPL-2.0-only
"""The demo's site on disk: configuration as an installer would write it, secrets made at the first start.

All under one state folder: `etc/` the files, `headquarters/` and `branch/` the boxes' own states, `phone/`.
"""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.config import Branch, Endpoint, Headquarters, Listener, listeners
from appliance.config.branch import CesopsnSpan
from appliance.config.files import load_role
from appliance.signalling.sip import kamailio

TEMPLATES = Path(__file__).resolve().parents[2] / "simulator" / "site"
SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
PROGRAMS = {
    str(kamailio.PROGRAM): "kamailio kamailio-sqlite-modules",
    "baresip": "baresip-core",
    "setpriv": "util-linux",
}
LOCK = Path("run/lock")
_SECRET = re.compile(r"\bsecrets/([A-Za-z0-9_-]+)")


class Site(msgspec.Struct, frozen=True):
    """Where everything of the demo is."""

    state: Path
    branch: Branch
    headquarters: Headquarters

    @property
    def page(self) -> str:
        """The page's address."""
        return f"http://{self.headquarters.web.listen}"

    def box_environment(self, role: str) -> dict[str, str]:
        """What a process of that box is told."""
        configuration = self.state / "etc" / f"{role}.yaml"
        return {"BRANCHLINE_CONFIG": str(configuration), "BRANCHLINE_STATE": str(self.state / role)}


def state_folder() -> Path:
    """BRANCHLINE_STATE, else build/state/demo under the working directory."""
    return Path(os.environ.get("BRANCHLINE_STATE", "") or "build/state/demo").absolute()


def missing() -> list[str]:
    """A sentence with its mend for every program or sound that is not installed."""
    told = [
        f"{program} is missing; apt-get install {packages}"
        for program, packages in PROGRAMS.items()
        if shutil.which(program) is None
    ]
    if not SOUNDS.is_dir():
        told.append(f"{SOUNDS} is missing; apt-get install asterisk-core-sounds-en-wav")
    return told


def prepare(state: Path, templates: Path) -> Site:
    """Write the site. Raises OSError, ConfigurationError."""
    files = state / "etc"
    shutil.copytree(templates, files, dirs_exist_ok=True)
    for template in templates.glob("*.yaml"):
        for name in _SECRET.findall(template.read_text()):
            _make_secret(files / "secrets" / name)
    return Site(state, load_role(files / "branch.yaml", Branch), load_role(files / "headquarters.yaml", Headquarters))


def ports_of(site: Site) -> Iterator[Listener]:
    """Every port that the demo's processes will bind."""
    yield from listeners(site.headquarters)
    yield from listeners(site.branch)
    for number, span in enumerate(site.branch.spans):
        if isinstance(span, CesopsnSpan):
            far = Endpoint(*span.remote)
            yield Listener("udp", far, "the simulated exchange", ("spans", number, "remote"))


def _make_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_hex(12) + "\n")
