# SPDX-License-Identifier: GPL-2.0-only
"""What a robot does on the telephone, as data: a script of steps, and what a called robot answers.

Every wait has its longest time; a robot that waits in vain clears with cause 16 and says so in its result. A script
that ends without HangUp or AwaitRelease hangs up by itself.
"""

import msgspec


class AwaitAnswer(msgspec.Struct, frozen=True):
    """Wait until the called party answers."""

    within_s: float = 10.0


class AwaitSound(msgspec.Struct, frozen=True):
    """Wait until something is heard: `loud_ms` of sound above −40 dBm0, from the moment this step begins."""

    within_s: float = 10.0
    loud_ms: int = 60


class AwaitQuiet(msgspec.Struct, frozen=True):
    """Wait until nothing has been heard for `quiet_ms`: the end of a prompt."""

    within_s: float = 30.0
    quiet_ms: int = 700


class AwaitCue(msgspec.Struct, frozen=True):
    """Wait until the test says `Call.cue()`."""

    within_s: float = 30.0


class Key(msgspec.Struct, frozen=True):
    """Press digits: DTMF as A-law sound (E.180, Q.23). `level_dbm0` of the high tone."""

    digits: str
    on_ms: int = 80
    off_ms: int = 80
    level_dbm0: float = -8.0


class Talk(msgspec.Struct, frozen=True):
    """Say sounds one after the other, `repeat` times. A sound is a WAV file's path, 8 kHz 16-bit mono."""

    sounds: tuple[str, ...]
    repeat: int = 1


class Rest(msgspec.Struct, frozen=True):
    """Stay on the line and say nothing."""

    seconds: float


class HangUp(msgspec.Struct, frozen=True):
    """Clear with this Q.850 cause."""

    cause: int = 16


class AwaitRelease(msgspec.Struct, frozen=True):
    """Wait until the other side clears."""

    within_s: float = 60.0


Step = AwaitAnswer | AwaitSound | AwaitQuiet | AwaitCue | Key | Talk | Rest | HangUp | AwaitRelease


class Script(msgspec.Struct, frozen=True):
    """A robot's steps. `record`: keep what it hears, octet for octet."""

    steps: tuple[Step, ...]
    record: bool = False


class Answerer(msgspec.Struct, frozen=True):
    """A called robot: rings after `alert_s`, answers `answer_s` later (None: never) or refuses with a cause."""

    script: Script = Script((AwaitRelease(),))
    alert_s: float = 0.0
    answer_s: float | None = 0.1
    refuse: int | None = None
    """Q.850 cause, said instead of ringing: 17 busy, 1 unallocated, 21 rejected."""


def card_caller(digits: str, sounds: tuple[str, ...], talk_s: float) -> Script:
    """The demo's customer: waits for the prompt, keys, talks for `talk_s`, and hangs up."""
    return Script(
        (
            AwaitAnswer(within_s=20),
            AwaitSound(within_s=10),
            Rest(0.5),
            Key(digits),
            Rest(talk_s / 4),
            Talk(sounds),
            Rest(talk_s / 4),
            HangUp(),
        )
    )


BUSY = Answerer(refuse=17)
NO_ANSWER = Answerer(answer_s=None)
