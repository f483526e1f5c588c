# SPDX-License-Identifier: GPL-2.0-only
"""Configurations from headquarters: what a box tells of its own, what it is given, and what an administrator asks.

A fingerprint is 16 hexadecimal digits of a configuration's text (`appliance.config.history`).
"""

import enum

import msgspec

from appliance.wire.message import Message


class Step(enum.StrEnum):
    """How far a box has come with what it was given."""

    KEPT = "kept"
    """A version of it is made; calls that it would end are waited for."""
    TRIAL = "trial"
    """In force, and judged."""
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    """It has mistakes, or cannot be kept: nothing has changed."""
    DRIFTED = "drifted"
    """Somebody has changed the box since, and nothing was forced: nothing has changed."""
    RETURNED = "returned"
    """It was worse than what was before, which is in force again."""


class WrappingKey(msgspec.Struct, frozen=True):
    """What secrets for a box are encrypted to: X25519, 32 octets, of one life of its uplink.

    `signature`: ECDSA with SHA-256 in DER (RFC 3279), by the key of the box's certificate, of `branchline secrets 1`,
    0, the box's name, 0, and the key.
    """

    key: bytes
    signature: bytes


class Wrapped(msgspec.Struct, frozen=True):
    """Secrets for one box and one push: `to` the box's key, `key` headquarters' for this once.

    `octets`: AES-256-GCM, nonce 0, with the box's name, 0 and the push's name as associated data; the key is
    HKDF-SHA-256 of X25519's output, without salt, with `branchline secrets 1`, 0, `key` and `to` as info. What is in it
    is a JSON object: the name of each file, as the configuration has it, and its one line.
    """

    to: bytes
    key: bytes
    octets: bytes


class ConfigurationReported(Message, frozen=True):
    """A box's word: what runs there, now and at each change.

    `version`, `author`, `comment`, `at` (ISO 8601, UTC), `origin` (the terminal at which it was made): of the running
    version; None, written by hand. `amiss`: what of the telephone service is not good. `push`: the last that it was
    given, `step` how far it has come, `waiting` calls that it waits for. `text`: what runs, where headquarters has
    asked for it. `wrapping`: of a box that has a certificate.
    """

    name: str
    software: str
    fingerprint: str
    version: int | None = None
    author: str = ""
    comment: str = ""
    at: str = ""
    origin: str = ""
    amiss: tuple[str, ...] = ()
    push: str = ""
    step: Step | None = None
    sentence: str = ""
    waiting: int = 0
    text: str | None = None
    wrapping: WrappingKey | None = None


class PushConfiguration(Message, frozen=True):
    """A configuration for one box. `push` names it for ever, `HQ-0001.12.1795469038391`: by whom, number, when in ms.

    `base`: what has to run there, or nothing is changed, unless `force`. It is on trial for `confirm_s`, and confirmed
    when nothing was worse than before for `healthy_s`; calls that it ends are waited for `drain_s`. `secrets`: those
    files that it names which headquarters keeps for this box.
    """

    push: str
    author: str
    comment: str
    base: str
    text: str
    force: bool = False
    drain_s: float = 300.0
    confirm_s: float = 600.0
    healthy_s: float = 10.0
    secrets: Wrapped | None = None


class ConfigurationHeard(Message, frozen=True):
    """Headquarters' answer to a report: whether it wants the text, and what the box shall have."""

    wants_text: bool = False
    order: PushConfiguration | None = None


class BoxNow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A box of the fleet. `heard_ns` 0: never; `away`: not heard of for a while.

    `pushed`: the fingerprint that it was last given and has confirmed; another that runs is `drift`, by `author`.
    """

    box: str
    name: str = ""
    group: str = ""
    software: str = ""
    version: int | None = None
    fingerprint: str = ""
    author: str = ""
    comment: str = ""
    at: str = ""
    heard_ns: int = 0
    away: bool = True
    amiss: tuple[str, ...] = ()
    pushed: str = ""
    drift: bool = False


class BoxesAsked(Message, frozen=True):
    """`target`: a group, a box, or all; `drift`: those that were changed at the box alone, with what was changed."""

    target: str = "all"
    drift: bool = False


class BoxChanged(msgspec.Struct, frozen=True):
    """Boxes with one and the same difference: `- set …` goes, `+ set …` comes."""

    boxes: tuple[str, ...]
    lines: tuple[str, ...]


class BoxesTold(Message, frozen=True):
    """`changed`: of drift, what was given against what runs."""

    boxes: tuple[BoxNow, ...]
    changed: tuple[BoxChanged, ...] = ()


class DiffAsked(Message, frozen=True):
    """What a push to `target` would change."""

    target: str


class DiffTold(Message, frozen=True):
    """`same`: how many boxes have it already; `unknown`: never told what runs there; `drifted`: need force."""

    same: int
    changed: tuple[BoxChanged, ...] = ()
    unknown: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()


class StartPush(Message, frozen=True):
    """Give `target` what its templates say, in `waves`: numbers of boxes, shares ("10%"), at last "all".

    A wave is passed when all of it that can be reached has confirmed and was well for `healthy_s`; more than `tolerate`
    failures stop the push. `by`, `origin`: who, and from which terminal.
    """

    target: str
    waves: tuple[str, ...] = ("1", "10%", "all")
    healthy_s: float = 60.0
    drain_s: float = 300.0
    tolerate: int = 0
    force: bool = False
    comment: str = ""
    by: str = ""
    origin: str = ""


class PushWish(enum.StrEnum):
    """What an administrator wants of a push."""

    STOP = "stop"
    GO_ON = "go-on"
    ABORT = "abort"
    BACK = "back"


class OrderPush(Message, frozen=True):
    """Of push `number`; 0: the newest."""

    wish: PushWish
    number: int = 0
    by: str = ""
    origin: str = ""


class PushAsked(Message, frozen=True):
    """How far push `number` has come; 0: the newest."""

    number: int = 0


class WaveNow(msgspec.Struct, frozen=True):
    """Boxes of a wave by how far they have come."""

    boxes: int
    stages: dict[str, int]


class BoxInPush(msgspec.Struct, frozen=True):
    """One that has not simply confirmed."""

    box: str
    wave: int
    stage: str
    sentence: str = ""
    away: bool = False


class PushNow(msgspec.Struct, frozen=True):
    """`course`: running, stopped, done, aborted, taken-back; `wave` counts from 1; `reason`: why it is not running."""

    number: int
    target: str
    author: str
    comment: str
    at_ns: int
    course: str
    wave: int
    waves: tuple[WaveNow, ...]
    reason: str = ""
    back_of: int = 0
    boxes: tuple[BoxInPush, ...] = ()


class PushTold(Message, frozen=True):
    """`now` None: there was never one."""

    now: PushNow | None = None


class AuditAsked(Message, frozen=True):
    """The last `count` entries, of `box` alone where it is given."""

    box: str = ""
    count: int = 50


class AuditEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who did what, when, from where; `lines`: what was changed by it, where both texts are known here."""

    at_ns: int
    by: str
    origin: str
    what: str
    box: str = ""
    push: int = 0
    sentence: str = ""
    before: str = ""
    after: str = ""
    lines: tuple[str, ...] = ()


class AuditTold(Message, frozen=True):
    """The newest first."""

    entries: tuple[AuditEntry, ...]
