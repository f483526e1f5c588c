# SPDX-License-Identifier: GPL-2.0-only
"""The box in front of a PBX that a site keeps: octets, numbers and causes pass it by, in both directions at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from appliance.media.events import Profile
from appliance.wire import calls
from appliance.wire.legs import Bearer, Location
from appliance.wire.numbers import NumberKind, NumberPlan, NumberType, Redirecting, RedirectingReason
from tests.line.far_end import NetworkCall
from tests.processes.tandem_site import End, TandemSite, started

pytestmark = pytest.mark.system

CHANNELS = 30
EACH = 34_000
"""Octets a channel: over a megabyte in all."""
NATIONAL = NumberKind(NumberType.NATIONAL, NumberPlan.ISDN)
REDIRECTING = Redirecting("02588001234", RedirectingReason.NO_REPLY, NATIONAL)
CAUSES = (1, 17, 18, 21, 27, 28, 31, 38, 41, 42, 58, 88, 127)
LOCATIONS = (*Location, *Location)


@dataclass(slots=True)
class Talk:
    """A call from one end to the other, as both see it."""

    one: End
    other: End
    dnis: str
    more: dict[str, Any] = field(default_factory=dict)
    sides: list[NetworkCall] = field(default_factory=list)

    @property
    def caller(self) -> NetworkCall:
        return self.sides[0]

    @property
    def called(self) -> NetworkCall:
        return self.sides[1]


async def placed(talks: Sequence[Talk]) -> None:
    """All at once, an end's own on its first channels; the box begins at the last, so nobody meets."""
    for end in {id(talk.one): talk.one for talk in talks}.values():
        for channel, talk in enumerate((talk for talk in talks if talk.one is end), 1):
            call = end.network.call(talk.dnis, "02512345678", talk.more.pop("channel", channel), **talk.more)
            talk.sides.append(await call)
    for end in {id(talk.other): talk.other for talk in talks}.values():
        awaited = {talk.dnis: talk for talk in talks if talk.other is end}
        while awaited:
            called = await end.network.called()
            awaited.pop(called.dnis).sides.append(called)


async def through(talks: Sequence[Talk]) -> None:
    """Rung and answered."""
    await placed(talks)
    for talk in talks:
        await talk.called.alert()
    await asyncio.gather(*(talk.caller.hears("alerting") for talk in talks))
    assert not any(talk.caller.heard("answered") for talk in talks), "only the far end answers"
    for talk in talks:
        await talk.called.answer()
    await asyncio.gather(*(talk.caller.hears("answered") for talk in talks))


async def over(talks: Sequence[Talk], cause: int = 16) -> None:
    """The callers hang up, and the others hear why."""
    for talk in talks:
        await talk.caller.release(cause)
    assert await asyncio.gather(*(talk.called.hears("released") for talk in talks)) == [cause] * len(talks)
    await asyncio.gather(*(talk.caller.hears("released") for talk in talks))


def both_ways(site: TandemSite, count: int, **more: Any) -> list[Talk]:
    """So many calls from each end by turns."""
    ways = ((site.telco, site.pbx, "8"), (site.pbx, site.telco, "0251234"))
    return [Talk(one, other, f"{to}{n:03}", dict(more)) for n in range(count) for one, other, to in ways]


def channels(talks: Sequence[Talk], end: End) -> list[int]:
    """Timeslots at an end."""
    found = [(talk.caller if talk.one is end else talk.called).channel for talk in talks]
    assert len(set(found)) == CHANNELS
    return [channel for channel in found if channel is not None]


async def a_megabyte_each_way(site: TandemSite) -> None:
    """Random octets on all channels at once, while call control dies. Packets that the machine lost are no verdict."""
    talks = both_ways(site, CHANNELS // 2)
    for talk, bearer in zip(talks, (*Bearer,) * CHANNELS, strict=False):
        talk.more["bearer"] = bearer
    await through(talks)
    for status in site.box_ports():
        assert (status.source, status.profile, status.echo) == ("bridge", Profile.CLEAR, None)
    whole, trouble = False, None
    for _ in range(3):
        if whole or trouble == site.trouble():
            break
        trouble = site.trouble()
        whole = await untouched(site, talks)
    assert whole, (trouble, site.trouble())
    await over(talks)


async def untouched(site: TandemSite, talks: Sequence[Talk]) -> bool:
    """Whether all octets came as they went."""
    chance = random.Random(64)  # noqa: S311 - octets
    there, back = ([chance.randbytes(EACH) for _ in talks] for _ in range(2))
    for end in (site.telco, site.pbx):
        await end.listen(channels(talks, end))
    site.telco.say(there)
    site.pbx.say(back)
    await site.call.kill()
    await site.call.start()
    whole = [await site.pbx.hears(there), await site.telco.hears(back)]
    for end in (site.telco, site.pbx):
        end.silent()
    return all(whole)


async def numbers_go_over(site: TandemSite) -> None:
    """What came to the box with a call goes to the other end with it, a number that is not to be shown too."""
    more = {"clid_kind": NATIONAL, "dnis_kind": NATIONAL, "redirecting": REDIRECTING, "user_to_user": "order 4711"}
    open_talks = both_ways(site, 1, **more, verified=True, name="Wang Fang")
    hidden = both_ways(site, 1, presented=False, name="Wang Fang")
    for n, talk in enumerate(hidden):
        talk.dnis, talk.more["channel"] = talk.dnis + "9", 2 + n
    await through([*open_talks, *hidden])
    for setup in (talk.called.setup for talk in open_talks):
        assert setup is not None
        assert (setup.clid, setup.clid_kind, setup.dnis_kind) == ("02512345678", NATIONAL, NATIONAL)
        assert (setup.redirecting, setup.user_to_user, setup.verified) == (REDIRECTING, "order 4711", True)
    names = [talk.called.setup and talk.called.setup.name for talk in (*open_talks, *hidden)]
    assert names == ["Wang Fang", None, None, None], "a user of EuroISDN cannot send one, and a hidden caller has none"
    for setup in (talk.called.setup for talk in hidden):
        assert setup is not None
        assert (setup.clid, setup.presented, setup.restricted) == ("02512345678", False, True)
    await over([*open_talks, *hidden], 31)


async def causes_go_back(site: TandemSite) -> None:
    """Of calls that are refused, and of calls that were answered, from either end."""
    for answered in (False, True):
        talks = both_ways(site, len(CAUSES))
        await (through if answered else placed)(talks)
        for n, talk in enumerate(talks):
            gone = talk.caller if answered and n % 3 else talk.called
            await gone.release(CAUSES[n // 2], LOCATIONS[n // 2])
        for n, talk in enumerate(talks):
            left = talk.called if answered and n % 3 else talk.caller
            assert await left.hears("released") == CAUSES[n // 2]
            assert left.location is LOCATIONS[n // 2]
        await asyncio.gather(*(side.hears("released") for talk in talks for side in talk.sides))


async def ringing_is_in_band_where_the_far_end_says_so(site: TandemSite) -> None:
    """ALERTING with indicator 8 stays so."""
    talks = both_ways(site, 1)
    await placed(talks)
    for talk in talks:
        await talk.called.alert(inband=True)
        await talk.caller.hears("alerting in band")
    await over(talks)


async def the_contact_center_takes_its_number(site: TandemSite) -> None:
    """It is not the PBX's call; headquarters is away and the branch's default says busy. Data is refused."""
    for bearer, cause in ((Bearer.SPEECH, 17), (Bearer.UNRESTRICTED, 65)):
        caller = await site.telco.network.call("88881", "02512345678", bearer=bearer)
        assert await caller.hears("released") == cause
    assert site.pbx.network.holds == 0


async def all_is_on_record(site: TandemSite) -> None:
    """Each contact has ended; each tandem call says where from and where to, and those that talked how long."""
    events = await site.record()
    ways = {
        (began.trunk, leg.trunk)
        for began in events
        if isinstance(began, calls.ContactBegan)
        for leg in events
        if isinstance(leg, calls.LegBegan) and leg.contact == began.contact
    }
    assert ways == {("telco", "pbx"), ("pbx", "telco")}
    talks = [event.samples for event in events if isinstance(event, calls.TalkEnded)]
    assert len(talks) == CHANNELS + 4 + 2 * len(CAUSES)
    assert sum(samples > EACH for samples in talks) == CHANNELS
    assert not any(isinstance(event, calls.TalkBegan) and event.recording for event in events)


SCENES: tuple[Callable[[TandemSite], Awaitable[None]], ...] = (
    a_megabyte_each_way,
    numbers_go_over,
    causes_go_back,
    ringing_is_in_band_where_the_far_end_says_so,
    the_contact_center_takes_its_number,
    all_is_on_record,
)


def test_a_box_between_telco_and_pbx(tmp_path: Path) -> None:
    async def site() -> None:
        async with started(tmp_path) as box:
            for scene in SCENES:
                await scene(box)
            assert box.telco.network.holds == box.pbx.network.holds == 0

    asyncio.run(site())


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_hundred_megabytes_each_way(tmp_path: Path) -> None:
    async def site() -> None:
        async with started(tmp_path) as box:
            for _ in range(100):
                await a_megabyte_each_way(box)
                await causes_go_back(box)
            assert box.telco.network.holds == box.pbx.network.holds == 0

    asyncio.run(site())
