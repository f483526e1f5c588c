# SPDX-License-Identifier: GPL-2.0-only
"""A mistake in a file outlives no router: killed and started again it goes on by what was good last, and says so."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path

import msgspec
import nats
import pytest
from nats.aio.client import Client

from appliance.config import Endpoint, read_secret
from appliance.headquarters import opening
from appliance.headquarters.live import State
from appliance.headquarters.reports import store, texts
from appliance.uplink.connection import USER
from appliance.wire.envelope import Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.routes import RouteAnswer, RouteRequest
from tests.headquarters.site import BOX, Site, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

RULES = "router.rules"
OPENED = "headquarters.intake.opened"
SCRIPT = "start: gone\nnodes:\n  gone: {{do: release, cause: {cause}}}\n"
FIRST, MENDED = 17, 21
SERIAL = itertools.count(1)

Spoil = Callable[[Path, Path], object]
"""Of headquarters' file and of the script."""


def misspelt(_: Path, script: Path) -> None:
    script.write_text(SCRIPT.format(cause=MENDED).replace("start: gone", "start: gon"))


def unreadable(file: Path, _: Path) -> None:
    file.write_text(file.read_text().replace("call_types:", "cal_types:"))


def without_its_script(_: Path, script: Path) -> None:
    script.unlink()


def no_such_holiday(file: Path, _: Path) -> None:
    """Which is a mistake of meaning, told by the rules alone."""
    file.write_text(
        file.read_text().replace("skill_groups:", "calendars: [{name: feasts, zone: Mars}]\nskill_groups:", 1)
    )


async def asked(at: Endpoint, secret: Path) -> tuple[int, dict[str, str]]:
    """The cause with which a caller is released, and headquarters' alarms."""
    client = await nats.connect(f"nats://{at}", user=USER, password=read_secret(secret))
    try:
        number = next(SERIAL)
        question = RouteRequest(request=f"r{number}", contact=f"{BOX}.rules.{number}", dnis="95588")
        sealed = encode(Sealer(Identity.take(BOX, "call")).seal(question))
        answer = decode((await client.request(f"route.request.{BOX}", sealed, timeout=2)).data).body
        assert isinstance(answer, RouteAnswer)
        return answer.action.cause, await alarms(client)  # type: ignore[union-attr]  # a release
    finally:
        await client.close()


async def alarms(client: Client) -> dict[str, str]:
    told = msgspec.json.decode((await client.request("live.state", timeout=2)).data, type=State)
    return {alarm.code: alarm.sentence for alarm in told.alarms}


class Case:
    """A headquarters whose one script releases callers with a cause."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder)
        self.file, self.script = folder / "headquarters.yaml", folder / "scripts/welcome.yaml"
        self.script.write_text(SCRIPT.format(cause=FIRST))
        self.good = self.file.read_text()

    def serve(self, *before: str) -> None:
        lives = self.lives()
        self.site.start(*before, "headquarters")
        until(lambda: self.lives() > lives, 20, "it routes")

    def lives(self) -> int:
        log = self.site.folder / "headquarters.log"
        return log.read_text().count(OPENED) if log.exists() else 0

    def asked(self) -> tuple[int, dict[str, str]]:
        return asyncio.run(asked(self.site.config.server.listen, self.site.config.server.secret))

    def kept_texts(self) -> list[str]:
        with store.open_reader(store.path_of(self.site.state)).connect() as record:
            return sorted(one.text for one in texts.versions(record, "welcome"))

    def mend(self) -> None:
        self.file.write_text(self.good)
        self.script.write_text(SCRIPT.format(cause=MENDED))
        until(lambda: self.asked() == (MENDED, {}), 10, "the mended files are taken over, and no alarm stands")


@pytest.mark.parametrize("spoil", [misspelt, unreadable, without_its_script, no_such_holiday])
def test_a_router_that_is_killed_goes_on_by_the_last_good_rules_whatever_is_in_its_files(
    tmp_path: Path, spoil: Spoil
) -> None:
    case = Case(tmp_path)
    with contextlib.closing(case.site):
        case.serve("nats-server")
        assert case.asked() == (FIRST, {})
        spoil(case.file, case.script)
        until(lambda: RULES in case.asked()[1], 10, "the running router says so")
        for _ in range(2):  # a life by the journal's rules leaves them to the next
            case.site.kill("headquarters")
            case.serve()
            cause, told = case.asked()
            assert cause == FIRST
            assert "calls are routed by what was good before" in told[RULES]
        case.mend()
        good = [SCRIPT.format(cause=FIRST), SCRIPT.format(cause=MENDED)]
        until(lambda: case.kept_texts() == good, 10, "both good versions are kept, and nothing spoilt")
    assert opening.kept_in(case.site.state).stat().st_mode & 0o777 == 0o600


def test_a_spoilt_file_of_a_box_that_has_never_routed_ends_the_process_with_its_sentence(tmp_path: Path) -> None:
    case = Case(tmp_path)
    with contextlib.closing(case.site):
        misspelt(case.file, case.script)
        case.site.start("nats-server", "headquarters")
        assert case.site.ended("headquarters") == 2
        assert "welcome.yaml:1:8: " in case.site.log_of("headquarters")
        assert "did you mean 'gone'?" in case.site.log_of("headquarters")


def test_what_was_kept_is_spoilt_too_and_the_file_s_own_sentence_is_told(tmp_path: Path) -> None:
    case = Case(tmp_path)
    with contextlib.closing(case.site):
        case.serve("nats-server")
        case.site.kill("headquarters")
        opening.kept_in(case.site.state).write_bytes(b"\xff")
        unreadable(case.file, case.script)
        case.site.start("headquarters")
        assert case.site.ended("headquarters") == 2
        assert "did you mean 'call_types'?" in case.site.log_of("headquarters")
