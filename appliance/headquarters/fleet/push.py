# SPDX-License-Identifier: GPL-2.0-only
"""One push: its boxes, wave by wave, and the gate between two waves. Sans I/O; time is told.

A gate opens when every box of the waves so far that can be reached has confirmed, and nothing was amiss with them for
as long as the push says. It stays shut while nobody of a wave can be reached: that would prove nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from appliance.headquarters.fleet.states import (
    BOX,
    ENDED,
    FAILED,
    GIVES,
    OPEN,
    PUSH,
    UNDER_WAY,
    Course,
    Move,
    Stage,
    Turn,
)
from appliance.wire.fleet import BoxInPush, PushNow, PushWish, Step, WaveNow

LOST_S = 90.0
"""A box that has taken it and is silent for longer, a start of all of it included, counts as failed."""
SHOWN_LIMIT = 200


class WrongWavesError(ValueError):
    """Its text says how waves are written."""


class Health(msgspec.Struct, frozen=True):
    """Of a box: how long ago it was heard, and what is amiss there."""

    silent_s: float
    amiss: tuple[str, ...] = ()
    away: bool = False


UNHEARD = Health(float("inf"), away=True)


class Entry(msgspec.Struct):
    """A box in a push. `base`: what runs there, `after`: what shall; fingerprints. `amiss`: when it was ordered."""

    box: str
    wave: int
    base: str
    after: str
    stage: Stage = Stage.WAITING
    sentence: str = ""
    amiss: tuple[str, ...] = ()


class Terms(msgspec.Struct, frozen=True):
    """How a push goes; see StartPush."""

    healthy_s: float = 60.0
    drain_s: float = 300.0
    tolerate: int = 0
    force: bool = False


class Made(msgspec.Struct, frozen=True):
    """What a push is from its beginning. `number` counts from 1, `name` is for ever; `back_of`: what it takes back."""

    number: int
    name: str
    target: str
    author: str
    comment: str
    at_ns: int
    terms: Terms = Terms()
    back_of: int = 0
    origin: str = ""


class Push:
    """`dirty`: boxes whose entry has changed since it was last cleared."""

    def __init__(self, made: Made, entries: Iterable[Entry]) -> None:
        self.made = made
        self.entries = {one.box: one for one in entries}
        self.course, self.wave, self.reason = Course.RUNNING, 1, ""
        self.forgiven = 0
        """Failures that an administrator has gone on after."""
        self.dirty: set[str] = set()
        self._well_since: float | None = None

    @property
    def waves(self) -> int:
        """How many there are."""
        return max((one.wave for one in self.entries.values()), default=0)

    # What boxes say.

    def move(self, box: str, what: Move | Step, sentence: str = "") -> bool:
        """Whether it has changed anything."""
        entry = self.entries.get(box)
        stage = BOX[entry.stage].get(what) if entry else None
        if entry is None or stage is None or (stage, sentence) == (entry.stage, entry.sentence):
            return False
        entry.stage, entry.sentence = stage, sentence
        self.dirty.add(box)
        return True

    def wants(self, box: str) -> bool:
        """Whether it is that box's turn to be ordered, or ordered again."""
        entry = self.entries.get(box)
        return (
            entry is not None
            and self.course in GIVES
            and entry.wave <= self.wave
            and entry.stage in (Stage.WAITING, Stage.ORDERED)
        )

    def turn(self) -> Iterator[Entry]:
        """Whose turn it is and who were not ordered yet."""
        if self.course in GIVES:
            for one in self.entries.values():
                if one.stage is Stage.WAITING and one.wave <= self.wave:
                    yield one

    # The gate.

    def judge(self, now_s: float, health: Callable[[str], Health]) -> bool:
        """Stop it, open the next wave or end it, where that is due; whether the course or wave has changed."""
        if self.course is not Course.RUNNING:
            return False
        entries = [one for one in self.entries.values() if one.wave <= self.wave]
        failures = list(self._failures(entries, health))
        if len(failures) > self.made.terms.tolerate + self.forgiven:
            self._well_since = None
            self._turn(Turn.FAILED, f"{len(failures)} of wave {self.wave} and before: {failures[-1]}")
            return True
        if not self._all_in(entries, health):
            self._well_since = None
            return False
        if self._well_since is None:
            self._well_since = now_s
        return now_s - self._well_since >= self.made.terms.healthy_s and self._passed()

    def _failures(self, entries: Iterable[Entry], health: Callable[[str], Health]) -> Iterator[str]:
        for one in entries:
            if one.stage in FAILED:
                yield f"{one.box} {one.stage}: {one.sentence}" if one.sentence else f"{one.box} {one.stage}"
                continue
            if one.stage is not Stage.CONFIRMED and one.stage not in UNDER_WAY:
                continue
            now = health(one.box)
            if now.silent_s > LOST_S:
                yield f"{one.box} has taken it and is not heard of since"
            elif one.stage is Stage.CONFIRMED and one.wave == self.wave:
                worse = [name for name in now.amiss if name not in one.amiss and not name.startswith("phone ")]
                if worse:
                    yield f"{one.box} is worse than before: {', '.join(worse)}"

    def _all_in(self, entries: Iterable[Entry], health: Callable[[str], Health]) -> bool:
        """All that can be reached have confirmed, and somebody of this wave has."""
        proved = False
        for one in entries:
            if one.stage in UNDER_WAY or (one.stage in OPEN and not health(one.box).away):
                return False
            proved |= one.wave == self.wave and one.stage not in OPEN
        return proved

    def _passed(self) -> bool:
        self._well_since = None
        if self.wave < self.waves:
            self.wave += 1
        else:
            self._turn(Turn.PASSED, "")
        return True

    # What an administrator wants.

    def wish(self, wish: PushWish | Turn, reason: str) -> str:
        """Carried out; otherwise why it cannot be."""
        if wrong := self.refusal(wish):
            return wrong
        if wish is PushWish.GO_ON:
            self.forgiven = sum(1 for one in self.entries.values() if one.stage in FAILED)
            reason = ""
        self._turn(wish, reason)
        return ""

    def refusal(self, wish: PushWish | Turn) -> str:
        """Why it cannot be carried out now; empty where it can."""
        if wish in PUSH[self.course]:
            return ""
        can = ", ".join(one.value for one in PUSH[self.course] if isinstance(one, PushWish)) or "nothing"
        return f"push {self.made.number} is {self.course}; what can be done now: {can}"

    def leave(self, boxes: Iterable[str]) -> None:
        """A newer one is for them."""
        for box in boxes:
            self.move(box, Move.LEAVE)

    def _turn(self, what: PushWish | Turn, reason: str) -> None:
        self.course, self.reason = PUSH[self.course][what], reason
        if self.course in (Course.ABORTED, Course.TAKEN_BACK):
            self.leave(list(self.entries))

    @property
    def over(self) -> bool:
        """Whether a new one may begin."""
        return self.course in ENDED or self.course is Course.STOPPED

    def now(self, health: Callable[[str], Health]) -> PushNow:
        """For people."""
        counts: dict[int, dict[str, int]] = {}
        shown: list[BoxInPush] = []
        for one in self.entries.values():
            of_wave = counts.setdefault(one.wave, {})
            of_wave[one.stage.value] = of_wave.get(one.stage.value, 0) + 1
            if one.wave <= self.wave and one.stage is not Stage.CONFIRMED and len(shown) < SHOWN_LIMIT:
                shown.append(BoxInPush(one.box, one.wave, one.stage.value, one.sentence, health(one.box).away))
        waves = tuple(WaveNow(sum(counts[n].values()), counts[n]) for n in sorted(counts))
        return PushNow(
            number=self.made.number,
            target=self.made.target,
            author=self.made.author,
            comment=self.made.comment,
            at_ns=self.made.at_ns,
            course=self.course.value,
            wave=self.wave,
            waves=waves,
            reason=self.reason,
            back_of=self.made.back_of,
            boxes=tuple(shown),
        )


def in_waves(boxes: Sequence[str], waves: Sequence[str]) -> Mapping[str, int]:
    """The wave of each box, from 1. A wave is a number of boxes, a share of all ("10%"), or "all".

    Raises WrongWavesError.
    """
    found: dict[str, int] = {}
    first = number = 0
    for wave in waves:
        size = _size(wave, len(boxes))
        some = boxes[first : first + size]
        first += size
        if some:
            number += 1
            found.update(dict.fromkeys(some, number))
    if len(found) < len(boxes):
        raise WrongWavesError(f"{len(boxes) - len(found)} boxes are in no wave; let the last one be all")
    return found


def _size(wave: str, of: int) -> int:
    number = wave.removesuffix("%")
    if wave == "all":
        return of
    if not number.isdecimal() or int(number) == 0 or (wave.endswith("%") and int(number) > 100):
        raise WrongWavesError(f"wave {wave!r} is neither a number of boxes, a share such as 10%, nor all")
    return -(-of * int(number) // 100) if wave.endswith("%") else int(number)
