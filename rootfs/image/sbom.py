# SPDX-License-Identifier: GPL-2.0-only
"""What the image is made of, inside it: `/usr/share/branchline/sbom.json` (CycloneDX 1.6) and `licences/`.

Debian's packages are read from dpkg's status, Python's from their metadata; pjproject, of which pjsua2 is made, by
our lock; the cards' drivers by their modules' own words. Licences are named as each package names them.
"""

import json
import re
import shutil
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from appliance import VERSION
from rootfs.setup.pjproject import source

Component = dict[str, Any]
SHARE = "usr/share/branchline"


def write(root: Path, environment: Path) -> None:
    """Write both below a root; Debian's licences move there from /usr/share/doc."""
    licences = root / SHARE / "licences"
    components = [*_debian(root, licences / "debian"), *_python(environment, licences / "python"), _pjproject()]
    box = {"type": "operating-system", "name": "branchline", "version": VERSION}
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": box | {"licenses": [{"expression": "GPL-2.0-only"}]}},
        "components": components,
    }
    (root / SHARE / "sbom.json").write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")
    shutil.rmtree(root / "usr/share/doc", ignore_errors=True)


def _debian(root: Path, licences: Path) -> Iterator[Component]:
    licences.mkdir(parents=True)
    status = (root / "var/lib/dpkg/status").read_text(encoding="utf-8")
    for package in map(HeaderParser().parsestr, re.split(r"\n\n", status.strip())):
        name, version = package["Package"], package["Version"]
        copyright_file = root / "usr/share/doc" / name / "copyright"
        text = copyright_file.read_text(encoding="utf-8", errors="replace") if copyright_file.exists() else ""
        (licences / name).write_text(text, encoding="utf-8")
        named = dict.fromkeys(re.findall(r"^License: *(\S.*?) *$", text, re.MULTILINE))
        purl = f"pkg:deb/debian/{name}@{version}?arch={package['Architecture']}&distro=trixie"
        yield _component(name, version, purl, [{"license": {"name": licence}} for licence in named])


def _python(environment: Path, licences: Path) -> Iterator[Component]:
    for metadata in sorted(environment.glob("lib/python*/site-packages/*.dist-info/METADATA")):
        about = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
        name, version = about["Name"], about["Version"]
        for text in metadata.parent.rglob("*"):
            if text.is_file() and re.match(r"(?i)(licen[cs]e|copying|notice|authors)", text.name):
                (licences / name).mkdir(parents=True, exist_ok=True)
                shutil.copy(text, licences / name)
        yield _component(name, version, f"pkg:pypi/{name.lower()}@{version}", _python_licences(about))


def _python_licences(about: Any) -> list[dict[str, Any]]:
    if about["License-Expression"]:
        return [{"expression": about["License-Expression"]}]
    trove = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    return [{"license": {"name": name}} for name in trove or [about["License"]] if name]


def _pjproject() -> Component:
    version = next(iter(source.locked().values()))
    expression = [{"expression": "GPL-2.0-or-later"}]
    return _component("pjproject", version, f"pkg:github/pjsip/pjproject@{version}", expression)


def _component(name: str, version: str, purl: str, licences: list[dict[str, Any]]) -> Component:
    told = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    return told | ({"licenses": licences} if licences else {})
