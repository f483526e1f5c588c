# SPDX-License-Identifier: GPL-2.0-only
"""Treatments: what call control asks the IVR to do to one port, verb by verb.

The IVR says where it stands (TreatmentStep), so that after either side's restart the same RunTreatment, sent again
with `first` at that verb, goes on there.
"""

import msgspec

from appliance.wire.message import Message


class Play(msgspec.Struct, frozen=True, tag="play", tag_field="verb"):
    """Play prompts, by name, one after another. `barge`: a digit ends it and is kept."""

    prompts: tuple[str, ...]
    barge: bool = True


class Collect(msgspec.Struct, frozen=True, tag="collect", tag_field="verb"):
    """Play `prompts` while waiting for digits; a digit ends them. Times in ms; `tries` repeats when none came.

    `secret`: the record has a star for each digit.
    """

    prompts: tuple[str, ...]
    max_digits: int = 1
    first_digit_ms: int = 5000
    inter_digit_ms: int = 3000
    terminators: str = "#"
    tries: int = 1
    secret: bool = False


class Music(msgspec.Struct, frozen=True, tag="music", tag_field="verb"):
    """Play prompts over and over for `seconds`, until stopped where None."""

    prompts: tuple[str, ...]
    seconds: int | None = None


class Ringing(msgspec.Struct, frozen=True, tag="ringing", tag_field="verb"):
    """The ringing tone for `seconds`."""

    seconds: int


class Voicemail(msgspec.Struct, frozen=True, tag="voicemail", tag_field="verb"):
    """Record a message for `mailbox`, until a terminator, `silence_s` without a word, or `longest_s`; the last verb.

    One that is shorter than `shortest_s` is none.
    """

    mailbox: str
    longest_s: int = 120
    silence_s: int = 5
    shortest_s: int = 3
    terminators: str = "#"


Verb = Play | Collect | Music | Ringing | Voicemail


class RunTreatment(Message, frozen=True):
    """Begin (or go on with) a treatment of `port` at verb number `first`.

    `recording`: the number of that of a Voicemail, which has begun at the engine's sample `since`, if it has.
    """

    treatment: str
    port: int
    verbs: tuple[Verb, ...]
    language: str = "en"
    first: int = 0
    recording: int = 0
    since: int | None = None


class StopTreatment(Message, frozen=True):
    """End it now; TreatmentEnded(reason="stopped") follows. Harmless where it has ended."""

    treatment: str


class TreatmentStep(Message, frozen=True):
    """Verb number `verb` has begun."""

    treatment: str
    verb: int


class TreatmentEnded(Message, frozen=True):
    """All verbs done (`done`), no digits after the last try (`no-digits`), `stopped`, or the port `closed` under it.

    Of a Voicemail `recorded`, `silent` where nobody spoke, or `failed` where it could not be recorded.
    """

    treatment: str
    reason: str
    digits: str = ""
    sentence: str = ""


class TreatmentSnapshot(Message, frozen=True):
    """The treatments running now, by id: the number of the verb each stands at."""

    running: dict[str, int] = msgspec.field(default_factory=dict)
