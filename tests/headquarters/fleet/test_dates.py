# SPDX-License-Identifier: GPL-2.0-only
"""Certificates that have run out, boxes that come from a store, clocks that stand in 1970."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.headquarters.fleet.authority import Authority
from appliance.headquarters.fleet.enrolment import fingerprint
from appliance.headquarters.fleet.identities import Given
from appliance.uplink.enrolling.clock import Clock, told_by
from appliance.uplink.enrolling.credentials import CredentialsError, due, utc_now
from appliance.uplink.enrolling.door import DoorRefusedError
from appliance.uplink.enrolling.private import write_private
from appliance.uplink.enrolling.renewal import Renewal
from tests.headquarters.fleet.rig import Fleet, NewBox, run

DAY = timedelta(days=1)


def aged(fleet: Fleet, serial: str, ends: datetime) -> tuple[str, NewBox]:
    """A box whose certificate ends then, as headquarters has it too."""
    code, awaited = fleet.claim(serial)
    box = fleet.box(serial)
    box.enrol(serial, code)
    key = box.credentials.key().public_key()
    old = Authority(fleet.site.folder / "hq").certify(key, serial, awaited.box, ends)
    pem = old.public_bytes(Encoding.PEM)
    number = f"{old.serial_number:x}"
    fleet.identities.renewed(Given(number, awaited.box, fingerprint(key), pem, int(ends.timestamp())), "test")
    write_private(box.credentials.certificate_file, pem)
    return awaited.box, box


def test_a_box_that_lay_in_a_store_gets_in_by_the_renewal_door_alone(fleet: Fleet) -> None:
    name, box = aged(fleet, "SN-300", utc_now() - timedelta(minutes=1))
    for ask in (box.door.standing, box.door.configuration):
        with pytest.raises(DoorRefusedError, match=f"{name} has expired; it is good for its renewal alone"):
            run(ask(fleet.url))

    async def refused() -> None:
        with pytest.raises(Exception, match=r"."):  # by the message server's TLS, in OpenSSL's words
            await box.connected(name, allow_reconnect=False, max_reconnect_attempts=0)

    run(refused())
    troubles: list[str | None] = []
    renewal = Renewal(box.credentials, (), troubles.append)
    renewal._doors = [fleet.url]
    run(renewal.look())
    assert troubles == [None]
    fresh = box.credentials.certificate()
    assert fresh is not None
    assert due(fresh) > utc_now()

    async def admitted() -> None:
        client = await box.connected(name)
        await client.flush()
        await client.close()

    run(admitted())


def test_a_certificate_is_renewed_at_two_thirds_and_not_before(fleet: Fleet) -> None:
    _, box = aged(fleet, "SN-301", utc_now() + 30 * DAY)
    before = box.credentials.certificate()
    assert before is not None
    now = [before.not_valid_before_utc + 19 * DAY]
    renewal = Renewal(box.credentials, (), lambda _: None, Clock(now=lambda: now[0]))
    renewal._doors = [fleet.url]
    renewal.link_changed(up=True)
    run(renewal.look())
    assert box.credentials.certificate() == before
    now[0] = before.not_valid_before_utc + 21 * DAY
    run(renewal.look())
    assert box.credentials.certificate() != before


def test_a_box_that_is_not_let_in_is_told_why(fleet: Fleet) -> None:
    name, box = aged(fleet, "SN-302", utc_now() + 30 * DAY)
    fleet.identities.revoke(name, "chen", "stolen")
    troubles: list[str | None] = []
    renewal = Renewal(box.credentials, (), troubles.append)
    renewal._doors = [fleet.url]
    renewal.link_changed(up=False)
    run(renewal.look())
    told = f"headquarters refuses: the certificate of {name} was revoked by chen: stolen"
    assert troubles == [f"the certificate for headquarters: {told}"]


def test_a_clock_in_1970_is_put_forward_by_headquarters_and_the_box_enrols(fleet: Fleet) -> None:
    clock = [datetime(1970, 1, 1, 0, 1, tzinfo=UTC)]

    def put(to: datetime) -> None:
        clock[0] = to

    code, _ = fleet.claim("SN-303")
    box = fleet.box("SN-303", clock=Clock(now=lambda: clock[0], put=put))
    box.enrol("SN-303", code)
    assert abs(clock[0] - utc_now()) < timedelta(seconds=30)
    assert box.credentials.certificate() is not None


def test_a_clock_that_may_not_be_set_is_told_with_both_times(fleet: Fleet) -> None:
    def forbidden(_: datetime) -> None:
        raise PermissionError(1, "Operation not permitted")

    code, _ = fleet.claim("SN-304")
    box = fleet.box("SN-304", clock=Clock(now=lambda: datetime(1970, 1, 1, tzinfo=UTC), put=forbidden))
    with pytest.raises(CredentialsError, match=r"the clock says 1970-01-01 00:00:00, headquarters 20.*cannot be set"):
        box.enrol("SN-304", code)


def test_the_time_is_taken_only_forward_and_only_where_it_can_be() -> None:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    valid, floor = (made, made + 100 * DAY), made + DAY
    date = "Wed, 21 Jan 2026 12:00:00 GMT"
    in_1970 = datetime(1970, 1, 1, tzinfo=UTC)
    assert told_by(date, valid, floor, in_1970) == datetime(2026, 1, 21, 12, tzinfo=UTC)
    for wrong, sentence, now in (
        ("nonsense", "has no date", in_1970),
        ("Wed, 21 Jan 2027 12:00:00 GMT", "when its own certificate is not valid", in_1970),
        ("Thu, 01 Jan 2026 12:00:00 GMT", "before its CA was made", in_1970),
        (date, "a clock is not put back", made + 90 * DAY),
    ):
        with pytest.raises(CredentialsError, match=sentence):
            told_by(wrong, valid, floor, now)


def test_a_box_whose_certificate_runs_out_while_it_is_connected_is_thrown_out(fleet: Fleet) -> None:
    name, box = aged(fleet, "SN-305", utc_now() + timedelta(seconds=4))
    newest = fleet.identities.newest(name)
    assert newest is not None
    fleet.identities._store.execute(
        "DELETE FROM certificate WHERE box = ? AND until_s > ?", (name, int(utc_now().timestamp()) + 60)
    )

    async def story() -> None:
        lost = asyncio.Event()

        async def gone() -> None:
            lost.set()

        async def quiet(_: Exception) -> None:
            """It is meant to fail."""

        client = await box.connected(name, disconnected_cb=gone, error_cb=quiet)
        await asyncio.wait_for(lost.wait(), 12)
        await asyncio.wait_for(client.close(), 5)

    run(story())
