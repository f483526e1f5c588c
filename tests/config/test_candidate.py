# SPDX-License-Identifier: GPL-2.0-only
"""A box's configuration changed by words, as a technician types them, and its versions through power cuts."""

import shlex
import tomllib
from pathlib import Path

import pytest

from appliance.config import ConfigurationError, tree
from appliance.config.candidate import FORM, Candidate
from appliance.config.edit import EditError
from appliance.config.history import LOOKED_S, History, Trying
from appliance.config.tree import Block, Choice, Node, Rows, Said, Table
from appliance.supervisor import judge

pytestmark = pytest.mark.unit
BOXES = Path(__file__).parent / "boxes"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """The site's branch file, with what it names."""
    for folder in ("secrets", "prompts"):
        (tmp_path / folder).mkdir()
    for name in ("8001", "8002", "nats"):
        secret = tmp_path / "secrets" / name
        secret.write_text("correct horse\n")
        secret.chmod(0o600)
    text = (BOXES / "branch.yaml").read_text().replace("/usr/share/asterisk/sounds/en_US_f_Allison", "prompts")
    file = tmp_path / "branch.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("name", ["branch.yaml", "headquarters.yaml"])
def test_what_is_shown_can_be_pasted_back(tmp_path: Path, name: str, box: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/welcome.yaml").write_text("")
    file = box if name == "branch.yaml" else tmp_path / name
    if file is not box:
        file.write_text((BOXES / name).read_text())
    shown = Candidate.of(file)
    pasted = Candidate(file, {})
    for line in shown.lines():
        verb, *words = shlex.split(line)
        assert verb == "set"
        pasted = pasted.put(words)
    assert pasted.data == shown.data
    assert Candidate.of(file, pasted.text).data == shown.data


def test_a_phone_is_added_and_goes_again(box: Path) -> None:
    before = Candidate.of(box)
    after = before.put(["extensions", "8002", "name", "Agent Wu"]).put(["extensions", "8002", "secret", "secrets/8002"])
    assert after.faults() == []
    assert after.since(before) == [
        '+ set extensions 8002 name "Agent Wu"',
        "+ set extensions 8002 secret secrets/8002",
    ]
    assert after.drop(["extensions", "8002"]).data == before.data


def test_another_driver_leaves_what_it_does_not_know(box: Path) -> None:
    after = Candidate.of(box).put(["spans", "telco", "driver", "dahdi"])
    (span,) = after.data["spans"]
    assert "remote" not in span
    assert after.faults() == ["spans telco: key 'card_span' is missing"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("span telco", "'span' is unknown here; did you mean 'spans'?"),
        ("spans telco ecko_tail_ms 64", "'ecko_tail_ms' is unknown under spans telco; did you mean 'echo_tail_ms'?"),
        ("spans telco echo_tail_ms 300", "spans telco echo_tail_ms: 300 is out of range: 0 to 128"),
        ("spans telco echo_tail_ms", "spans telco echo_tail_ms needs 0…128 ms"),
        ("spans telco side", "spans telco side needs network or user"),
        ("spans telco side user user", "spans telco side has one value: network or user"),
        ("spans second line t1", "spans second: say first which driver it has: spans second driver cesopsn, dahdi"),
        ("extensions", "extensions needs its number"),
        ("outbound 2 to telco", "outbound 2: the next one's place is 1"),
        ("extensions 80-01", "extensions 80-01 number: '80-01' does not have the form"),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(box: Path, words: str, sentence: str) -> None:
    candidate = Candidate.of(box)
    before = candidate.text
    with pytest.raises(EditError) as caught:
        candidate.put(words.split())
    assert str(caught.value).startswith(sentence)
    assert candidate.text == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("extensions 8003", "extensions 8003 is not there; did you mean '8001'?"),
        ("peers", "peers is not set; what is set there: role, box"),
        ("spans telco side user", "spans telco side has one value; delete it whole"),
    ],
)
def test_what_is_not_there_cannot_be_deleted(box: Path, words: str, sentence: str) -> None:
    with pytest.raises(EditError, match=sentence):
        Candidate.of(box).drop(words.split())


def test_what_fits_no_longer_together_is_told_by_its_path(box: Path) -> None:
    after = Candidate.of(box).put(["sip", "listen", "127.0.0.1:5060"]).put(["route", "default", "ring", "8001", "8009"])
    assert [fault.partition(": ")[0] for fault in after.faults()] == ["sip listen", "route default ring"]
    assert "8009" in after.faults()[1]


def test_every_key_says_what_it_is_in_both_languages() -> None:
    silent = [path for path, reason in _said(FORM, ()) if not all(reason)]
    assert silent == []
    long = {reason.english for _, reason in _said(FORM, ()) if len(reason.english) > 80}
    assert long == set()


def test_nothing_is_said_of_keys_that_are_none() -> None:
    said = tomllib.loads(Path(tree.__file__).with_name("help.toml").read_text())
    used = {reason for _, reason in _said(FORM, ())}
    assert [(name, key) for name, keys in said.items() for key, words in keys.items() if tuple(words) not in used] == []


def _said(form: Node, path: tuple[str, ...]) -> list[tuple[str, Said]]:
    match form:
        case Rows(item=under) | Table(value=under):
            return _said(under, path)
        case Choice(kinds=kinds):
            return [found for kind, block in kinds.items() for found in _said(block, (*path, kind))]
        case Block(fields=fields):
            own = [(" ".join((*path, name)), under.reason) for name, under in fields.items()]
            return own + [found for name, under in fields.items() for found in _said(under, (*path, name))]
    return []


def test_versions_say_who_and_why_and_come_back(box: Path) -> None:
    history, first = History(box), Candidate.of(box)
    second = first.put(["name", "Nanjing Road 2"])
    version = history.commit(second.text, "wu", "moved next door")
    assert (version.number, version.author, version.comment) == (2, "wu", "moved next door")
    assert history.running() == version
    assert Candidate.of(box).data == second.data
    assert Candidate.of(box, history.text(1)).data == first.data
    assert [one.number for one in history.versions()] == [2, 1]
    assert box.stat().st_mode & 0o077 == 0


def test_a_file_written_by_hand_is_kept_before_the_next(box: Path) -> None:
    history, first = History(box), Candidate.of(box)
    history.commit(first.put(["name", "One"]).text, "wu")
    box.write_text(first.put(["name", "By hand"]).text)
    assert history.running() is None
    history.commit(first.put(["name", "Two"]).text, "wu")
    assert [one.comment for one in history.versions()] == ["", "written by hand", "", "written by hand"]
    assert Candidate.of(box, history.text(3)).data["name"] == "By hand"


def test_a_trial_goes_back_to_before_the_first_of_them(box: Path) -> None:
    history, first = History(box), Candidate.of(box)
    history.commit(first.put(["name", "One"]).text, "wu", how=Trying(confirm_s=120, now_s=1000))
    history.note(["headquarters"])
    history.commit(first.put(["name", "Two"]).text, "wu", how=Trying(confirm_s=120, now_s=1060))
    history.begin(3, 1070)
    trial = history.trial()
    assert trial is not None
    assert (trial.version, trial.back_to, trial.until_s, trial.good) == (3, 1, 1190, ("headquarters",))
    assert history.back() == trial
    assert Candidate.of(box).data == first.data
    assert history.trial() is None
    assert history.back() is None


def test_the_time_of_a_trial_begins_when_its_version_is_in_force(box: Path) -> None:
    """Its calls may be waited for longer than it has to be confirmed; all of it has an end, whatever becomes of it."""
    history, first = History(box), Candidate.of(box)
    history.commit(first.put(["name", "One"]).text, "wu", how=Trying(drain_s=300, confirm_s=60, now_s=1000))
    waiting = history.trial()
    assert waiting is not None
    assert (waiting.until_s, waiting.confirm_s) == (1000 + LOOKED_S + 300 + 60, 60)
    assert LOOKED_S > judge.KNOWN_S
    history.begin(1, 1100)
    assert history.trial() == waiting, "it is another version that came into force"
    history.begin(2, 1300)
    history.begin(2, 1350)  # once: a restart of what lives by it is none of the trial's
    begun = history.trial()
    assert begun is not None
    assert (begun.until_s, begun.confirm_s) == (1360, 0)
    history.confirm()
    history.begin(2, 1400)
    assert history.trial() is None


def test_a_trial_that_a_system_before_has_left_is_counted_as_it_did(box: Path) -> None:
    history, first = History(box), Candidate.of(box)
    history.commit(first.put(["name", "One"]).text, "wu", how=Trying(confirm_s=60, now_s=1000))
    left = b'{"version":2,"back_to":1,"until_s":1060.0,"good":null,"healthy_s":0.0}'
    (box.with_suffix(".versions") / "unconfirmed.json").write_bytes(left)
    history.begin(2, 1050)
    trial = history.trial()
    assert trial is not None
    assert trial.until_s == 1060


def test_a_confirmed_trial_stays(box: Path) -> None:
    history, first = History(box), Candidate.of(box)
    history.commit(first.put(["name", "One"]).text, "wu", how=Trying(confirm_s=120, now_s=1000))
    assert history.confirm() is not None
    assert history.back() is None
    assert Candidate.of(box).data["name"] == "One"


def test_a_torn_write_is_no_version(box: Path) -> None:
    history, first = History(box), Candidate.of(box)
    history.commit(first.put(["name", "One"]).text, "wu")
    (box.with_suffix(".versions") / "0003.yaml").write_text('# {"number":3,"at"')
    (box.with_suffix(".versions") / ".0004.yaml.new").write_text("half")
    assert [one.number for one in history.versions()] == [2, 1]
    assert history.commit(first.put(["name", "Two"]).text, "wu").number == 3


def test_only_a_file_that_can_be_read_is_a_candidate(box: Path) -> None:
    box.write_text("role: branch\nbox: [")
    with pytest.raises(ConfigurationError):
        Candidate.of(box)
