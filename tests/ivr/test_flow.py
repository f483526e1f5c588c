# SPDX-License-Identifier: GPL-2.0-only
"""Treatments: the table's stories, and prompts by name."""

from pathlib import Path

import pytest

from appliance.ivr import flow as f
from appliance.ivr.message import Message
from appliance.ivr.prompts import PromptFolders, UnknownPromptError
from appliance.wire.treatments import Collect, Music, Play, Ringing, Verb, Voicemail

pytestmark = pytest.mark.unit

MENU = Collect(("menu",), max_digits=1, tries=2)


def run(verbs: tuple[Verb, ...], *events: f.Event, first: int = 0) -> tuple[f.Flow, list[f.Action]]:
    state, actions = f.begin(verbs, first)
    done = list(actions)
    for event in events:
        state, actions = f.step(state, event)
        done += actions
    return state, done


def test_prompts_then_digits() -> None:
    state, done = run((Play(("hello",)), MENU), f.PlayOver(), f.DigitsIn("3"))
    assert done == [
        f.SayStep(0),
        f.PlayPrompts(("hello",), barge=True),
        f.SayStep(1),
        f.CollectDigits(MENU),
        f.End("done", "3"),
    ]
    assert state.phase is f.Phase.ENDED


def test_caller_who_dials_nothing_is_asked_again_and_then_given_up() -> None:
    _, done = run((MENU,), f.DigitsIn(""), f.DigitsIn(""))
    assert done == [f.SayStep(0), f.CollectDigits(MENU), f.CollectDigits(MENU), f.End("no-digits")]


def test_end_of_the_collects_own_prompt_does_not_end_it() -> None:
    state, _ = run((MENU,), f.PlayOver())
    assert state.phase is f.Phase.COLLECTING


def test_resumed_treatment_begins_at_its_verb() -> None:
    _, done = run((Play(("hello",)), MENU), first=1)
    assert done[0] == f.SayStep(1)


def test_music_ends_by_its_time_and_is_silenced_before_the_next_verb() -> None:
    _, done = run((Music(("moh",), seconds=30), Play(("sorry",))), f.TimeUp())
    assert done[3:] == [f.Quiet(), f.SayStep(1), f.PlayPrompts(("sorry",), barge=True)]


def test_the_ringing_tone_lasts_its_time() -> None:
    _, done = run((Ringing(6), Play(("sorry",))), f.TimeUp())
    assert done == [
        f.SayStep(0),
        f.GiveRingingTone(),
        f.StartTimer(6),
        f.Quiet(),
        f.SayStep(1),
        f.PlayPrompts(("sorry",), barge=True),
    ]


@pytest.mark.parametrize("verb", [Play(("hello",)), MENU, Music(("moh",)), Ringing(6)])
@pytest.mark.parametrize(("event", "reason"), [(f.PortClosed(), "closed"), (f.Stopped(), "stopped")])
def test_closed_port_or_a_stop_ends_it(verb: Verb, event: f.Event, reason: str) -> None:
    state, done = run((verb, MENU), event)
    assert done[-1] == f.End(reason)
    with pytest.raises(f.NoTransitionError):
        f.step(state, f.PlayOver())


def test_prompt_of_the_language_comes_before_the_general_one(tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    for path in (tmp_path / "zh" / "hello.wav", tmp_path / "hello.wav", tmp_path / "only.wav"):
        path.write_bytes(b"")
    folders = PromptFolders((tmp_path,))
    assert folders.find("hello", "zh") == tmp_path / "zh" / "hello.wav"
    assert folders.find("only", "zh") == tmp_path / "only.wav"


def test_unknown_prompt_names_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "welcome.wav").write_bytes(b"")
    with pytest.raises(UnknownPromptError, match=r"welcom is not in .* is welcome meant"):
        PromptFolders((tmp_path,)).find("welcom", "en")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../b", "", "a\nb", "a.wav"])
def test_prompt_name_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownPromptError, match="is no name"):
        PromptFolders((tmp_path,)).find(name, "en")


def test_a_message_begins_after_its_beep_and_ends_the_treatment_with_what_became_of_it() -> None:
    verbs = (Play(("away",)), Play(("beep",), barge=False), Voicemail("card"))
    state, done = run(verbs, f.PlayOver(), f.PlayOver(), f.MessageOver("recorded"))
    assert done[4:] == [f.SayStep(2), f.TakeMessage(Voicemail("card")), f.Quiet(), f.End("recorded")]
    assert state.phase is f.Phase.ENDED


@pytest.mark.parametrize(
    ("since", "spoken_s", "at_s", "over", "reason"),
    [
        (None, (), 4.9, False, "silent"),
        (None, (), 5.0, True, "silent"),
        (None, (4.0,), 8.9, False, "recorded"),
        (None, (4.0,), 9.0, True, "recorded"),
        (None, tuple(range(30)), 30.0, True, "recorded"),
        (-25 * 8000, (4.0,), 5.0, True, "recorded"),  # begun by a former life
    ],
)
def test_a_message_is_over_after_silence_or_its_longest_time(
    since: int | None, spoken_s: tuple[float, ...], at_s: float, *, over: bool, reason: str
) -> None:
    message = Message(Voicemail("card", longest_s=30, silence_s=5), since, 0)
    for second in spoken_s:
        assert not message.hear(round(second * 8000), speaks=True)
    assert message.hear(round(at_s * 8000), speaks=False) == over
    assert message.reason == reason
