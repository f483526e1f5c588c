# SPDX-License-Identifier: GPL-2.0-only
"""What the box takes and what it refuses, by a real rauc: each refusal is a sentence, and nothing was written."""

import random
import stat
from pathlib import Path

import pytest

from appliance.update.bundle import BundleError, System, check, order, refuse_larger, refuse_older
from rootfs.setup.steps import SetupError
from rootfs.update.keys import Keys, make
from tests.update.conftest import IMAGE, MAKE

pytestmark = pytest.mark.system


def refused(file: Path, system: System) -> str:
    with pytest.raises(BundleError) as error:
        check(file, system)
    return str(error.value)


def test_a_whole_bundle_by_the_right_signer_is_taken(bundled: MAKE, system: System) -> None:
    manifest = check(bundled(), system)
    assert (manifest.version, manifest.compatible, manifest.octets) == ("0.2.0", system.compatible, len(IMAGE))


@pytest.mark.parametrize("seed", range(4))
def test_a_bit_that_flipped_anywhere_is_found(bundled: MAKE, system: System, tmp_path: Path, seed: int) -> None:
    octets, draw = bytearray(bundled().read_bytes()), random.Random(seed)  # noqa: S311
    at = draw.randrange(len(octets)) if seed else len(octets) - 600  # once within the signature
    octets[at] ^= 1 << draw.randrange(8)
    file = tmp_path / "flipped.raucb"
    file.write_bytes(octets)
    assert refused(file, system)


def test_damage_of_the_content_is_told_as_such(bundled: MAKE, system: System, tmp_path: Path) -> None:
    file = tmp_path / "flipped.raucb"
    octets = bytearray(bundled().read_bytes())
    octets[5000] ^= 1
    file.write_bytes(octets)
    assert refused(file, system) == "it is damaged: what it holds is not what was signed; fetch it again"


def test_a_signature_of_somebody_else_is_refused(bundled: MAKE, system: System, tmp_path: Path) -> None:
    strangers = make(tmp_path / "strangers/keys")
    assert "its signature is by nobody whom" in refused(bundled(by=strangers), system)


def test_a_bundle_for_another_machine_is_refused(bundled: MAKE, system: System) -> None:
    told = refused(bundled(compatible="branchline-arm64"), system)
    assert told == "it is of branchline-arm64, this box is branchline-amd64"


def test_half_a_bundle_and_no_bundle_are_refused(bundled: MAKE, system: System, tmp_path: Path) -> None:
    file = tmp_path / "half.raucb"
    file.write_bytes(bundled().read_bytes()[: len(IMAGE) // 2])
    assert "it is no bundle, or a part of one" in refused(file, system)
    assert "No such file" in refused(tmp_path / "nothing.raucb", system)


def test_an_older_version_is_refused_unless_allowed(bundled: MAKE, system: System) -> None:
    manifest = check(bundled("0.0.9"), system)
    with pytest.raises(BundleError, match=r"version 0\.0\.9, older than 0\.1\.0: add allow-older"):
        refuse_older(manifest, "0.1.0", allowed=False)
    refuse_older(manifest, "0.1.0", allowed=True)
    refuse_older(manifest, "0.0.9", allowed=False)


def test_versions_are_in_order_of_their_numbers() -> None:
    told = ["1.0~rc1", "1.0~rc2", "1.0", "1.0.1", "1.9", "1.10", "2"]
    assert sorted(set(told), key=order) == told


def test_an_image_larger_than_the_slot_is_refused(bundled: MAKE, system: System) -> None:
    manifest = check(bundled(), system)
    refuse_larger(manifest, system.devices["B"])
    system.devices["B"].write_bytes(bytes(1000))
    with pytest.raises(BundleError, match=r"too little space: the image has 1,048,576 octets, the slot 1,000"):
        refuse_larger(manifest, system.devices["B"])


def test_a_machine_without_slots_says_so(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="this machine has no slots"):
        System.read(tmp_path / "system.conf")


def test_keys_are_their_owner_s_alone_and_never_written_over(keys: Keys) -> None:
    for secret in (keys.authority, keys.signer_key):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
    before = keys.keyring.read_bytes()
    with pytest.raises(SetupError, match="is there already"):
        make(keys.folder)
    assert keys.keyring.read_bytes() == before
