# SPDX-License-Identifier: GPL-2.0-only
"""A contact's own quantities, out of its recorded day, and those of all of them, for draws."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from appliance.router.events import RouteAsked
from appliance.router.replay.estimates import Survival, drawn, share
from appliance.router.replay.figures import BY_THEMSELVES, Fate
from appliance.router.replay.recording import Chain, Did, Recording, Told
from appliance.wire.calls import CallEvent, ContactEnded, LegBegan, LegConnected, LegEnded
from appliance.wire.routes import Release, RingAgent, Treat
from appliance.wire.treatments import Collect, Music, Play, Ringing, Voicemail

SECOND_NS = 1_000_000_000
PROMPT_NS = 4 * SECOND_NS  # of a prompt, where the day has no treatment of its kind
READY_NS = 60 * SECOND_NS  # back from not-ready, where nobody came back that day
TALK_NS = 180 * SECOND_NS  # where nobody talked

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Rung(msgspec.Struct, frozen=True):
    """How an agent took a ringing phone: the answer, or the outcome, came so long after it began."""

    answered: bool
    after_ns: int
    outcome: str = ""


class Treated(msgspec.Struct, frozen=True):
    """How a contact took a treatment."""

    treat: Treat
    lasted_ns: int
    outcome: str
    ced: str = ""


class Story(msgspec.Struct):
    """What is known of one contact. `hung_up`: the number of the step by which it was abandoned."""

    hung_up: int | None = None
    talk_ns: int | None = None
    treated: list[Treated] = []
    rung: dict[str, Rung] = {}
    labelled_ns: list[int] = []
    """From a label to the leg."""
    released_ns: list[int] = []
    """From the word to release to the end."""


def story(chain: Chain) -> Story:
    """Of the whole chain."""
    reader = _Reader()
    for number, step in enumerate(chain):
        if isinstance(step, Told):
            reader.told, reader.hang_up = step, None
        elif isinstance(step.event, RouteAsked):
            reader.asked(step)
        else:
            reader.called(number, step, step.event.event)
    return reader.story


class _Reader:
    def __init__(self) -> None:
        self.story = Story()
        self.told: Told | None = None
        self.hang_up: int | None = None
        self._rung: tuple[str, str, int] = ("", "", 0)
        self._talk: tuple[str, int] = ("", 0)

    def asked(self, did: Did) -> None:
        request = did.event.request  # type: ignore[union-attr]  # the caller has seen to it
        agent, leg, began_ns = self._rung
        if leg and leg != self._talk[0]:
            self.story.rung[agent] = Rung(answered=False, after_ns=did.at_ns - began_ns, outcome=request.outcome)
        self._rung = ("", "", 0)
        told = self.told
        if told is not None and isinstance(told.action, Treat) and not told.waits:
            ced = request.ced if request.outcome == "digits" else ""
            self.story.treated.append(Treated(told.action, did.at_ns - told.at_ns, request.outcome, ced))

    def called(self, number: int, did: Did, event: CallEvent) -> None:
        action = self.told.action if self.told is not None else None
        agent, leg, began_ns = self._rung
        match event:
            case LegBegan() if self.told is not None and isinstance(action, RingAgent) and event.token == action.token:
                self._rung = (action.agent, event.leg, did.at_ns)
                self.story.labelled_ns.append(did.at_ns - self.told.at_ns)
            case LegConnected():
                self._talk = (event.leg, did.at_ns)
                if event.leg == leg:
                    self.story.rung[agent] = Rung(answered=True, after_ns=did.at_ns - began_ns)
            case LegEnded() if event.leg == self._talk[0]:
                self.story.talk_ns = did.at_ns - self._talk[1]
            case LegEnded() if event.leg == leg:
                self.hang_up = number
            case ContactEnded():
                self._ended(number, did, event)

    def _ended(self, number: int, did: Did, event: ContactEnded) -> None:
        if self.told is not None and isinstance(self.told.action, Release):
            self.story.released_ns.append(did.at_ns - self.told.at_ns)
        elif event.by == BY_THEMSELVES and not self._talk[0]:
            self.story.hung_up = number if self.hang_up is None else self.hang_up


class Habits:
    """What contacts and agents do, where this one's own day does not say: first its like, then everybody."""

    def __init__(self, recording: Recording) -> None:
        self._talks: dict[str, list[int]] = defaultdict(list)
        self._rung: dict[str, list[Rung]] = defaultdict(list)
        self._treated: dict[tuple[str, bytes], list[Treated]] = defaultdict(list)
        self._labelled_ns: list[int] = []
        self._released_ns: list[int] = []
        fates = recording.count.fates
        for contact, chain in recording.chains.items():
            fate = fates.get(contact)
            self._learn(story(chain), fate.call_type if fate is not None else "")
        self._ready_ns = [lasted for lasted in recording.came_back.values() if lasted is not None]
        self._patience = _survivals(fates.values(), recording.to_ns)

    def _learn(self, one: Story, call_type: str) -> None:
        if one.talk_ns is not None:
            for kind in {call_type, ""}:
                self._talks[kind].append(one.talk_ns)
        for agent, rung in one.rung.items():
            for name in (agent, ""):
                self._rung[name].append(rung)
        for treated in one.treated:
            for like in _likes(treated.treat, call_type):
                self._treated[like].append(treated)
        self._labelled_ns += one.labelled_ns
        self._released_ns += one.released_ns

    def talk_ns(self, contact: str, call_type: str) -> int:
        """How long it would talk."""
        found = _first(self._talks, (call_type, ""), contact, "talk")
        return TALK_NS if found is None else found

    def rung(self, contact: str, agent: str) -> Rung:
        """How that agent would take it."""
        return _first(self._rung, (agent, ""), contact, agent) or Rung(answered=True, after_ns=PROMPT_NS)

    def treated(self, contact: str, call_type: str, treat: Treat, number: int) -> Treated:
        """How it would take that treatment, its `number`th."""
        found = _first(self._treated, _likes(treat, call_type), contact, "treated", number)
        outcome = "recorded" if takes_message(treat) else "no-digits" if collects(treat) else "played"
        return found or Treated(treat, _lasted_ns(treat), outcome)

    def labelled_ns(self, contact: str, number: int) -> int:
        """From a label to the leg."""
        return drawn(self._labelled_ns, contact, "label", number) if self._labelled_ns else 0

    def released_ns(self, contact: str) -> int:
        """From the word to release to the end."""
        return drawn(self._released_ns, contact, "release") if self._released_ns else 0

    def ready_ns(self, agent: str, at_ns: int) -> int:
        """How long an agent stays not ready whose phone rang in vain."""
        return drawn(self._ready_ns, agent, "ready", at_ns) if self._ready_ns else READY_NS

    def patience_ns(self, contact: str, call_type: str, waited_ns: int) -> int | None:
        """Of one who has waited so long; None: longer than anybody's that was seen."""
        survival = self._patience.get(call_type) or self._patience[""]
        return survival.beyond(waited_ns, share(contact, "patience"))


def _survivals(fates: Iterable[Fate], to_ns: int) -> dict[str, Survival]:
    """By call type, where somebody has given up there, and of all."""
    waits: dict[str, list[tuple[int, bool]]] = {"": []}
    for fate in fates:
        end_ns = fate.answered_ns or fate.ended_ns or to_ns
        for like in {fate.call_type, ""}:
            waits.setdefault(like, []).append((end_ns - fate.came_ns, fate.abandoned))
    return {name: Survival(rows) for name, rows in waits.items()}


def _likes(treat: Treat, call_type: str) -> Sequence[tuple[str, bytes]]:
    """By what is played, of the call type and of all; then by whether digits are asked for."""
    verbs = msgspec.json.encode(treat.verbs)
    kind = b"voicemail" if takes_message(treat) else b"collect" if collects(treat) else b"play"
    return (call_type, verbs), ("*", verbs), (call_type, kind), ("*", kind)


def collects(treat: Treat) -> bool:
    """Whether it asks for digits."""
    return any(isinstance(verb, Collect) for verb in treat.verbs)


def takes_message(treat: Treat) -> bool:
    """Whether it ends in a voicemail."""
    return any(isinstance(verb, Voicemail) for verb in treat.verbs)


def music_ns(treat: Treat) -> int:
    """How long its music, or the ringing tone, lasts."""
    return sum(verb.seconds or 0 for verb in treat.verbs if isinstance(verb, Music | Ringing)) * SECOND_NS


def _lasted_ns(treat: Treat) -> int:
    prompts = sum(len(verb.prompts) for verb in treat.verbs if isinstance(verb, Play | Collect))
    silent_ms = sum(verb.first_digit_ms * verb.tries for verb in treat.verbs if isinstance(verb, Collect))
    return music_ns(treat) + prompts * PROMPT_NS + silent_ms * 1_000_000


def _first(pools: Mapping[K, Sequence[T]], likes: Iterable[K], *key: object) -> T | None:
    pool = next((found for like in likes if (found := pools.get(like))), None)
    return drawn(pool, *key) if pool else None
