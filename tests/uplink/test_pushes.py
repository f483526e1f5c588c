# SPDX-License-Identifier: GPL-2.0-only
"""A box is given a configuration: taken once, on trial, under headquarters' name; what cannot be taken says why."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import msgspec
import pytest

from appliance.config import Branch, load
from appliance.config.history import History, fingerprint
from appliance.uplink.link import Link
from appliance.uplink.pushes import Pushes
from appliance.wire.alarms import AlarmRaised
from appliance.wire.configuration import Configured, Progress
from appliance.wire.envelope import Sealer, encode
from appliance.wire.fleet import PushConfiguration, Step
from appliance.wire.ids import Identity
from tests.headquarters.site import Site

pytestmark = [pytest.mark.unit, pytest.mark.timeout(20)]
HQ = Sealer(Identity.take("HQ-0001", "fleet"))


class NoLink:
    """Nobody is there; what headquarters says unasked is told by hand."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers: dict[str, Callable[[bytes], Awaitable[bytes]]] = {}

    @property
    def up(self) -> bool:
        self.asked += 1
        return False


class Box:
    """Its file, its versions, and what it would tell."""

    def __init__(self, folder: Path) -> None:
        Site(folder)
        self.file = folder / "branch.yaml"
        self.history = History(self.file)
        self.start()

    def start(self) -> None:
        """The uplink's process, again."""
        branch = load(self.file)
        assert isinstance(branch, Branch)
        self._link = NoLink()
        self.pushes = Pushes(self.file, branch, cast("Link", self._link), HQ)

    @property
    def looks(self) -> int:
        """How often it looked whether headquarters can be reached."""
        return self._link.asked

    def order(self, number: int = 1, **more: object) -> PushConfiguration:
        """As headquarters would give it: longer waits."""
        text = self.file.read_text().replace("timeout_ms: 500", "timeout_ms: 600")
        base = fingerprint(self.file.read_text())
        order = PushConfiguration(
            push=f"HQ-0001.{number}.{1000 + number}", author="li", comment="longer", base=base, text=text
        )
        return msgspec.structs.replace(order, **more)

    def give(self, *orders: PushConfiguration) -> None:
        """All at once."""

        async def all_of_them() -> None:
            give = self._link.answers["config.BR-0001"]
            await asyncio.gather(*(give(encode(HQ.seal(one))) for one in orders))

        asyncio.run(all_of_them())

    def tell(self, body: Configured | AlarmRaised) -> None:
        """As the supervisor does."""
        self.pushes.heard(HQ.seal(body))


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_what_is_given_is_a_version_on_trial_and_once_however_often_it_comes(box: Box) -> None:
    order = box.order()
    box.give(order, order, order)
    first, _ = box.history.versions()
    assert (first.author, first.comment, first.push, first.origin) == ("li", "longer", order.push, "HQ-0001")
    trial = box.history.trial()
    assert trial is not None
    assert (trial.version, trial.healthy_s) == (first.number, order.healthy_s)
    assert box.pushes.report().step is Step.KEPT
    box.tell(Configured(progress=Progress.APPLIED, version=first.number, until_s=trial.until_s))
    assert box.pushes.report().step is Step.TRIAL
    box.history.confirm()
    told = box.pushes.report()
    assert (told.step, told.push, told.fingerprint) == (Step.CONFIRMED, order.push, fingerprint(order.text))


def test_an_older_push_that_comes_late_changes_nothing(box: Box) -> None:
    box.give(box.order(2))
    late = box.order(1, text=box.order().text.replace("600", "700"))
    box.give(late)
    assert [one.push for one in box.history.versions() if one.push] == ["HQ-0001.2.1002"]


def test_what_went_back_tells_why(box: Box) -> None:
    box.give(box.order())
    box.history.back()
    box.tell(AlarmRaised(code="configuration.returned", address="BR-0001", sentence="version 2 was worse"))
    told = box.pushes.report()
    assert (told.step, told.sentence) == (Step.RETURNED, "version 2 was worse")


def test_a_box_that_was_changed_meanwhile_keeps_that_unless_it_is_forced(box: Box) -> None:
    order = box.order()
    box.file.write_text(box.file.read_text().replace("Nanjing Road", "Wu's"))
    box.give(order)
    assert box.pushes.report().step is Step.DRIFTED
    assert box.history.versions() == []
    box.give(msgspec.structs.replace(order, push="HQ-0001.2.1002", force=True))
    assert box.pushes.report().step is Step.KEPT


def test_a_mistake_is_told_with_its_line_and_changes_nothing(box: Box) -> None:
    before = box.file.read_text()
    box.give(box.order(text=box.order().text.replace("timeout_ms: 600", "timeout: 600")))
    told = box.pushes.report()
    assert told.step is Step.REFUSED
    assert "key 'timeout' is unknown here; did you mean 'timeout_ms'?" in told.sentence
    assert box.file.read_text() == before


def test_news_while_headquarters_is_away_are_looked_at_once(box: Box) -> None:
    async def away() -> None:
        running = asyncio.create_task(box.pushes.run())
        await asyncio.sleep(0.05)
        box.tell(Configured(Progress.APPLIED, version=1))
        await asyncio.sleep(0.2)
        running.cancel()

    asyncio.run(away())
    assert 1 <= box.looks <= 3


def test_another_box_s_configuration_is_refused(box: Box) -> None:
    box.give(box.order(text=box.order().text.replace("BR-0001", "BR-0002")))
    told = box.pushes.report()
    assert (told.step, told.sentence) == (Step.REFUSED, "it is of branch BR-0002, this is BR-0001")


def test_a_restart_remembers_what_was_taken(box: Box) -> None:
    order = box.order()
    box.give(order)
    box.start()
    box.give(order)
    assert len([one for one in box.history.versions() if one.push]) == 1
    assert box.pushes.report().push == order.push
