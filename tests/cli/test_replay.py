# SPDX-License-Identifier: GPL-2.0-only
"""`router replay`, as it is typed at headquarters."""

import datetime as dt
import sqlite3
import time
from pathlib import Path

import msgspec
import pytest

from appliance.cli.__main__ import main
from appliance.router.journal import path_of
from tests.router.recorded import direct, large, recorded

pytestmark = pytest.mark.system

DAY = "2026-11-25"
NINE_NS = round(dt.datetime(2026, 11, 25, 9).astimezone().timestamp()) * 10**9
GOLD = """\
start: wait
nodes:
  wait: {do: queue, queues: [card], otherwise: gone, hold: [music], wait_s: 90, priority: 1}
  gone: {do: release, cause: 17}
"""
RULES = """\
role: headquarters
box: HQ-0001
server: {listen: 127.0.0.1:4222, secret: secrets/nats}
web: {listen: 127.0.0.1:8095}
call_types:
  - {name: gold, dnis: [1, 2], script: gold}
scripts: .
skill_groups:
  - {name: card, agents: [a0, a1, a2]}
agents:
  - {id: a0, name: A, box: BR-0001, extension: 8000}
  - {id: a1, name: B, box: BR-0001, extension: 8001}
  - {id: a2, name: C, box: BR-0001, extension: 8002}
"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("headquarters")
    recorded(path_of(state), 150, faults=True, begun_ns=NINE_NS)
    return state


@pytest.fixture
def drafts(tmp_path: Path) -> Path:
    (tmp_path / "gold.yaml").write_text(GOLD)
    (tmp_path / "headquarters.yaml").write_text(RULES)
    return tmp_path


def typed(box: Path, *words: object, language: str = "en") -> int:
    return main(["router", "replay", DAY, "--state", str(box), "--language", language, *map(str, words)])


def figures(told: str, title: str) -> dict[str, list[str]]:
    """The table of that title: the figure's name → its three cells."""
    rows = told.split(f"\n{title}", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    return {row[:26].strip(): row[26:].split() for row in rows}


def test_unchanged_rules_decide_the_same(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = path_of(box).read_bytes()
    assert typed(box) == 0
    told = capsys.readouterr().out
    head = told.splitlines()[0]
    assert head.startswith("2026-11-25: 150 contacts; decisions the same: ")
    assert head.endswith("(100 %)")
    card = figures(told, "queue card")
    assert {change for _, _, change in card.values()} == {"="}
    assert int(card["offered"][0]) > 0
    assert list(card) == [
        "offered",
        "answered",
        "abandoned",
        "abandoned, %",
        "service level 20 s, %",
        "ASA, s",
        "longest wait, s",
        "occupancy, %",
    ]
    assert "assumed" not in told
    assert path_of(box).read_bytes() == before, "the journal is only read"


def test_a_changed_script_stands_beside_what_was(box: Path, drafts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(box, "--script", drafts / "gold.yaml", "--threshold", 5) == 0
    told = capsys.readouterr().out
    was, now, change = figures(told, "queue card")["offered"]
    assert int(now) - int(was) == int(change) > 0
    assert figures(told, "queue gold")["offered"][1] == "0"
    assert figures(told, "queue gold")["service level 5 s, %"][1:] == ["-", "-"]
    assert figures(told, "call type gold")["offered"][2] == "="
    assert "Kaplan-Meier" in told
    assert "recorded: 09:00:" in told
    assert "in gold" in told.split("went otherwise, the first:")[1]
    assert typed(box, "--script", drafts / "gold.yaml", language="zh") == 0
    told = capsys.readouterr().out
    assert "决策一致" in told
    assert "假设" in told
    assert "队列 card" in told


def test_changed_rules_are_those_of_the_whole_day(box: Path, drafts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(box, "--rules", drafts / "headquarters.yaml") == 0
    told = capsys.readouterr().out
    assert figures(told, "call type gold")["offered"][1] == "150"
    assert figures(told, "call type menu")["offered"][1] == "0"
    assert figures(told, "queue card")["offered"][1] == "150"


def test_mistakes_are_said_with_the_nearest_name(box: Path, drafts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (drafts / "golt.yaml").write_text(GOLD)
    assert typed(box, "--script", drafts / "golt.yaml") == 2
    assert "no script 'golt'; did you mean 'gold'?" in capsys.readouterr().err
    (drafts / "gold.yaml").write_text(GOLD.replace("card", "crad"))
    assert typed(box, "--script", drafts / "gold.yaml") == 2
    assert "gold.yaml:3:30: queue 'crad' is unknown; did you mean 'card'?" in capsys.readouterr().err
    (drafts / "headquarters.yaml").write_text(RULES.replace("[a0, a1, a2]", "[a0, a9]"))
    assert typed(box, "--rules", drafts / "headquarters.yaml") == 2
    assert "agent 'a9' is not among the agents" in capsys.readouterr().err
    for words, sentence in (
        (("--script", "nowhere.yaml"), "there is no file nowhere.yaml"),
        (("--threshold", "-1"), "--threshold -1 is out of range: 0 to 86400"),
        (("--threshold", "soon"), "invalid int value: 'soon'"),
    ):
        with pytest.raises(SystemExit) as ended:
            typed(box, *words)
        assert ended.value.code == 2
        assert sentence in capsys.readouterr().err


def test_what_cannot_be_replayed_is_told(box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["router", "replay", "2026-11-01", "--state", str(box), "--language", "en"]) == 1
    assert "no event of this day" in capsys.readouterr().out
    assert typed(tmp_path) == 2
    assert "only headquarters has a router" in capsys.readouterr().err
    recorded(path_of(tmp_path), 20, faults=False, begun_ns=NINE_NS)
    with sqlite3.connect(path_of(tmp_path)) as store:
        store.execute("UPDATE entry SET decided = x'00' WHERE seq = 9")
    assert typed(tmp_path) == 1
    assert "event 9 is decided otherwise than it was" in capsys.readouterr().err


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_100_000_calls_of_1_000_agents_take_a_minute(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the time that the process had, so that neighbours do not count."""
    recorded(path_of(tmp_path), 100_000, known=large(), faults=False, begun_ns=NINE_NS, arrivals_s=0.215, talk_s=185.0)
    text = msgspec.to_builtins(direct("q7", "q8").text)
    nodes = {
        name: {key: value for key, value in node.items() if value is not None} for name, node in text["nodes"].items()
    }
    (tmp_path / "q7.yaml").write_bytes(msgspec.yaml.encode({**text, "nodes": nodes}))
    took_s = {}
    for script in ((), ("--script", tmp_path / "q7.yaml")):
        began_s = time.process_time()
        assert typed(tmp_path, *script) == 0
        took_s[len(script)] = time.process_time() - began_s
        head = capsys.readouterr().out.splitlines()[0]
        assert head.startswith("2026-11-25: 100,000 contacts")
        assert head.endswith("(100 %)") is (not script)
    print(took_s)
    assert max(took_s.values()) <= 60
