# SPDX-License-Identifier: GPL-2.0-only
"""What the image is made of, inside it: `/usr/share/branchline/sbom.json` (CycloneDX 1.6) and `licences/`.

Debian's packages are read from dpkg's status, Python's from their metadata; pjproject, of which pjsua2 is made, by
our lock and its source; the cards' drivers (DAHDI) by their modules' own words and the package that compiled them.
Licences are named as each names them: by its copyright file's fields, else by what its prose points at.
"""

import json
import re
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from appliance import VERSION
from rootfs.setup.pjproject import source

Component = dict[str, Any]
SHARE = "usr/share/branchline"
COMMON = re.compile(r"common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9+])")
SAID_IN_PROSE = {
    "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2": "PSF-2.0",
    "Copyright (C) 1985-20": "MIT",  # Kerberos, whose licence has no name there
    "GNU Lesser General Public\nLicense, version 2.1": "LGPL-2.1-or-later",
}
"""What copyright files without fields say, and how SPDX names it."""
PJPROJECT = "GPL-2.0-or-later"
DRIVERS = "dahdi-dkms"
"""The package whose sources the image's modules are made of; it is the builder's alone."""


def write(root: Path, environment: Path, builder: Path, pjproject: Path) -> None:
    """Write both below a root; Debian's licences move there from /usr/share/doc.

    `builder`: where the cards' drivers were compiled; `pjproject`: the source of pjsua2. Raises OSError, LookupError.
    """
    licences = root / SHARE / "licences"
    components = [
        *_debian(root, licences / "debian"),
        *_python(environment, licences / "python"),
        _pjproject(pjproject, licences / "pjproject"),
        _drivers(root, builder, licences / "dahdi"),
    ]
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
    for name, version, architecture in _packages(root):
        copyright_file = root / "usr/share/doc" / name / "copyright"
        text = copyright_file.read_text(encoding="utf-8", errors="replace") if copyright_file.exists() else ""
        (licences / name).write_text(text, encoding="utf-8")
        yield _component(name, version, _purl(name, version, architecture), _named(_licences(text)))


def _packages(root: Path) -> Iterator[tuple[str, str, str]]:
    """Name, version, architecture of what dpkg has installed."""
    status = (root / "var/lib/dpkg/status").read_text(encoding="utf-8")
    for package in map(HeaderParser().parsestr, re.split(r"\n\n", status.strip())):
        yield package["Package"], package["Version"], package["Architecture"]


def _purl(name: str, version: str, architecture: str) -> str:
    return f"pkg:deb/debian/{name}@{version}?arch={architecture}&distro=trixie"


def _licences(text: str) -> Iterable[str]:
    """Of a copyright file: its fields (DEP 5), or else what its prose points at."""
    if named := dict.fromkeys(re.findall(r"^License: *(\S.*?) *$", text, re.MULTILINE)):
        return named
    return dict.fromkeys([*(name for said, name in SAID_IN_PROSE.items() if said in text), *COMMON.findall(text)])


def _named(names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"license": {"name": name}} for name in names]


def _python(environment: Path, licences: Path) -> Iterator[Component]:
    for metadata in sorted(environment.glob("lib/python*/site-packages/*.dist-info/METADATA")):
        about = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
        name, version = about["Name"], about["Version"]
        for text in metadata.parent.rglob("*"):
            if text.is_file() and re.match(r"(?i)(licen[cs]e|copying|notice|authors)", text.name):
                (licences / name).mkdir(parents=True, exist_ok=True)
                shutil.copy(text, licences / name)
        yield _component(name, version, f"pkg:pypi/{name.lower()}@{version}", _python_licences(name, about))


def _python_licences(name: str, about: Any) -> list[dict[str, Any]]:
    expression = PJPROJECT if name == "pjsua2" else about["License-Expression"]  # the binding's wheel names none
    if expression:
        return [{"expression": expression}]
    trove = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    return _named(name for name in trove or [about["License"]] if name)


def _pjproject(tarball: Path, licences: Path) -> Component:
    version = next(iter(source.locked().values()))
    licences.mkdir(parents=True)
    with tarfile.open(tarball) as opened:
        text = next(member for member in opened if re.fullmatch(r"(\./)?[^/]+/COPYING", member.name))
        (licences / "COPYING").write_bytes(opened.extractfile(text).read())  # type: ignore[union-attr]  # it is a file
    purl = f"pkg:github/pjsip/pjproject@{version}"
    return _component("pjproject", version, purl, [{"expression": PJPROJECT}])


def _drivers(root: Path, builder: Path, licences: Path) -> Component:
    """The package, and in it every module that the image has of it."""
    name, version, architecture = next(one for one in _packages(builder) if one[0] == DRIVERS)
    licences.mkdir(parents=True)
    shutil.copy(builder / "usr/share/doc" / name / "copyright", licences)
    shutil.copy(builder / "usr/share/common-licenses/GPL-2", licences / "COPYING")  # its sources bring none
    made_of = _purl(name, version, architecture)
    modules = [_module(path, version, made_of) for path in sorted(root.glob("usr/lib/modules/*/updates/dkms/*.ko"))]
    if not modules:
        raise LookupError(f"{root} has none of the modules of {name}")
    copyright_file = (licences / "copyright").read_text(encoding="utf-8")
    return _component(name, version, made_of, _named(_licences(copyright_file))) | {"components": modules}


def _module(path: Path, version: str, made_of: str) -> Component:
    """By its .modinfo, which is NUL-ended words."""
    words = dict(re.findall(rb"(?<=\0)(license|version)=([^\0]+)(?=\0)", path.read_bytes()))
    own, licence = (words.get(key, b"").decode() for key in (b"version", b"license"))
    return _component(path.name, own or version, f"{made_of}#{path.name}", _named([licence] if licence else ()))


def _component(name: str, version: str, purl: str, licences: list[dict[str, Any]]) -> Component:
    told = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    return told | ({"licenses": licences} if licences else {})
