# SPDX-License-Identifier: GPL-2.0-only
"""Is a bundle one that this box takes? Every octet of it is looked at before one of the slot's is written.

RAUC judges signature and certificate. What it leaves to the kernel while it writes, the hash tree of a verity bundle
(SHA-256 over blocks of 4096 octets, salted), is counted here beforehand, from the signed manifest. The file ends with
payload, hash tree, CMS signature, and the signature's length in 8 octets (RAUC's manual, "Bundle Formats").
"""

import configparser
import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

BLOCK = 4096
TRAILER = 8
RAUC_S = 60.0
CMS = ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-no_check_time")
"""The time of the signature is RAUC's to judge (`use-bundle-signing-time`): a box may know no date."""


class BundleError(Exception):
    """The box does not take it; its text is a sentence. Nothing was written."""


class System(msgspec.Struct, frozen=True):
    """What RAUC's system.conf says: what fits the box, who may sign, slot (A, B) → device."""

    file: Path
    compatible: str
    keyring: Path
    devices: dict[str, Path]

    @classmethod
    def read(cls, file: Path) -> "System":
        """Raises: BundleError where it is not there, or lacks something."""
        said = _ini(file.read_text("utf-8")) if file.exists() else None
        if said is None:
            raise BundleError(f"{file} is missing: this machine has no slots to update")
        try:
            slots = [said[name] for name in said.sections() if name.startswith("slot.")]
            devices = {slot["bootname"]: Path(slot["device"]) for slot in slots}
            return cls(file, said["system"]["compatible"], Path(said["keyring"]["path"]), devices)
        except KeyError as error:
            raise BundleError(f"{file} does not say {error}") from error


class Manifest(msgspec.Struct, frozen=True):
    """What is signed. `octets`: of the image; `tree`: of the hash tree."""

    compatible: str
    version: str
    octets: int
    root_hash: str
    salt: str
    tree: int


def check(file: Path, system: System) -> Manifest:
    """A bundle's manifest, when every octet is what was signed by who may. Raises: BundleError."""
    _rauc(file, system)
    size, signature = _signature(file)
    manifest = _manifest(signature, system)
    if manifest.compatible != system.compatible:
        raise BundleError(f"it is of {manifest.compatible}, this box is {system.compatible}")
    _count(file, size - TRAILER - len(signature) - manifest.tree, manifest)
    return manifest


def refuse_older(manifest: Manifest, version: str, *, allowed: bool) -> None:
    """Raises: BundleError for a version before the one that runs."""
    if not allowed and order(manifest.version) < order(version):
        raise BundleError(f"it has version {manifest.version}, older than {version}: add allow-older to install it")


def refuse_larger(manifest: Manifest, device: Path) -> None:
    """Raises: BundleError where the slot has no room for the image."""
    try:
        with device.open("rb") as opened:
            room = opened.seek(0, os.SEEK_END)
    except OSError as error:
        raise BundleError(f"the slot's device {device} cannot be read: {error.strerror}") from error
    if manifest.octets > room:
        raise BundleError(f"too little space: the image has {manifest.octets:,} octets, the slot {room:,}")


def order(version: str) -> tuple[tuple[int, str], ...]:
    """Versions sort by it, 0.10 after 0.9, and 1.0~rc1 before 1.0 as Debian has it."""
    parts = re.findall(r"\d+|~[A-Za-z0-9]*|[A-Za-z]+", version)
    return (*((int(part), "") if part.isdigit() else (-1 if part[0] == "~" else 0, part) for part in parts), (0, ""))


def _rauc(file: Path, system: System) -> None:
    try:
        told = subprocess.run(
            ["rauc", f"--conf={system.file}", "info", "--output-format=json", str(file)],
            capture_output=True,
            text=True,
            timeout=RAUC_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BundleError(f"rauc cannot judge it: {error}") from error
    if told.returncode != 0:
        lines = [line for line in told.stderr.splitlines() if line and "-Message: " not in line]
        raise BundleError(_sentence(lines[-1] if lines else "no reason given", system))


def _sentence(said: str, system: System) -> str:
    if "signature verification failed" in said:
        return f"its signature is by nobody whom {system.keyring} knows, or was damaged ({said})"
    if "Invalid bundle format" in said:
        return f"it is no bundle, or a part of one ({said})"
    return f"rauc refuses it: {said}"


def _signature(file: Path) -> tuple[int, bytes]:
    """The file's size, and the CMS at its end; RAUC has found both right."""
    with file.open("rb") as opened:
        size = opened.seek(-TRAILER, os.SEEK_END) + TRAILER
        octets = int.from_bytes(opened.read(TRAILER), "big")
        opened.seek(size - TRAILER - octets)
        return size, opened.read(octets)


def _manifest(signature: bytes, system: System) -> Manifest:
    """What the signature is of, once more judged by the keyring."""
    with tempfile.TemporaryFile() as plain:
        verified = subprocess.run(
            [*CMS, "-CAfile", str(system.keyring)],
            input=signature,
            stdout=plain,
            stderr=subprocess.PIPE,
            timeout=RAUC_S,
            check=False,
        )
        plain.seek(0)
        text = plain.read().decode("utf-8", "replace")
    if verified.returncode != 0:
        raise BundleError("it has no signed manifest: only verity bundles are taken")
    said = _ini(text)
    images = [said[name] for name in said.sections() if name.startswith("image.")]
    try:
        update, bundle, (image,) = said["update"], said["bundle"], images
        return Manifest(
            compatible=update["compatible"],
            version=update["version"],
            octets=int(image["size"]),
            root_hash=bundle["verity-hash"],
            salt=bundle["verity-salt"],
            tree=int(bundle["verity-size"]),
        )
    except (KeyError, ValueError) as error:
        raise BundleError(f"its manifest is not one of ours ({error})") from error


def _ini(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    return parser


def _count(file: Path, payload: int, manifest: Manifest) -> None:
    """Compare payload and hash tree with the signed root hash."""
    salted = hashlib.sha256(bytes.fromhex(manifest.salt))
    with file.open("rb") as opened:
        levels = [_hashes(_blocks(opened, payload), salted)]
        while len(levels[-1]) > BLOCK:
            last = levels[-1]
            levels.append(_hashes((last[at : at + BLOCK] for at in range(0, len(last), BLOCK)), salted))
        (root,) = _digests([levels[-1]], salted)
        stored = opened.read(manifest.tree)
    if root.hex() != manifest.root_hash or stored != b"".join(reversed(levels)):
        raise BundleError("it is damaged: what it holds is not what was signed; fetch it again")


def _blocks(opened: BinaryIO, octets: int) -> Iterator[bytes]:
    for _ in range(octets // BLOCK):
        yield opened.read(BLOCK)


def _digests(blocks: "Iterator[bytes] | list[bytes]", salted: "hashlib._Hash") -> Iterator[bytes]:
    for block in blocks:
        digest = salted.copy()
        digest.update(block)
        yield digest.digest()


def _hashes(blocks: Iterator[bytes], salted: "hashlib._Hash") -> bytes:
    """A level of the tree, filled up to whole blocks."""
    level = b"".join(_digests(blocks, salted))
    return level + bytes(-len(level) % BLOCK)
