# SPDX-License-Identifier: GPL-2.0-only
"""What is counted of visits, by whom they were to and the five minutes in which they were offered.

The one rule: all that becomes of a contact is counted where it was **offered**, by the origin's UTC, however late its
answer, its abandonment or its talk. So each row is a closed cohort and the identity holds in each at any moment,

    offered = answered + abandoned_ivr + abandoned_queue + abandoned_ringing + short
              + overflow + redirected + callback + released + waiting,

no service level exceeds 100 %, and longer intervals are plain sums. Counting answers again where they happened would
give service levels of contacts that another row was offered; when somebody was talking is told by the agents' states.

`transferred`: of those that were answered, handed on by the agent who had them. What an agent did for the answered is
talk, hold (the caller waited while the agent consulted) and wrap-up; a phone's own hold is in the talk.
`short`: abandoned, wherever, under the short call threshold. `callback`: called back instead. The service level:
`level_offered` counts visits with a service level event, as Cisco has it: answered or abandoned (not short), or still
there when the threshold had passed; what overflowed, was redirected, called back or released before does not count.
`level_answered` and `level_abandoned` are those within the threshold.
"""

import operator
from typing import NamedTuple

import msgspec

BASE_NS = 300_000_000_000


class Figures(msgspec.Struct, frozen=True):
    """One row. Talk in samples (8,000 a second), other times in ms; the `longest_` are maxima, all else are sums."""

    offered: int = 0
    answered: int = 0
    abandoned_ivr: int = 0
    abandoned_queue: int = 0
    abandoned_ringing: int = 0
    short: int = 0
    overflow: int = 0
    redirected: int = 0
    callback: int = 0
    released: int = 0
    waiting: int = 0
    transferred: int = 0
    level_offered: int = 0
    level_answered: int = 0
    level_abandoned: int = 0
    answer_wait_ms: int = 0
    abandon_wait_ms: int = 0
    talk_samples: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    longest_answer_wait_ms: int = 0
    longest_abandon_wait_ms: int = 0
    longest_talk_samples: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        mine, others = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return Figures(*(join(a, b) for join, a, b in zip(_JOINS, mine, others, strict=True)))

    @property
    def abandoned(self) -> int:
        """Wherever, but for short calls."""
        return self.abandoned_ivr + self.abandoned_queue + self.abandoned_ringing

    @property
    def accounted(self) -> int:
        """The right side of the identity."""
        others = self.short + self.overflow + self.redirected + self.callback + self.released + self.waiting
        return self.answered + self.abandoned + others


FIELDS = Figures.__struct_fields__
MAXIMA = tuple(name for name in FIELDS if name.startswith("longest_"))
SUMS = tuple(name for name in FIELDS if name not in MAXIMA)
_JOINS = tuple(max if name in MAXIMA else operator.add for name in FIELDS)
NONE = Figures()


class Key(NamedTuple):
    """A row's."""

    kind: str
    name: str
    start_ns: int
