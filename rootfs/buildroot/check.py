# SPDX-License-Identifier: GPL-2.0-only
"""What can be wrong with an external tree, found without Buildroot; every fault is a sentence with its file.

Kconfiglib reads our Config.in beside `known.in`, the part of Buildroot's Kconfig that we use, and loads each defconfig:
a line that does not survive is what Buildroot would drop in silence. The makefiles are read as text.
"""

import itertools
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import kconfiglib

from appliance import VERSION
from rootfs.buildroot import wheels
from rootfs.image.disk import MODULES
from rootfs.setup.environment import LOCK
from rootfs.setup.pjproject import source

KNOWN = Path(__file__).with_name("known.in")
NEEDED = ("VERSION", "LICENSE", "LICENSE_FILES")
EVALUATED = re.compile(r"^\$\(eval \$\((?:host-)?(?:generic|autotools|python)-package\)\)$", re.MULTILINE)
HASH_LINE = re.compile(r"sha256  ([0-9a-f]{64})  (\S+)")
DEFCONFIG_LINE = re.compile(r'(?P<set>BR2_\w+)=(?P<value>y|\d+|".*")|# (?P<unset>BR2_\w+) is not set|#.*|')
KERNEL = re.compile(r'^BR2_LINUX_KERNEL_CUSTOM_TARBALL_LOCATION=".*/(.+)"$', re.MULTILINE)
GRUB_MODULES = re.compile(r'^BR2_TARGET_GRUB2_BUILTIN_MODULES_EFI="(.*)"$', re.MULTILINE)
BUILDROOTS_OWN = re.compile(r"BR2_EXTERNAL|BR2_VERSION")


def faults(tree: Path, lock: Path = LOCK) -> list[str]:
    """All of them, empty when the tree is sound. The repository is the folder above it."""
    try:
        kconfig = read(tree)
    except kconfiglib.KconfigError as error:
        return [f"Config.in: {error}".replace(f"{tree}/", "")]
    ours = {symbol.name: symbol for symbol in kconfig.unique_defined_syms if _is_ours(symbol, tree)}
    found = [*_descriptor(tree), *(f"Config.in: {warning}".replace(f"{tree}/", "") for warning in kconfig.warnings)]
    found += [f"Config.in: {name} has no help" for name, symbol in ours.items() if not _helped(symbol)]
    for name in sorted(path.name for path in (tree / "package").iterdir()):
        found += _package(tree, name, ours)
    for defconfig in sorted((tree / "configs").glob("*_defconfig")):
        found += _defconfig(tree, defconfig, kconfig)
    return [*found, *_used(tree, kconfig), *_kernel(tree), *_grub(tree), *_locked(tree, lock)]


def read(tree: Path) -> kconfiglib.Kconfig:
    """Raises kconfiglib.KconfigError."""
    names = {"BR2_EXTERNAL_BRANCHLINE_PATH": str(tree), "BR2_KNOWN": str(KNOWN), "CONFIG_": "", "srctree": "/"}
    os.environ.update(names)  # kconfiglib takes them from nowhere else
    top = Path(__file__).with_name("top.in")
    return kconfiglib.Kconfig(str(top), warn_to_stderr=False)


def _is_ours(symbol: kconfiglib.Symbol, tree: Path) -> bool:
    return any(Path("/", node.filename).is_relative_to(tree) for node in symbol.nodes)


def _helped(symbol: kconfiglib.Symbol) -> bool:
    return any(node.help for node in symbol.nodes)


def _descriptor(tree: Path) -> Iterator[str]:
    told = dict(
        re.findall(r"^(name|desc): *(\S.*)$", (tree / "external.desc").read_text(encoding="utf-8"), re.MULTILINE)
    )
    if told.get("name") != "BRANCHLINE":
        yield f"external.desc: name {told.get('name')!r}: paths of the tree say BR2_EXTERNAL_BRANCHLINE_PATH"
    if "desc" not in told:
        yield "external.desc: no desc"


def _package(tree: Path, name: str, ours: Mapping[str, kconfiglib.Symbol]) -> Iterator[str]:
    folder, prefix = tree / "package" / name, name.upper().replace("-", "_")
    makefile, where = folder / f"{name}.mk", f"package/{name}/{name}.mk"
    symbol = ours.get(f"BR2_PACKAGE_{prefix}")
    if symbol is None:
        yield f"package/{name}/Config.in: does not define BR2_PACKAGE_{prefix}"
    if not makefile.exists():
        yield f"{where}: is missing"
        return
    text = makefile.read_text(encoding="utf-8").replace("\\\n", " ")
    said = dict(re.findall(r"^(\w+) *[:+?]?= *(.*)$", text, re.MULTILINE))
    for variable in said:
        if not variable.startswith(f"{prefix}_"):
            yield f"{where}: {variable} is no variable of {name}; they begin with {prefix}_"
    values = {key.removeprefix(f"{prefix}_"): value.strip() for key, value in said.items()}
    yield from (f"{where}: {prefix}_{key} is missing" for key in NEEDED if not values.get(key))
    if not EVALUATED.search(text):
        yield f"{where}: evaluates no package infrastructure"
    if symbol is not None:
        yield from (f"{where}: {sentence}" for sentence in _dependencies(values, symbol))
    yield from _hashes(tree, name, values, text)


def _dependencies(values: Mapping[str, str], symbol: kconfiglib.Symbol) -> Iterator[str]:
    """What is built for the target has to be selected, or it is not there."""
    selected = {chosen.name for chosen, _ in symbol.selects}
    for word in values.get("DEPENDENCIES", "").split():
        wanted = f"BR2_PACKAGE_{word.upper().replace('-', '_')}"
        if not word.startswith("host-") and wanted not in selected:
            yield f"depends on {word}, but {symbol.name} does not select {wanted}"


def _hashes(tree: Path, name: str, values: Mapping[str, str], text: str) -> Iterator[str]:
    """One for each file that is fetched and each licence; of a tree beside ours the licence has to be there."""
    texts = values.get("LICENSE_FILES", "").split()
    if values.get("SITE_METHOD") == "local":
        site = Path(values.get("SITE", "").replace("$(BR2_EXTERNAL_BRANCHLINE_PATH)", str(tree)))
        yield from (
            f"package/{name}: licence file {one} is not in {site.name or site}"
            for one in texts
            if not (site / one).exists()
        )
        return
    where, listed = f"package/{name}/{name}.hash", tree / "package" / name / f"{name}.hash"
    if not listed.exists():
        yield f"{where}: is missing"
        return
    hashed: dict[str, str] = {}
    for number, line in enumerate(listed.read_text(encoding="utf-8").splitlines(), 1):
        matched = HASH_LINE.fullmatch(line)
        if matched:
            hashed[matched[2]] = matched[1]
        elif line and not line.startswith("#"):
            yield f"{where}:{number}: not `sha256  HASH  FILE`, with two spaces each"
    fetched = re.findall(r"https?://\S+/(\S+)", text) if "EXTRA_DOWNLOADS" in values else []
    if values.get("SOURCE"):
        fetched.append(
            values["SOURCE"].replace(f"$({name.upper().replace('-', '_')}_VERSION)", values.get("VERSION", ""))
        )
    wanted = [*fetched, *texts]
    yield from (f"{where}: no hash of {file}" for file in wanted if file not in hashed)
    yield from (f"{where}: {file} is fetched by nobody" for file in hashed if file not in wanted)


def _defconfig(tree: Path, path: Path, kconfig: kconfiglib.Kconfig) -> Iterator[str]:
    """Lines that are none, and those that would not survive."""
    where = f"configs/{path.name}"
    lines = list(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    matched = [(number, line, DEFCONFIG_LINE.fullmatch(line.strip())) for number, line in lines]
    kconfig.load_config(str(path), replace=True)
    kconfig.warnings.clear()
    for number, line, found in matched:
        if found is None:
            yield f"{where}:{number}: not a line of a configuration: {line}"
            continue
        name = found["set"] or found["unset"]
        symbol = kconfig.syms.get(name) if name else None
        if name and (symbol is None or not symbol.nodes):
            yield f"{where}:{number}: {name} is neither ours nor in known.in"
        elif symbol is not None and symbol.str_value != (found["value"] or "n").strip('"'):
            depends = kconfiglib.expr_str(symbol.direct_dep)
            yield f"{where}:{number}: {name} would be dropped in silence; it depends on {depends}"
        for named in re.findall(r"\$\(BR2_EXTERNAL_BRANCHLINE_PATH\)(/[^\s\"]+)", found["value"] or ""):
            if not (tree / named.lstrip("/")).exists():
                yield f"{where}:{number}: {named.lstrip('/')} does not exist"


def _used(tree: Path, kconfig: kconfiglib.Kconfig) -> Iterator[str]:
    """Symbols that any file of the tree names and nobody defines."""
    named: dict[str, str] = {}
    for path in sorted(path for path in tree.rglob("*") if path.is_file()):
        for name in re.findall(r"\bBR2_\w+", path.read_text(encoding="utf-8", errors="replace")):
            named.setdefault(name, str(path.relative_to(tree)))
    for name, where in named.items():
        if not BUILDROOTS_OWN.match(name) and (name not in kconfig.syms or not kconfig.syms[name].nodes):
            yield f"{where}: {name} is neither ours nor in known.in"


def _kernel(tree: Path) -> Iterator[str]:
    """A kernel of a tarball is hashed for itself and for its headers, in the folder that the defconfigs name."""
    for defconfig in sorted((tree / "configs").glob("*_defconfig")):
        files = KERNEL.findall(defconfig.read_text(encoding="utf-8"))
        for file, package in itertools.product(files, ("linux", "linux-headers")):
            listed = tree / "patches" / package / f"{package}.hash"
            if not listed.exists() or f"  {file}\n" not in listed.read_text(encoding="utf-8"):
                yield f"configs/{defconfig.name}: patches/{package}/{package}.hash has no hash of {file}"


def _grub(tree: Path) -> Iterator[str]:
    """It reads the Debian image's own menu, by the same modules."""
    for defconfig in sorted((tree / "configs").glob("*_defconfig")):
        built = set(" ".join(GRUB_MODULES.findall(defconfig.read_text(encoding="utf-8"))).split())
        for module in sorted(set(MODULES.split()) - built):
            yield f"configs/{defconfig.name}: GRUB is built without {module}, which rootfs/image has"


def _locked(tree: Path, lock: Path) -> Iterator[str]:
    """The same sources as on Debian: wheels of python.lock for both machines, pjproject of pjproject.lock."""
    listed = _listed(tree, "branchline-wheels")
    pins = wheels.wanted(lock.read_text(encoding="utf-8"))
    known = {digest: pin for pin in pins for digest in pin.hashes}
    there = {(known[digest].name, wheels.machine_of(file)) for file, digest in listed.items() if digest in known}
    strangers = [file for file, digest in listed.items() if file.endswith(".whl") and digest not in known]
    for file in strangers:
        yield f"package/branchline-wheels: {file} is not of python.lock; run python -m rootfs.buildroot.wheels"
    for pin in pins:
        for machine in wheels.MACHINES:
            if not {(pin.name, None), (pin.name, machine)} & there:
                yield f"package/branchline-wheels: no {pin.name} for {machine}; run python -m rootfs.buildroot.wheels"
    for file, digest in _listed(tree, "pjsua2").items():
        if file.endswith(".tar.xz") and digest not in source.locked():
            yield f"package/pjsua2: {file} is not in rootfs/packages/pjproject.lock"
    version = f"BRANCHLINE_VERSION = {VERSION}\n"
    if version not in (tree / "package/branchline/branchline.mk").read_text(encoding="utf-8"):
        yield f"package/branchline/branchline.mk: its version is not the tree's, {VERSION}"


def _listed(tree: Path, package: str) -> dict[str, str]:
    listed = tree / "package" / package / f"{package}.hash"
    text = listed.read_text(encoding="utf-8") if listed.exists() else ""
    return {file: digest for digest, file in HASH_LINE.findall(text)}
