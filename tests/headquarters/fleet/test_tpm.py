# SPDX-License-Identifier: GPL-2.0-only
"""A box with a TPM 2.0: its key is made there, proves it to headquarters, and is of no use on another machine.

swtpm plays the chip. TLS with such a key takes tpm2-openssl 1.2 or later, as Debian 13 has it; before that a box on
Debian 12 finds out by itself and has its key in a file.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.uplink.enrolling.credentials import Credentials
from appliance.uplink.enrolling.tpm import DEVICE, TCTI
from tests.headquarters.fleet import tpm
from tests.headquarters.fleet.rig import Fleet
from tests.headquarters.fleet.tpm import Tpm, box

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(120),
    pytest.mark.skipif(not tpm.there(), reason=tpm.NEEDS),
]


@pytest.fixture(scope="module")
def chip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tpm]:
    made = Tpm(tmp_path_factory.mktemp("chip") / "state")
    yield made
    made.close()


def _enrolled(fleet: Fleet, chip: Tpm | None, serial: str) -> tuple[Path, str]:
    """Its folder, and what headquarters calls it."""
    code, awaited = fleet.claim(serial)
    folder = fleet.site.folder / serial
    done = box(chip, "enrol", str(folder), str(fleet.url), serial, code, str(fleet.ca))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == awaited.box
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    return folder, awaited.box


def _server(fleet: Fleet) -> str:
    return f"nats://{fleet.site.config.server.listen}"


@tpm.in_tls
def test_the_key_is_the_tpm_s_and_opens_headquarters_doors(fleet: Fleet, chip: Tpm) -> None:
    folder, name = _enrolled(fleet, chip, "SN-TPM-1")
    assert (folder / "key.pem").read_text().startswith("-----BEGIN TSS2 PRIVATE KEY-----")
    first = Credentials(folder).certificate()
    assert first is not None
    for words in (("renew", str(fleet.url)), ("connect", _server(fleet), name)):
        done = box(chip, words[0], str(folder), *words[1:])
        assert done.returncode == 0, done.stderr
    renewed = Credentials(folder).certificate()
    assert renewed is not None
    assert renewed.serial_number != first.serial_number
    assert renewed.public_key() == first.public_key()
    signed = box(chip, "sign", str(folder), "what secrets are wrapped to")
    key = x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(bytes.fromhex(signed.stdout.split()[-1]), b"what secrets are wrapped to", ec.ECDSA(hashes.SHA256()))


@tpm.in_tls
def test_a_disk_that_was_copied_to_another_machine_is_nobody(fleet: Fleet, chip: Tpm, tmp_path: Path) -> None:
    folder, name = _enrolled(fleet, chip, "SN-TPM-2")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    other = Tpm(tmp_path / "other-chip")
    try:
        for machine, told in ((other, "it is another TPM's"), (None, f"{DEVICE} is not there or does not open")):
            refused = box(machine, "connect", str(copy), _server(fleet), name)
            assert refused.returncode == 1
            last = refused.stderr.splitlines()[-1]
            assert "CredentialsError: " in last
            assert "is not of this machine's TPM; the box needs a new claim, and enrols anew" in last
            assert machine is not None or told in last
            refused = box(machine, "sign", str(copy), "anything")
            assert told in refused.stderr.splitlines()[-1]
    finally:
        other.close()
    assert box(chip, "connect", str(folder), _server(fleet), name).returncode == 0


@pytest.mark.skipif(tpm.provider() >= (1, 2), reason="tpm2-openssl from 1.2 on can")
def test_a_provider_that_cannot_sign_in_tls_is_found_out_before_the_key_counts(fleet: Fleet, chip: Tpm) -> None:
    code, _ = fleet.claim("SN-TPM-3")
    folder = fleet.site.folder / "SN-TPM-3"
    done = box(chip, "enrol", str(folder), str(fleet.url), "SN-TPM-3", code, str(fleet.ca))
    assert done.returncode == 0, done.stderr
    assert "the TPM's key cannot be used in TLS" in done.stdout + done.stderr
    assert (folder / "key.pem").read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert sorted(path.name for path in folder.iterdir()) == ["ca.pem", "certificate.pem", "key.pem"]


def test_a_tpm_that_does_not_answer_costs_nothing_but_the_file(
    fleet: Fleet, chip: Tpm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(chip.environment, TCTI, "swtpm:host=127.0.0.1,port=1")
    folder, name = _enrolled(fleet, chip, "SN-TPM-4")
    assert (folder / "key.pem").read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert box(chip, "connect", str(folder), _server(fleet), name).returncode == 0
