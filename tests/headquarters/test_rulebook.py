# SPDX-License-Identifier: GPL-2.0-only
"""From files to the router's rules: precision queues, mistakes with their place, changes as they are made."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.config import ConfigurationError, Headquarters
from appliance.config.files import load_role
from appliance.headquarters import opening, rulebook
from appliance.headquarters.reports import store, texts
from appliance.router.rules import Rules
from tests.headquarters.site import Site, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

TEXT = """\
role: headquarters
box: HQ-0001
server: {listen: 127.0.0.1:4222, secret: secrets/nats}
web: {listen: 127.0.0.1:8095}
call_types:
  - {name: card-service, dnis: [95588], script: one}
scripts: scripts
skill_groups:
  - {name: card, agents: [1001, 1002, 1003], wrap_up_s: 10}
attributes: {english: proficiency, loans: yes-no}
precision_queues:
  - name: loans
    steps:
      - {where: english >= 8 and loans, wait_s: 10}
      - {where: english >= 5, wait_s: 20, consider_if: free('card') > 0}
      - {where: loans}
agents:
  - {id: 1001, name: Li Na, box: BR-0001, extension: 8001, attributes: {english: 9, loans: yes}}
  - {id: 1002, name: Wang Wei, box: BR-0001, extension: 8002, attributes: {english: 5}}
  - {id: 1003, name: Zhang Min, box: BR-0002, extension: 8001, attributes: {loans: yes}, sign_in: manual}
"""
SCRIPT = """\
start: card
nodes:
  card: {do: queue, queues: [loans, card], hold: [music], otherwise: gone}
  gone: {do: release, cause: 17}
"""


def write(folder: Path, text: str = TEXT, script: str = SCRIPT) -> Path:
    (folder / "scripts").mkdir(exist_ok=True)
    (folder / "scripts/one.yaml").write_text(script)
    path = folder / "headquarters.yaml"
    path.write_text(text)
    return path


def rules(path: Path) -> Rules:
    return rulebook.rules_of(load_role(path, Headquarters, rulebook.faults))


def test_steps_widen_and_an_attribute_not_named_is_0_or_no(tmp_path: Path) -> None:
    known = rules(write(tmp_path))
    loans = known.queues["loans"]
    assert [step.agents for step in loans.steps] == [("1001",), ("1001", "1002"), ("1001", "1002", "1003")]
    assert [(step.wait_s, step.consider_if) for step in loans.steps] == [(10, ""), (20, "free('card') > 0"), (0, "")]
    assert (known.queues["card"].wrap_up_s, known.no_answer_not_ready) == (10, True)
    assert [seat.automatic for seat in known.seats.values()] == [True, True, False]


def test_steps_that_replace_have_their_own_agents_alone(tmp_path: Path) -> None:
    known = rules(write(tmp_path, TEXT.replace("  - name: loans\n", "  - name: loans\n    widening: replacing\n")))
    assert [step.agents for step in known.queues["loans"].steps] == [("1001",), ("1001", "1002"), ("1001", "1003")]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("english >= 8 and", "englsh >= 8 and", "14:17: column 1: no name 'englsh'; did you mean 'english'?"),
        ("english >= 8 and", "dnis == '1' and", "14:17: column 1: no name 'dnis'; known are: english, loans"),
        ("english >= 5", "english + 5", "15:17: that is a number, yes or no is needed"),
        ("english >= 8 and", "english and", "14:17: column 1: before 'and' stands a number, yes or no is needed"),
        ("free('card')", "free('cart')", "column 6: queue 'cart' is unknown; did you mean 'card'?"),
    ],
)
def test_a_condition_with_a_mistake_is_refused_with_its_place(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        rules(write(tmp_path, TEXT.replace(before, after, 1)))
    (mistake,) = caught.value.mistakes
    assert told in str(mistake)


def test_a_file_that_changes_is_taken_over_and_a_bad_one_is_an_alarm(tmp_path: Path) -> None:
    async def scene() -> None:
        path = write(tmp_path)
        changed: list[Rules] = []
        told: list[str | None] = []
        begun = rulebook.read(path)

        async def change(book: rulebook.Book) -> None:
            changed.append(book.rules)

        following = asyncio.create_task(rulebook.follow(path, begun.config, begun.stamp, change, told.append))

        async def until(so: Callable[[], object], what: str) -> float:
            began = time.monotonic()
            while not so():
                assert time.monotonic() - began < 5, what
                await asyncio.sleep(0.02)
            return time.monotonic() - began

        await asyncio.sleep(0.1)
        write(tmp_path, TEXT.replace("english: 5}", "english: 8, loans: yes}"))
        assert await until(lambda: changed, "the attribute is known") < 1.0
        assert changed[0].queues["loans"].steps[0].agents == ("1001", "1002")
        write(tmp_path, script=SCRIPT.replace("otherwise: gone", "otherwise: gon"))
        await until(lambda: told[-1:] != [None], "a bad script is an alarm")
        assert told[-1] is not None
        assert "one.yaml:3" in told[-1]
        assert "did you mean 'gone'?; calls are routed by what was good before" in told[-1]
        assert len(changed) == 1
        write(tmp_path)
        await until(lambda: told[-1] is None, "mended")
        assert len(changed) == 2
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(scene())


SAVED = {
    "headquarters.yaml": TEXT.replace("english: 5}", "english: 8, loans: yes}"),
    "scripts/one.yaml": SCRIPT.replace("17", "21"),
}


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("spoilt_before", [False, True])
def test_a_file_that_is_saved_while_headquarters_reads_it_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, spoilt_before: bool
) -> None:
    path = write(tmp_path)
    opening.opened(path, tmp_path / "good.yaml")
    if spoilt_before:
        (tmp_path / name).write_text("".join(SAVED[name].partition("\n")[1:]))
    read = rulebook.read

    def saved_at_once(path: Path) -> rulebook.Book:
        """By somebody, when all is read and nobody looks for changes yet."""
        try:
            return read(path)
        finally:
            (tmp_path / name).write_text(SAVED[name])

    monkeypatch.setattr(rulebook, "read", saved_at_once)
    begun = opening.opened(path, tmp_path / "good.yaml")
    monkeypatch.setattr(rulebook, "read", read)
    assert (begun.rules is None) == spoilt_before
    taken: list[Rules] = []

    async def change(book: rulebook.Book) -> None:
        taken.append(book.rules)
        raise asyncio.CancelledError

    async def scene() -> None:
        async with asyncio.timeout(5):
            await rulebook.follow(path, begun.config, begun.stamp, change, lambda _: None)

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(scene())
    assert taken == [rules(path)]


SCHEDULED = TEXT.replace(
    "script: one}", "script: one, zone: Asia/Shanghai, schedule: [{script: night, time: 18:00-09:00}]}"
)


def test_the_scripts_of_a_schedule_are_loaded_with_the_others(tmp_path: Path) -> None:
    path = write(tmp_path, SCHEDULED)
    (tmp_path / "scripts/night.yaml").write_text(SCRIPT)
    known = rules(path)
    assert sorted(known.scripts) == ["night", "one"]
    assert known.call_types["95588"].script_at(0) == "night"  # 08:00 there


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("script: night", "script: nigth", "has no nigth.yaml; did you mean 'night'?"),
        ("18:00-09:00", "18:00", "'18:00' is not a span of time"),
        ("Asia/Shanghai", "Asia/Shangha", "time zone 'Asia/Shangha' is unknown; did you mean 'Asia/Shanghai'?"),
        ("time: 18:00-09:00", "days: [fry]", "'fry' is not known here; did you mean 'fri'?"),
    ],
)
def test_a_schedule_with_a_mistake_is_refused_with_its_place(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    path = write(tmp_path, SCHEDULED.replace(before, after))
    (tmp_path / "scripts/night.yaml").write_text(SCRIPT)
    with pytest.raises(ConfigurationError) as caught:
        rules(path)
    assert ":6:" in str(caught.value.mistakes[0])
    assert told in str(caught.value)


@pytest.mark.timeout(60)
def test_a_running_headquarters_keeps_each_version_of_its_scripts(tmp_path: Path) -> None:
    site = Site(tmp_path)

    def held() -> list[texts.Version]:
        with store.open_reader(store.path_of(site.state)).connect() as record:
            return texts.versions(record, "welcome")

    try:
        site.start("nats-server", "headquarters")
        until(lambda: "headquarters.intake.opened" in (tmp_path / "headquarters.log").read_text(), 20, "it routes")
        until(held, 10, "its scripts are kept")
        (first,) = held()
        path = tmp_path / "scripts/welcome.yaml"
        path.write_text(first.text + "# another word\n")
        until(lambda: len(held()) == 2, 10, "the changed script is kept")
        assert {one.text for one in held()} == {first.text, path.read_text()}
        with store.open_reader(store.path_of(site.state)).connect() as record:
            assert texts.in_force(record)["welcome"] != first.version
            assert set(texts.in_force(record)) == {"headquarters.yaml", "welcome"}
    finally:
        site.close()


CHANNELS = """\
channels:
  - {name: chat, not_beside: [voice], box: MEDIA-1}
  - {name: mail, interrupted_by: [voice], kept_days: 14}
capacities:
  - {name: web, total: 2, slots: {chat: 2, mail: 1}}
"""
WITH_CHAT = (
    TEXT.replace("attributes: {english: 5}", "attributes: {english: 5}, capacity: web")
    .replace("script: one}", "script: one}\n  - {name: web-chat, dnis: [95588], script: two, channel: chat}")
    .replace("skill_groups:\n", "skill_groups:\n  - {name: talk, agents: [1002], channel: chat}\n")
) + CHANNELS


def write_chat(folder: Path, text: str = WITH_CHAT, queue: str = "talk") -> Path:
    path = write(folder, text)
    (folder / "scripts/two.yaml").write_text(SCRIPT.replace("[loans, card]", f"[{queue}]"))
    return path


def test_a_capacity_gives_an_agent_slots_beside_the_telephone(tmp_path: Path) -> None:
    known = rules(write_chat(tmp_path))
    assert known.queues["talk"].steps[0].agents == ("1002/chat.1", "1002/chat.2")
    mine = {name: (seat.box, seat.total) for name, seat in known.seats.items() if name.startswith("1002")}
    assert mine == {
        "1002": ("BR-0001", 2),
        "1002/chat.1": ("MEDIA-1", 2),
        "1002/chat.2": ("MEDIA-1", 2),
        "1002/mail.1": ("BR-0001", 2),
    }
    of_chat, of_voice = known.call_type_of("95588", "chat"), known.call_type_of("95588")
    assert of_chat is not None
    assert of_voice is not None
    assert (of_chat.name, of_voice.name) == ("web-chat", "card-service")
    assert known.channel("mail").kept_s == 14 * 86_400


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("channel: chat}", "channel: caht}", "channel 'caht' is unknown; did you mean 'chat'?"),
        ("agents: [1002]", "agents: [1001]", "agent 1001 has no slot for chat; their capacity does not name it"),
        ("capacity: web", "capacity: wed", "capacity 'wed' is unknown; did you mean 'web'?"),
        ("kept_days: 14", "weight: 3", "a contact of mail weighs 3, more than the total of 2"),
        ("interrupted_by: [voice]", "interrupted_by: [mail]", "mail would come to be interrupted by itself"),
        ("slots: {chat: 2", "slots: {voice: 2, chat: 2", "every agent has one voice slot; it is not named here"),
    ],
)
def test_a_mistake_in_channels_is_refused_with_its_place(tmp_path: Path, before: str, after: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        rules(write_chat(tmp_path, WITH_CHAT.replace(before, after)))
    assert told in "\n".join(map(str, caught.value.mistakes))


def test_a_script_that_lets_chats_wait_for_a_telephone_is_refused_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        rules(write_chat(tmp_path, queue="card"))
    assert [str(one) for one in caught.value.mistakes] == [
        f"{tmp_path}/scripts/two.yaml:3:30: queue card is of voice; contacts of chat come here"
    ]
