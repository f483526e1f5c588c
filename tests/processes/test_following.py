# SPDX-License-Identifier: GPL-2.0-only
"""A technician changes a branch while it serves: what a change does not concern goes on, what it does drains first."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.config import Branch, Endpoint, load
from appliance.config.candidate import Candidate
from appliance.config.concerns import BOX, NETWORK, changes
from appliance.config.history import FOR_GOOD, History, Trying
from appliance.config.impacts import Impact
from appliance.processes.telephone import telephone
from appliance.simulator.caller import AwaitRelease, Script
from appliance.simulator.phone import Phone
from appliance.simulator.states import State
from appliance.wire.alarms import AlarmRaised
from appliance.wire.configuration import Configured, Progress
from appliance.wire.talk import UnreachableError, snapshot
from tests.accept.site import NUMBER, Site, until
from tests.accept.talk import MENU, Rig, exchange_of, in_service
from tests.cli.test_box import typed
from tests.config.test_management import WANG
from tests.ports import free_port, free_rtp_base

pytestmark = [pytest.mark.system, pytest.mark.timeout(90)]
CLID = "02512380001"
PBX = "{name: pbx, driver: cesopsn, local: 127.0.0.1:9102, remote: 127.0.0.1:9002}"
TALK = Script((*MENU, AwaitRelease(within_s=60)))


class Floor:
    """A branch with its exchange and one agent's phone."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.box = rig, rig.site.branch
        self.history = History(self.box.configuration)

    def commit(self, *changes: str, how: Trying = FOR_GOOD) -> None:
        """As the CLI does."""
        candidate = Candidate.of(self.box.configuration)
        for change in changes:
            candidate = candidate.put(change.split())
        assert candidate.faults() == []
        self.history.commit(candidate.text, "wu", " ".join(changes), how)

    async def told(self) -> tuple[Configured, list[AlarmRaised]]:
        """What the supervisor tells now."""
        said = await snapshot(self.box.state / "run/supervisor.sock")
        (configured,) = (body for body in said if isinstance(body, Configured))
        return configured, [body for body in said if isinstance(body, AlarmRaised)]

    async def until(self, so: Callable[[Configured], bool], within_s: float = 20) -> Configured:
        """The first that is so."""
        async with asyncio.timeout(within_s):
            while True:
                with contextlib.suppress(UnreachableError, ValueError):
                    configured, _ = await self.told()
                    if so(configured):
                        return configured
                await asyncio.sleep(0.05)

    async def applied(self, version: int) -> Configured:
        """The version is in force."""
        return await self.until(lambda one: (one.progress, one.version) == (Progress.APPLIED, version))

    def pids(self) -> dict[str, int]:
        return {name: child["pid"] for name, child in self.box.children().items()}


@pytest.fixture(scope="module")
def floor(loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    opened = _floor(tmp_path_factory.mktemp("following"))
    yield loop.run(opened.__aenter__())
    loop.run(opened.__aexit__(None, None, None))


@contextlib.asynccontextmanager
async def _floor(folder: Path) -> AsyncIterator[Floor]:
    async with Site(folder, ("8001",)) as site:
        exchange = exchange_of(site)
        await exchange.start()
        try:
            await in_service(exchange, site)
            with Phone("8001@branch.test", site.secret("8001"), site.proxy, folder / "phone") as phone:
                yield Floor(Rig(site, exchange, (phone,)))
        finally:
            await exchange.close()


def test_p4_a_phone_is_added_and_the_call_beside_it_goes_on(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        call, _ = await floor.rig.talking(CLID)
        before = floor.pids()
        secret = floor.box.configuration.parent / "secrets/8777"
        secret.write_text("phone-of-its-own\n")
        secret.chmod(0o600)
        floor.commit("extensions 8777 name Front", "extensions 8777 secret secrets/8777")
        assert (await floor.applied(2)).restarted == ("kamailio",)
        assert {name for name, pid in floor.pids().items() if before[name] != pid} == {"kamailio"}
        folder = floor.rig.site.folder / "8777"
        with Phone("8777@branch.test", "phone-of-its-own", floor.rig.site.proxy, folder):
            call.hang_up(16)
            await call.result()
        await floor.rig.quiet()

    loop.run(story())


def test_p4_a_span_that_is_changed_waits_for_its_calls_and_takes_no_new_ones(
    loop: asyncio.Runner, floor: Floor
) -> None:
    async def story() -> None:
        call, _ = await floor.rig.talking("02512380002")
        before = floor.pids()
        floor.commit("spans telco echo_tail_ms 32")
        waiting = await floor.until(lambda one: one.progress is Progress.DRAINING)
        assert waiting.waiting == (("line1", 1),)
        refused = await floor.rig.exchange.place(NUMBER, "02512380003", TALK).result()
        assert refused.cause in (34, 44)
        assert floor.pids() == before
        call.hang_up(16)
        await call.result()
        applied = await floor.until(lambda one: one.progress is Progress.APPLIED)
        assert applied.restarted == ("line1",)
        assert {name for name, pid in floor.pids().items() if before[name] != pid} == {"line1"}
        await in_service(floor.rig.exchange, floor.rig.site)
        again, _ = await floor.rig.talking("02512380004")
        again.hang_up(16)
        await again.result()
        await floor.rig.quiet()

    loop.run(story())


def test_p4_a_change_taken_back_while_it_waits_lets_calls_in_again(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        call, _ = await floor.rig.talking("02512380005")
        before = floor.pids()
        running = floor.history.running()
        assert running is not None
        floor.commit("spans telco echo_tail_ms 96")
        await floor.until(lambda one: one.progress is Progress.DRAINING)
        floor.history.commit(floor.history.text(running.number), "wu", "rollback")
        await floor.until(lambda one: one.progress is Progress.APPLIED)
        second = floor.rig.exchange.place(NUMBER, "02512380006", TALK)
        await until(lambda: bool(floor.rig.site.record().calls_now()), 10, "a second caller is taken")
        for one in (call, second):
            one.hang_up(16)
            await one.result()
        assert floor.pids() == before
        await floor.rig.quiet()

    loop.run(story())


def test_p4_calls_still_up_at_the_deadline_end_and_the_change_comes_into_force(
    loop: asyncio.Runner, floor: Floor
) -> None:
    async def story() -> None:
        call, _ = await floor.rig.talking("02512380007")
        version, began_s = floor.history.versions()[0].number + 1, time.monotonic()
        floor.commit("spans telco echo_tail_ms 64", how=Trying(drain_s=3))
        await floor.until(lambda one: one.progress is Progress.DRAINING)
        await asyncio.sleep(2.0)
        assert call.state is not State.CLEARED, "not before"
        applied = await floor.applied(version)
        assert applied.restarted == ("line1",)
        assert 3.0 <= time.monotonic() - began_s < 15.0
        assert (await call.result()).cause == 41
        await in_service(floor.rig.exchange, floor.rig.site)
        again, _ = await floor.rig.talking("02512380008")
        again.hang_up(16)
        await again.result()
        await floor.rig.quiet()

    loop.run(story())


def test_p4_the_time_to_confirm_does_not_pass_while_the_change_waits_for_a_call(
    loop: asyncio.Runner, floor: Floor
) -> None:
    """`commit confirmed` in a busy hour: it would go back before it was in force."""

    async def story() -> None:
        before = Candidate.of(floor.box.configuration).data
        call, _ = await floor.rig.talking("02512380009")
        version = floor.history.versions()[0].number + 1
        how = Trying(drain_s=30, confirm_s=4, now_s=time.time())
        floor.commit("spans telco echo_tail_ms 128", how=how)
        await floor.until(lambda one: one.progress is Progress.DRAINING)
        _, said = await typed(floor.rig.site, "show", "configuration", "status")
        assert "from when it is in force it has 4 s to be committed again, or goes back to" in said
        await asyncio.sleep(6.0)
        told, _ = await floor.told()
        assert (told.progress, told.version) == (Progress.DRAINING, version)
        call.hang_up(16)
        await call.result()
        await floor.applied(version)
        applied_s = time.monotonic()
        trial = floor.history.trial()
        assert trial is not None
        assert 2.0 < trial.until_s - time.time() <= 4.0
        await floor.until(lambda one: one.until_s is None and one.progress is Progress.APPLIED)
        assert time.monotonic() - applied_s >= 2.0
        assert Candidate.of(floor.box.configuration).data == before
        await in_service(floor.rig.exchange, floor.rig.site)

    loop.run(story())


def test_p4_a_box_that_dies_while_a_change_waits_has_the_version_before(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        before = Candidate.of(floor.box.configuration).data
        call, _ = await floor.rig.talking("02512380010")
        floor.commit("spans telco echo_tail_ms 128", how=Trying(drain_s=30, confirm_s=60, now_s=time.time()))
        await floor.until(lambda one: one.progress is Progress.DRAINING)
        floor.box.kill_all()
        await asyncio.to_thread(floor.box.start)
        assert floor.history.trial() is None
        assert Candidate.of(floor.box.configuration).data == before
        _, alarms = await floor.told()
        (alarm,) = (alarm for alarm in alarms if alarm.code == "configuration.returned")
        assert "was on trial when the box ended" in alarm.sentence
        await call.result()
        await in_service(floor.rig.exchange, floor.rig.site, 40)

    loop.run(story())


def test_p4_a_version_that_nobody_confirms_goes_back(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        before = Candidate.of(floor.box.configuration).data
        floor.commit("name Elsewhere", how=Trying(confirm_s=2, now_s=time.time()))
        trial = await floor.until(lambda one: one.until_s is not None and one.restarted == ("uplink",))
        assert trial.progress is Progress.APPLIED
        await floor.until(lambda one: one.until_s is None and one.restarted == ("uplink",))
        assert Candidate.of(floor.box.configuration).data == before
        _, alarms = await floor.told()
        assert [alarm.code for alarm in alarms if alarm.code.startswith("configuration")] == ["configuration.returned"]

    loop.run(story())


@pytest.mark.soak
def test_p4_a_version_that_costs_a_line_goes_back_by_itself(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        before, begun = Candidate.of(floor.box.configuration).data, time.monotonic()
        change = f"spans telco local 127.0.0.1:{free_port()}"
        floor.commit(change, how=Trying(confirm_s=600, now_s=time.time()))
        await floor.until(lambda one: one.restarted == ("line1",) and one.until_s is not None)
        await floor.until(lambda one: one.until_s is None, 120)
        assert time.monotonic() - begun < 120
        assert Candidate.of(floor.box.configuration).data == before
        _, alarms = await floor.told()
        (alarm,) = (alarm for alarm in alarms if alarm.code == "configuration.returned")
        assert "the signal of telco, the signalling of telco" in alarm.sentence
        await in_service(floor.rig.exchange, floor.rig.site)

    loop.run(story())


def test_what_is_good_of_a_branch_s_service(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        box = load(floor.box.configuration)
        assert isinstance(box, Branch)
        wanted = {"the signal of telco", "the signalling of telco", "headquarters", "phone 8001"}
        found: Mapping[str, bool | None] = {}
        for _ in range(100):  # an uplink that was started again takes a moment
            found = (await telephone(floor.box.state, box)).good
            if found["headquarters"]:
                break
            await asyncio.sleep(0.1)
        assert {name for name, good in found.items() if good} == wanted
        assert {f"phone {one.number}" for one in box.extensions} <= found.keys()

    loop.run(story())


def test_p4_a_file_with_a_mistake_changes_nothing_and_says_so(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        good, before = floor.box.configuration.read_text(), floor.pids()
        floor.box.configuration.write_text(re.sub(r"echo_tail_ms: \d+", "echo_tail_ms: 320", good))
        await floor.until(lambda one: one.progress is Progress.REFUSED)
        _, alarms = await floor.told()
        (alarm,) = (alarm for alarm in alarms if alarm.code == "configuration.unusable")
        assert "320 is out of range: 0 to 128" in alarm.sentence
        assert floor.pids() == before
        floor.box.configuration.write_text(good)
        await floor.until(lambda one: one.progress is Progress.APPLIED)
        assert floor.pids() == before
        _, alarms = await floor.told()
        assert not [alarm for alarm in alarms if alarm.code == "configuration.unusable"]

    loop.run(story())


def test_p4_what_concerns_the_whole_box_starts_all_of_it_anew(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        before = floor.pids()
        version = floor.history.versions()[0].number + 1
        floor.commit(f"engine rtp_base {free_rtp_base()}", how=Trying(drain_s=5, confirm_s=60, now_s=time.time()))
        await floor.until(lambda _: not set(floor.pids().values()) & {*before.values(), None}, 30)
        await floor.applied(version)
        trial = floor.history.trial()
        assert trial is not None
        assert 50 < trial.until_s - time.time() <= 60, "counted from the new start"
        assert floor.history.confirm() is not None
        await in_service(floor.rig.exchange, floor.rig.site)

    loop.run(story())


@pytest.mark.unit
def test_every_key_of_a_branch_concerns_somebody(tmp_path: Path) -> None:
    """Otherwise it could be committed and would be nobody's."""
    before = _branch(tmp_path)
    assert [path for path in _keys(before, ()) if not changes(before, _altered(before, path))] == []


def test_what_ends_no_call_says_so(tmp_path: Path) -> None:
    before = _branch(tmp_path)
    expected = {
        ("recording", "reserve_mb"): {"recorder": Impact.NONE},
        ("route", "timeout_ms"): {"call": Impact.NONE, "uplink": Impact.NONE},
        ("extensions",): {"kamailio": Impact.NONE},
        ("network", "time"): {NETWORK: Impact.NONE},
        ("network", "gateway"): {NETWORK: Impact.NONE, "uplink": Impact.NONE},
        ("sip", "srtp"): {"sip": Impact.LEG},
        ("sip", "packet_ms"): {"sip": Impact.LEG},
        ("engine", "rtp_base"): {BOX: Impact.BOX},
    }
    for path, told in expected.items():
        assert {one.name: one.impact for one in changes(before, _altered(before, path))} == told, path
    assert changes(before, before) == []
    longer = msgspec.structs.replace(before, peers=tuple(_altered(peer, ("packet_ms",)) for peer in before.peers))
    assert {one.name: one.impact for one in changes(before, longer)} == {"sip": Impact.LEG}


def _branch(folder: Path) -> Branch:
    """With something under every key."""
    (folder / "secrets").mkdir()
    for name in ("8001", "nats", "peer"):
        (folder / "secrets" / name).write_text("correct-horse-battery\n")
        (folder / "secrets" / name).chmod(0o600)
    text = (Path(__file__).parents[1] / "config/boxes/branch.yaml").read_text()
    text = text.replace("/usr/share/asterisk/sounds/en_US_f_Allison", str(folder)).replace(
        "route: {", "route: {hold: [music], "
    )
    text = text.replace("\nsip:", f"\n  - {PBX}\nsip:")
    (folder / "branch.yaml").write_text(
        f"{text}\npeers: [{{box: BR-0002, proxy: 127.0.0.1:5099, domain: far.test, secret: secrets/peer}}]\n"
        "tandem: [{span: telco, to: pbx, numbers: [8]}]\noutbound: [{to: telco}]\n"
        "trunk_groups: [{name: ways, members: [telco, pbx]}]\ntest_calls: [{name: pstn, number: 117}]\n"
        "network: {address: 192.0.2.10/24, dns: [192.0.2.53], time: [192.0.2.123]}\n"
        f"management: {{users: [{{name: wang, role: viewer, keys: ['{WANG}']}}]}}\n"
    )
    box = load(folder / "branch.yaml")
    assert isinstance(box, Branch)
    return box


def _keys(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name in getattr(value, "__struct_fields__", ()):
        inner = getattr(value, name)
        yield from _keys(inner, (*path, name)) if hasattr(inner, "__struct_fields__") else ((*path, name),)


def _altered(box: Any, path: tuple[str, ...]) -> Any:
    """With another value there."""
    name, *rest = path
    value = getattr(box, name)
    other = _altered(value, tuple(rest)) if rest else _other(value)
    return msgspec.structs.replace(box, **{name: other})


def _other(value: Any) -> Any:
    match value:
        case Endpoint(address=address, port=port):
            return Endpoint(address, port + 1)
        case tuple():
            return value[:-1] if value else ("other",)
        case Path():
            return value / "other"
        case int():
            return value + 2
    return f"{value}x"
