# SPDX-License-Identifier: GPL-2.0-only
"""`why`, as a supervisor types it at headquarters."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.call import routing
from appliance.call.contact import CallState, Contact, Party
from appliance.call.events import Routed
from appliance.cli import terminal
from appliance.cli.__main__ import main
from appliance.headquarters.reports import store
from appliance.headquarters.reports.writer import Writer
from appliance.router.apply import apply
from appliance.router.events import AgentWished, Answer, BranchHeard, LifeBegan
from appliance.router.rules import Seat, skill_group
from appliance.router.state import EMPTY
from appliance.wire import calls
from appliance.wire.agents import AgentAsked, AgentWish
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import Release, RingAgent, Treat
from appliance.wire.treatments import Collect, Play, Ringing, Voicemail
from tests.router.test_router_apply import RULES, ask, leg_began

pytestmark = pytest.mark.unit

BOX, CALLER = "BR-0001", "02155501234"
FIRST, LAST = f"{BOX}.06h0kiqj6vsmekhb.1", f"{BOX}.06h0kiqj6vsmekhb.2"
NOON_NS = round(dt.datetime(2026, 11, 24, 12).astimezone().timestamp()) * 10**9
SCRIPT = {"call_type": "card-service", "script": "welcome", "version": "5f2a"}
LOOKED_AT = "1001 busy; 1002 available for 31 s; 1003 branch not heard; 1004 not-ready (lunch)"
TREAT = Treat(verbs=(Play(prompts=("hello-world",)), Collect(prompts=("digits/1",))))
# Seconds after noon, and what happened: two agents are tried, the second one talks and lets go.
STORY: tuple[tuple[float, calls.CallEvent], ...] = (
    (0, calls.ContactBegan(contact=LAST, leg="L1", channel="span 1 timeslot 5", dnis="95588", clid=CALLER)),
    (
        0.01,
        calls.RouteDecided(
            contact=LAST,
            by="headquarters",
            latency_ms=3.5,
            action=TREAT,
            reason="script welcome treats the caller at ask",
            path=("greet", "ask"),
            values={"clid": CALLER},
            **SCRIPT,  # type: ignore[arg-type]
        ),
    ),
    (
        5.01,
        calls.RouteDecided(
            contact=LAST,
            by="headquarters",
            latency_ms=10,
            action=RingAgent(agent="1002", extension="8002", queue="card", token="e.1"),
            reason="Wang Wei (1002) has been available longest in skill group card",
            outcome="digits",
            path=("choose", "card"),
            values={"ced": "1", "card": LOOKED_AT},
            **SCRIPT,  # type: ignore[arg-type]
        ),
    ),
    (
        5.06,
        calls.LegBegan(
            contact=LAST, leg="L2", direction=Direction.OUTGOING, channel="sip 8002", to="8002", agent="1002"
        ),
    ),
    (25.06, calls.LegEnded(contact=LAST, leg="L2", cause=19, by=ReleasedBy.US, sample=1)),
    (
        25.56,
        calls.RouteDecided(
            contact=LAST,
            by="branch",
            latency_ms=500,
            action=RingAgent(agent="", extension="8001", queue="", token=""),
            reason="the branch's default, because headquarters did not answer in 500 ms",
            outcome="no-answer",
        ),
    ),
    (25.6, calls.LegBegan(contact=LAST, leg="L3", direction=Direction.OUTGOING, channel="sip 8001", to="8001")),
    (28.8, calls.LegConnected(contact=LAST, leg="L3", sample=1)),
    (90.6, calls.LegEnded(contact=LAST, leg="L3", cause=16, by=ReleasedBy.PEER, sample=1)),
    (90.7, calls.ContactEnded(contact=LAST, cause=16, by="agent")),
)
BEFORE: tuple[tuple[float, calls.CallEvent], ...] = (
    (-60, calls.ContactBegan(contact=FIRST, leg="L0", channel="span 1 timeslot 4", dnis="99", clid=CALLER)),
    (
        -59.9,
        calls.RouteDecided(
            contact=FIRST,
            by="headquarters",
            latency_ms=1,
            action=Release(cause=1),
            reason="no call type for 99",
            queues=("card", "loans"),
        ),
    ),
    (-59.8, calls.ContactEnded(contact=FIRST, cause=1, by="us")),
)


def told(story: tuple[tuple[float, calls.CallEvent], ...]) -> Iterator[Envelope]:
    sealer = Sealer(Identity.take(BOX, "call"))
    for seconds, event in story:
        yield msgspec.structs.replace(sealer.seal(event), at_ns=NOON_NS + round(seconds * 1e9))


@pytest.fixture(autouse=True)
def terminal_of_120_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def box(tmp_path: Path) -> Path:
    Writer(store.open_writer(store.path_of(tmp_path))).store([*told(BEFORE), *told(STORY)])
    return tmp_path


def typed(box: Path, capsys: pytest.CaptureFixture[str], *words: str, language: str = "en") -> tuple[int, str, str]:
    status = main(["why", *words, "--state", str(box), "--language", language])
    return (status, *capsys.readouterr())


def test_a_decision_tells_in_which_queues_its_contact_waits(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "   waits in   card; loans" in typed(box, capsys, FIRST)[1].splitlines()
    assert "   排队于" in typed(box, capsys, FIRST, language="zh")[1]


def test_a2_why_a_call_went_to_its_second_agent(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, page, _ = typed(box, capsys, CALLER)
    lines = page.splitlines()
    assert status == 0
    assert lines[:3] == [
        LAST,
        f"2026-11-24 12:00:00  {CALLER} called 95588, span 1 timeslot 5",
        "call type card-service, ended 12:01:30",
    ]
    assert lines[11:20] == [
        "2. 12:00:05.010 digits entered → ring agent 1002, extension 8002",
        "   reason     Wang Wei (1002) has been available longest in skill group card",
        "   decided by headquarters in 10.0 ms; script welcome, version 5f2a",
        "   path       choose → card",
        "   compared   ced = 1",
        "   agents     card: 1001 busy; 1002 available for 31 s ✓ chosen; 1003 branch not heard; 1004 not",
        "              ready (lunch)",
        "   then       +0.1 s sip 8002 is rung; +20.1 s released by the system, cause 19 (no answer); +20.1 s",
        "              next question: nobody answered",
    ]
    assert "the branch itself, after 500.0 ms" in page
    assert lines[-2:] == [
        "   then       +0.0 s sip 8001 is rung; +3.2 s answered; +65.0 s released by the agent, cause 16",
        "              (normal clearing); +65.1 s call ended by the agent, cause 16 (normal clearing)",
    ]


def test_why_did_wang_not_get_it_among_twenty_agents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the router itself has kept it."""
    agents = [f"1{number:03}" for number in range(1, 21)]
    seats = {name: Seat(name, name, BOX, f"8{name[1:]}") for name in agents}
    rules = msgspec.structs.replace(RULES, queues={"card": skill_group(*agents)}, seats=seats)
    state = apply(apply(EMPTY, LifeBegan(0, "epoch", rules))[0], BranchHeard(0, BOX))[0]
    wang, talks, refused = agents[6], agents[0], agents[1]
    before = (
        AgentWished(1, AgentAsked(agent=wang, to=AgentWish.NOT_READY, reason="lunch")),
        leg_began(2, talks, "before", "another"),
    )
    for event in before:
        state, _ = apply(state, event)
    effects = apply(state, ask(3, LAST, refused_agents=(refused,)))[1]
    (answer,) = (one.answer for one in effects if isinstance(one, Answer))
    caller = Contact(contact=LAST, state=CallState.ROUTING, caller=Party("L1", "line1"), dnis="95588")
    decided = routing.decided(caller, Routed(answer, 1.0))
    Writer(store.open_writer(store.path_of(tmp_path))).store([*told((STORY[0], (0.01, decided)))])
    pages = {one: " ".join(typed(tmp_path, capsys, LAST, language=one)[1].split()) for one in ("en", "zh")}
    assert f"{wang} not ready (lunch)" in pages["en"]
    assert f"{wang} 未就绪 (lunch)" in pages["zh"]
    assert (
        f"{talks} busy; {refused} did not take this call; {agents[2]} available since the start ✓ chosen" in pages["en"]
    )
    assert all(name in pages["en"] for name in agents)


def test_agents_of_a_kind_who_were_kept_together_are_each_a_candidate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ringing = msgspec.structs.replace(
        STORY[2][1], values={"card": "1001,1003 busy; 1002,1005 available; 1004 not-ready"}
    )
    Writer(store.open_writer(store.path_of(tmp_path))).store([*told((STORY[0], (0.01, ringing)))])
    page = " ".join(typed(tmp_path, capsys, LAST)[1].split())
    assert "card: 1001 busy; 1003 busy; 1002 available ✓ chosen; 1005 available; 1004 not ready" in page


def test_a_page_in_chinese_is_no_wider(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, page, _ = typed(box, capsys, "L2", language="zh")
    assert status == 0
    assert max(map(terminal.columns, page.splitlines())) <= 100
    assert "   坐席       card: 1001 忙；1002 就绪31秒 ✓ 选中；1003 分支无心跳；1004 未就绪 (lunch)" in page
    assert "系统释放，原因19（用户未应答）" in page


def test_a_caller_s_call_before_the_last(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, page, _ = typed(box, capsys, CALLER, "--number", "2")
    assert (status, page.splitlines()[0]) == (0, FIRST)
    assert "release, cause 1 (unallocated number)" in page


def test_a_tone_and_a_message_are_told_though_they_play_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    night = msgspec.structs.replace(STORY[1][1], action=Treat(verbs=(Ringing(seconds=6), Voicemail("card"))))
    Writer(store.open_writer(store.path_of(tmp_path))).store([*told((STORY[0], (0.01, night)))])
    assert "call offered → treat in the IVR (ringing tone; message for card)" in typed(tmp_path, capsys, LAST)[1]


def test_a_call_that_goes_on_is_told_as_far_as_it_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Writer(store.open_writer(store.path_of(tmp_path))).store([*told(STORY[:4])])
    status, page, _ = typed(tmp_path, capsys, LAST)
    assert status == 0
    assert "call type card-service, still going on" in page
    assert page.endswith("   then       +0.1 s sip 8002 is rung\n")


@pytest.mark.parametrize(
    ("words", "language", "sentence"),
    [
        ((CALLER, "--number", "3"), "en", f"{CALLER} is known from 2 calls; --number takes 1 (the last) to 2\n"),
        ((CALLER, "--number", "0"), "zh", f"{CALLER}共有2次通话；--number取1（最近一次）至2\n"),
        (("02155501243",), "en", f"02155501243: no such call in the record; did you mean {CALLER}?\n"),
        ((LAST.replace("vsm", "vms"),), "zh", f"记录中没有{LAST.replace('vsm', 'vms')}；是否指{LAST}？\n"),
        (("?",), "en", "?: no such call in the record; a contact, a leg or a caller's number is asked for\n"),
    ],
)
def test_a_call_that_is_not_there_is_said_with_the_nearest(
    box: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], language: str, sentence: str
) -> None:
    assert typed(box, capsys, *words, language=language) == (1, "", sentence)


def test_a_box_without_a_record_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, sentence = typed(tmp_path, capsys, LAST)
    assert status == 2
    assert "only headquarters has the record" in sentence
