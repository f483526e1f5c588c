# SPDX-License-Identifier: GPL-2.0-only
"""A box enrols by its code, once, and renews by its key: RFC 7030 §4.2 over real TLS, with sentences on both sides."""

import asyncio
import base64
import socket
import subprocess
from pathlib import Path

import pytest
from cryptography.x509.oid import NameOID

from appliance.uplink import link
from appliance.uplink.connection import Access
from appliance.uplink.enrolling.claim import Url
from appliance.uplink.enrolling.credentials import Credentials, named
from appliance.uplink.enrolling.door import DoorError, DoorRefusedError
from appliance.wire.ids import Identity
from tests.headquarters.fleet.rig import Fleet, run
from tests.headquarters.site import until
from tests.ports import free_port


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def test_a_box_with_its_code_is_enrolled_under_the_name_that_headquarters_gives(fleet: Fleet) -> None:
    code, awaited = fleet.claim("SN-100")
    box = fleet.box("box100")
    assert box.enrol("SN-100", code.lower().replace("-", " ")) == awaited.box
    certificate = box.credentials.certificate()
    assert certificate is not None
    assert (named(certificate, NameOID.COMMON_NAME), named(certificate, NameOID.SERIAL_NUMBER)) == (
        awaited.box,
        "SN-100",
    )
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 30
    assert box.credentials.key_file.stat().st_mode & 0o777 == 0o600
    assert fleet.identities.box(awaited.box).state(0) == "enrolled"
    assert "enrolled" in fleet.identities.audit(1)[0].what


def test_a_code_that_another_key_shows_again_is_refused_on_both_sides(fleet: Fleet) -> None:
    code, awaited = fleet.claim("SN-101")
    fleet.box("box101").enrol("SN-101", code)
    with pytest.raises(DoorRefusedError, match="used already, by another key; at headquarters: claim add SN-101"):
        fleet.box("thief").enrol("SN-101", code)
    told = fleet.identities.audit(1)[0]
    assert (told.who, told.box) == ("unknown", awaited.box)
    assert "used code was shown once more" in told.what
    assert "used already" in fleet.site.log_of("enrolment")


def test_a_box_whose_power_failed_before_it_kept_the_answer_gets_the_same_certificate(fleet: Fleet) -> None:
    code, _ = fleet.claim("SN-102")
    box = fleet.box("box102")
    box.enrol("SN-102", code)
    first = box.credentials.certificate_file.read_bytes()
    box.credentials.certificate_file.unlink()
    box.enrol("SN-102", code)
    assert box.credentials.certificate_file.read_bytes() == first


@pytest.mark.parametrize("serial", ["SN-103", "SN-999"])
def test_a_wrong_code_and_an_unknown_serial_number_are_told_alike(fleet: Fleet, serial: str) -> None:
    """At the box; headquarters is told of the one whose box it has, and the log of both."""
    _, awaited = fleet.claim("SN-103")
    with pytest.raises(DoorRefusedError) as refused:
        fleet.box(f"wrong{serial}").enrol(serial, "7Q2MX-0ZK4D-9F3TB-HW6NA")
    assert refused.value.status == 401
    sentence = f"this code is not the one that waits for serial number {serial}"
    assert sentence in str(refused.value)
    assert sentence in fleet.site.log_of("enrolment")
    noted = [one for one in fleet.identities.audit() if serial in one.what and one.who == "unknown"]
    told = [] if serial == "SN-999" else [(awaited.box, f"a wrong code was shown for serial number {serial}")]
    assert [(one.box, one.what) for one in noted] == told


def test_the_code_of_one_box_is_none_for_another(fleet: Fleet) -> None:
    """A stolen serial number needs its own code as well; headquarters hears whose was tried."""
    code, awaited = fleet.claim("SN-104")
    _, other = fleet.claim("SN-105")
    with pytest.raises(DoorRefusedError, match="not the one that waits for serial number SN-105"):
        fleet.box("box105").enrol("SN-105", code)
    told = fleet.identities.audit(1)[0]
    assert (told.who, told.box) == ("unknown", other.box)
    assert told.what == "a wrong code was shown for serial number SN-105"
    box = fleet.box("box104")
    request = base64.encodebytes(box.credentials.request("SN-105"))  # the right code, and the wish for another's name
    with pytest.raises(DoorRefusedError, match="the request is for serial number 'SN-105', who asks is 'SN-104'"):
        run(box.door._ask(fleet.url, "/.well-known/est/simpleenroll", request, ("SN-104", code), mutual=False))
    log = fleet.site.log_of("enrolment")
    assert "not the one that waits for serial number SN-105" in log
    assert "the request is for serial number 'SN-105', who asks is 'SN-104'" in log
    assert {fleet.identities.box(one.box).state(0) for one in (awaited, other)} == {"awaited"}


def test_a_headquarters_of_another_ca_hears_no_code(fleet: Fleet, tmp_path: Path) -> None:
    """Whoever DHCP or DNS named: TLS ends before the first octet of HTTP."""
    code, awaited = fleet.claim("SN-106")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -keyout k -out ca"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    with pytest.raises(DoorError, match=r"who answers at https://127.0.0.1:\d+ is not our headquarters"):
        fleet.box("box106", ca=tmp_path / "ca").enrol("SN-106", code)
    assert fleet.identities.box(awaited.box).state(0) == "awaited"


def test_a_box_of_ours_is_no_headquarters(fleet: Fleet) -> None:
    """Its certificate is by the same CA, and lacks the name."""
    code, _ = fleet.claim("SN-107")
    box = fleet.box("box107")
    box.enrol("SN-107", code)
    port = free_port()
    shown = ["-cert", str(box.credentials.certificate_file), "-key", str(box.credentials.key_file)]
    rogue = subprocess.Popen(["openssl", "s_server", "-accept", str(port), *shown], stdin=subprocess.PIPE)
    try:
        until(lambda: listens(port), 5, "openssl listens")
        with pytest.raises(DoorError, match="is not our headquarters"):
            run(fleet.box("box108").door.enrol(Url("127.0.0.1", port), "SN-108", code))
    finally:
        rogue.kill()
        rogue.wait()


def test_a_renewal_needs_the_key_and_gives_a_later_certificate(fleet: Fleet) -> None:
    code, awaited = fleet.claim("SN-109")
    box = fleet.box("box109")
    box.enrol("SN-109", code)
    first = box.credentials.certificate()
    box.renew()
    second = box.credentials.certificate()
    assert first is not None
    assert second is not None
    assert second.serial_number != first.serial_number
    other = Credentials(fleet.site.folder / "another-key")
    request = base64.encodebytes(other.request("SN-109", awaited.box))
    with pytest.raises(DoorRefusedError, match="is renewed for its own key only"):
        run(box.door._ask(fleet.url, "/.well-known/est/simplereenroll", request))
    with pytest.raises(DoorRefusedError, match="for boxes that show their certificate"):
        run(box.door._ask(fleet.url, "/.well-known/est/simplereenroll", request, mutual=False))


def test_a_revoked_box_is_told_by_whom_and_gets_in_again_only_with_a_new_key_and_code(fleet: Fleet) -> None:
    code, awaited = fleet.claim("SN-110")
    box = fleet.box("box110")
    box.enrol("SN-110", code)
    fleet.identities.revoke(awaited.box, "chen", "stolen")
    with pytest.raises(DoorRefusedError, match=f"certificate of {awaited.box} was revoked by chen: stolen"):
        box.renew()
    code, _ = fleet.claim("SN-110")
    with pytest.raises(DoorRefusedError, match=r"the key of .* was revoked; after a factory reset"):
        box.enrol("SN-110", code)
    assert fleet.box("box110-reset").enrol("SN-110", code) == awaited.box


def test_a_box_whose_key_cannot_be_used_goes_on_and_connects_when_it_can(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "AGAIN_S", 0.1)
    code, _ = fleet.claim("SN-113")
    box = fleet.box("box113")
    name = box.enrol("SN-113", code)
    key = box.credentials.key_file
    was = key.read_bytes()
    key.write_bytes(b"of another machine")

    async def story() -> None:
        access = Access(None, Credentials(key.parent), box=name)
        made = link.Link((fleet.site.config.server.listen,), access, Identity.take(name, "uplink"), "", lambda _: None)
        life = asyncio.create_task(made.run())
        await asyncio.sleep(0.5)
        assert not life.done()
        key.write_bytes(was)
        while made._client is None or not made._client.is_connected:  # noqa: ASYNC110 - of what it does by itself
            await asyncio.sleep(0.05)
        life.cancel()

    run(story())


def test_a_foreign_est_client_enrols(fleet: Fleet, tmp_path: Path) -> None:
    """Curl and openssl, as RFC 7030 appendix A has it."""
    code, awaited = fleet.claim("SN-111")
    (tmp_path / "login").write_text(f'user = "SN-111:{code}"\n')
    script = """
    openssl ecparam -name prime256v1 -genkey -noout -out key
    openssl req -new -key key -subj /serialNumber=SN-111 -outform DER | openssl base64 > request
    curl -sS --fail -K login --cacert $CA --resolve $NAME:$PORT:127.0.0.1 -H 'Content-Type: application/pkcs10' \\
        --data-binary @request https://$NAME:$PORT/.well-known/est/simpleenroll > answer
    openssl base64 -d < answer | openssl pkcs7 -inform DER -print_certs -out certificate
    openssl verify -purpose sslclient -CAfile $CA certificate
    curl -sS --fail --cacert $CA --resolve $NAME:$PORT:127.0.0.1 https://$NAME:$PORT/.well-known/est/cacerts |
        openssl base64 -d | openssl pkcs7 -inform DER -print_certs | openssl x509 | diff - $CA
    openssl x509 -in certificate -noout -subject
    """
    names = {"CA": str(fleet.ca), "NAME": "headquarters.branchline.internal", "PORT": str(fleet.url.port)}
    environment = {"PATH": "/usr/bin:/bin", **names}
    done = subprocess.run(
        ["sh", "-ec", script], check=False, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert f"CN={awaited.box}" in done.stdout.replace(" ", "")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/.well-known/est/simpleenroll", b"not base64!", 400),
        ("/.well-known/est/simpleenroll", base64.b64encode(b"no request"), 400),
        ("/.well-known/est/simpleenroll", b"A" * 20_000, 413),
        ("/.well-known/est/fullcmc", b"", 404),
    ],
)
def test_nonsense_at_the_door_is_answered_with_a_status(fleet: Fleet, path: str, body: bytes, status: int) -> None:
    code, awaited = fleet.claim("SN-112")
    with pytest.raises(DoorRefusedError) as refused:
        run(fleet.box("box112").door._ask(fleet.url, path, body, ("SN-112", code), mutual=False))
    assert refused.value.status == status
    assert fleet.identities.box(awaited.box).state(0) == "awaited"
