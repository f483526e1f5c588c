# SPDX-License-Identifier: GPL-2.0-only
"""A script as it is held in memory: nodes of many kinds, joined by name, and the fields that travel with a contact.

A node names its successors in `next`, `otherwise`, `cases` and the like; loading has proved that each of them exists
and that each node can be reached, so whoever walks a script need not ask again.
"""

import enum
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config.calendars import Calendar
from appliance.config.schedule import ScriptName

Name = Annotated[str, Meta(pattern="[a-z][a-z0-9-]{0,31}")]
Prompts = Annotated[tuple[str, ...], Meta(min_length=1)]
Milliseconds = Annotated[int, Meta(ge=100, le=60_000)]
Tries = Annotated[int, Meta(ge=1, le=10)]
Urgency = Annotated[int, Meta(ge=1, le=10)]
RingSeconds = Annotated[int, Meta(ge=1, le=300)]
Digit = Annotated[str, Meta(pattern="[0-9*#A-D]")]
LanguageName = Annotated[str, Meta(pattern="[A-Za-z0-9_-]{1,16}")]
Mailbox = Annotated[str, Meta(pattern="[A-Za-z0-9._-]{1,32}")]
FieldName = Annotated[str, Meta(pattern="[a-z][a-z0-9_]{0,31}")]


class Field(enum.StrEnum):
    """What a switch can look at."""

    DNIS = "dnis"
    CLID = "clid"
    ANI = "ani"
    CED = "ced"
    OUTCOME = "outcome"
    TIME = "time"
    DAY = "day"
    DATE = "date"
    HOLIDAY = "holiday"


class Switch(msgspec.Struct, frozen=True, tag="switch", tag_field="do"):
    """Choose by one field: the exact case, else the longest case that ends in `*`, else `otherwise`.

    By the clock on the wall in the script's zone a case of `time` is a span, `09:00-18:00`, from the first minute up to
    but not including the last, of `day` `sat` or `mon..fri`, of `date` `2026-10-01`, `2026-10-01..2026-10-07` or, each
    year, `12-24..12-26`. No two hold the same; where together they hold all, `otherwise` may be left out.

    A case of `holiday` is a calendar, `national`, or one of its days by name, which goes before, `national/New Year`;
    of several that fit the first is taken. Today is that of the calendar's own zone.
    """

    on: Field
    cases: dict[str, Name]
    otherwise: Name | None = None


class Play(msgspec.Struct, frozen=True, tag="play", tag_field="do"):
    """Play prompts; a digit ends them if `barge`, and is kept for the next collect.

    Prompts of every node are names, or what is said: `number(position())`, see appliance/script/speech/forms.py. Where
    that has no value, nothing of a play is heard, and it goes on to `failed`, without the key to `next`; other nodes
    leave it out. With `answer: no` who is not answered yet hears it before the answer, which costs him nothing.

    Here and in every node that treats, `failed` is also where a treatment that failed (the outcome) goes on: a prompt
    that is not there, a branch that could not play. Prompts that go out with the node after them fail with that one.
    """

    prompts: Prompts
    next: Name
    barge: bool = True
    failed: Name | None = None
    answer: bool = True


class Collect(msgspec.Struct, frozen=True, tag="collect", tag_field="do"):
    """Play prompts and take digits; goes to `next` whether digits came or not, for a switch to tell.

    Digits that came go `into` a context field of kind text. Where they go into a secret one, also by a `set`, `ced` is
    secret until the next ones come. `failed` as of a play.
    """

    prompts: Prompts
    next: Name
    max_digits: Annotated[int, Meta(ge=1, le=64)] = 1
    first_digit_ms: Milliseconds = 5000
    inter_digit_ms: Milliseconds = 3000
    terminators: Annotated[str, Meta(pattern="[0-9*#A-D]*")] = "#"
    tries: Tries = 1
    into: FieldName | None = None
    failed: Name | None = None


class Menu(msgspec.Struct, frozen=True, tag="menu", tag_field="do"):
    """Play prompts, take one digit and go to its case. What is wrong or does not come is asked again, `tries` in all.

    After the last try `invalid`, or `nothing` where that one brought no digit. `wrong`: prompts after a wrong digit,
    before it is asked again. A try that failed ends them all where there is `failed`; else it is one without a digit.
    """

    prompts: Prompts
    cases: Annotated[dict[Digit, Name], Meta(min_length=1)]
    nothing: Name
    invalid: Name
    tries: Tries = 3
    wrong: tuple[str, ...] = ()
    first_digit_ms: Milliseconds = 5000
    failed: Name | None = None


class Wait(msgspec.Struct, frozen=True, tag="wait", tag_field="do"):
    """Play prompts over and over for `seconds`; digits are kept for the next collect.

    `answer` and `failed` as of a play.
    """

    prompts: Prompts
    seconds: Annotated[int, Meta(ge=1, le=3600)]
    next: Name
    answer: bool = True
    failed: Name | None = None


class Ringing(msgspec.Struct, frozen=True, tag="ring", tag_field="do"):
    """The ringing tone for `seconds`, before the answer for whoever is not answered yet. `failed` as of a play."""

    seconds: Annotated[int, Meta(ge=1, le=300)]
    next: Name
    failed: Name | None = None


class Voicemail(msgspec.Struct, frozen=True, tag="voicemail", tag_field="do"):
    """Play prompts and a `beep`, and record the caller's message for `mailbox`.

    It ends by one of `terminators`, when nobody has spoken for `silence_s`, after `longest_s`, or with the call. What
    is shorter than `shortest_s` or without a word is none: `failed`, which is also where it cannot be recorded.
    """

    mailbox: Mailbox
    prompts: Prompts
    next: Name
    failed: Name
    beep: str = "beep"
    longest_s: Annotated[int, Meta(ge=1, le=1800)] = 120
    silence_s: Annotated[int, Meta(ge=1, le=60)] = 5
    shortest_s: Annotated[int, Meta(ge=0, le=60)] = 3
    terminators: Annotated[str, Meta(pattern="[0-9*#A-D]*")] = "#"


class Language(msgspec.Struct, frozen=True, tag="language", tag_field="do"):
    """From now on prompts in this language, also in the scripts that follow."""

    language: LanguageName
    next: Name


class Record(msgspec.Struct, frozen=True, tag="record", tag_field="do"):
    """From now on the contact's talks are recorded, or not, whatever the node that rings says."""

    on: bool
    next: Name


class Set(msgspec.Struct, frozen=True, tag="set", tag_field="do"):
    """Write context fields, each by its expression over what was before: all of them, or none and `failed`.

    An expression has no value, or the context would be longer than context.LIMIT.
    """

    fields: Annotated[dict[FieldName, str], Meta(min_length=1)]
    next: Name
    failed: Name


class Lookup(msgspec.Struct, frozen=True, tag="lookup", tag_field="do"):
    """Ask a source that headquarters.yaml names under `lookups`, with an expression for each of its parameters.

    `into`: context fields, each with the column or member whose value it takes, `tier`, or in a member that is an
    object `customer.tier`: all of them, or none and `failed`, which is also where no answer, or none in time, leads. A
    secret is sent only where `ask` names it.
    """

    source: str
    into: Annotated[dict[FieldName, str], Meta(min_length=1)]
    next: Name
    failed: Name
    ask: dict[FieldName, str] = {}


class Select(enum.StrEnum):
    """Which of the agents who are free; the last says in which of several queues a contact waits: only the quickest."""

    LONGEST_AVAILABLE = "longest-available"
    LEAST_OCCUPIED = "least-occupied"
    NEXT = "next"
    MINIMUM_EXPECTED_DELAY = "minimum-expected-delay"


class Queue(msgspec.Struct, frozen=True, tag="queue", tag_field="do"):
    """Ring an agent of these queues, one after another, as `select` says; `otherwise` when none is left.

    A queue is a skill group or a precision queue; a contact stands in all of them at once, and prefers the first. With
    `hold`, prompts that are played over and over, a caller waits for an agent up to `wait_s` and has the first who is
    free: by `priority`, 1 goes before 10, then by age, which is that of the contact's first wait.

    With `next` instead it stands in them as long, and goes through other nodes meanwhile: whatever is played or asked
    ends when an agent is free. After an agent who did not take it, the node that was cut off begins anew.
    """

    queues: Annotated[tuple[str, ...], Meta(min_length=1)]
    otherwise: Name
    ring_s: RingSeconds = 20
    record: bool = True
    hold: tuple[str, ...] = ()
    wait_s: Annotated[int, Meta(ge=1, le=2_678_400)] = 600
    priority: Urgency = 5
    next: Name | None = None
    select: Select = Select.LONGEST_AVAILABLE


class Priority(msgspec.Struct, frozen=True, tag="priority", tag_field="do"):
    """How urgent the contact is from now on, in the queues in which it stands; 1 goes before 10."""

    priority: Urgency
    next: Name


class Cancel(msgspec.Struct, frozen=True, tag="cancel", tag_field="do"):
    """Out of all queues; its age is kept for the next one."""

    next: Name


DIAL_S = 40


class Outbound(msgspec.Struct, frozen=True, kw_only=True, tag="outbound", tag_field="do"):
    """Have a number called, and go on: an agent of `queues` is rung when one is free, then the customer's phone.

    `number` is an expression. Waits by `priority` and age, not before `at`, an expression for a time of day such as
    '18:30'; is tried up to `tries` times, `pause_s` between two, within `window_s`; each time the customer's phone
    rings for `dial_s`. `failed` where the number may not be called (`outbound` of headquarters.yaml), is called
    already, or has no value.
    """

    number: str
    queues: Annotated[tuple[str, ...], Meta(min_length=1)]
    next: Name
    failed: Name
    at: str = ""
    tries: Tries = 3
    pause_s: Annotated[int, Meta(ge=1, le=86_400)] = 300
    window_s: Annotated[int, Meta(ge=1, le=604_800)] = 7200
    ring_s: RingSeconds = 20
    dial_s: RingSeconds = DIAL_S
    record: bool = True
    priority: Annotated[int, Meta(ge=1, le=10)] = 5


class Callback(Outbound, frozen=True, kw_only=True, tag="callback", tag_field="do"):
    """Call the caller back instead of letting them wait: an Outbound with the place that the contact has in its queues.

    Who has not waited yet waits from now on. `next` thanks and releases the caller; a place is given away once.
    """

    number: str = "clid"


class Agent(msgspec.Struct, frozen=True, tag="agent", tag_field="do"):
    """Ring one agent, whose id the expression `agent` gives; `otherwise` if it is nobody's, or they cannot take it."""

    agent: str
    otherwise: Name
    ring_s: RingSeconds = 20
    record: bool = True


class Label(msgspec.Struct, frozen=True, tag="label", tag_field="do"):
    """Whoever has the contact takes it to a number or name, which the expression `label` gives; `otherwise` if not.

    A branch dials it (`outbound` of headquarters.yaml says what may be) and lets it ring for `ring_s`. Then `outcome`
    is busy, no-answer, congestion or unreachable.
    """

    label: str
    otherwise: Name
    ring_s: RingSeconds = DIAL_S


class Count(msgspec.Struct, frozen=True, tag="count", tag_field="do"):
    """Let a contact pass to `next` `limit` times, afterwards to `otherwise`: the end of a loop."""

    limit: Annotated[int, Meta(ge=1, le=100)]
    next: Name
    otherwise: Name


class If(msgspec.Struct, frozen=True, tag="if", tag_field="do"):
    """Choose by an expression that is yes or no; see appliance/script/expression.py.

    `failed` where it has no value, such as number(ced) of a caller who dialled nothing; without the key `otherwise`.
    """

    that: str
    then: Name
    otherwise: Name
    failed: Name | None = None


class Percent(msgspec.Struct, frozen=True, tag="percent", tag_field="do"):
    """Share contacts out over `shares`, node by percent, 100 together: exactly, each hundred alike, none at random."""

    shares: Annotated[dict[Name, Annotated[int, Meta(ge=1, le=100)]], Meta(min_length=2)]


class Distribute(msgspec.Struct, frozen=True, tag="distribute", tag_field="do"):
    """Share contacts out over nodes: by `weights`, or to that of the queue which has least to do.

    `weights`, node by whole number: of as many contacts as they are together each has its weight, exactly. `load`, node
    by queue: least work, which is who waits and agents who are not free, for each of its agents who are there; of those
    that have alike each in turn; `failed` where nobody is there in any of them.
    """

    weights: dict[Name, Annotated[int, Meta(ge=1, le=1000)]] = {}
    load: dict[Name, str] = {}
    failed: Name | None = None


class Release(msgspec.Struct, frozen=True, tag="release", tag_field="do"):
    """Release the caller with a Q.850 cause."""

    cause: Annotated[int, Meta(ge=1, le=127)] = 16


class Busy(msgspec.Struct, frozen=True, tag="busy", tag_field="do"):
    """Release the caller with cause 17; before the answer that is a controlled busy."""


class GoToScript(msgspec.Struct, frozen=True, tag="script", tag_field="do"):
    """Go on with another script, from its start."""

    script: ScriptName


class Run(msgspec.Struct, frozen=True, tag="run", tag_field="do"):
    """Go through another script from its start; its `return` leads to `next`, or to `failed` where it says so.

    Fields that both declare are one, the others wait here. Whoever is released or rung there is as anywhere. `failed`
    also where more than cursor.DEEPEST scripts would wait for one another, or their fields be longer than 16 KiB.
    """

    script: ScriptName
    next: Name
    failed: Name


class Return(msgspec.Struct, frozen=True, tag="return", tag_field="do"):
    """Back to the `run` that led here, out of all queues entered since; with `failed: yes` to its `failed`."""

    failed: bool = False


class CallType(msgspec.Struct, frozen=True, tag="call-type", tag_field="do"):
    """From now on it counts as a contact of that call type, and goes on in this script."""

    call_type: str
    next: Name


class Requalify(msgspec.Struct, frozen=True, tag="requalify", tag_field="do"):
    """Go on as a contact of another call type, with its script from the start."""

    call_type: str


Treatment = Play | Collect | Menu | Wait | Ringing | Voicemail
Node = (
    Switch
    | If
    | Percent
    | Distribute
    | Count
    | Set
    | Language
    | Record
    | Lookup
    | Treatment
    | Queue
    | Priority
    | Cancel
    | Callback
    | Outbound
    | Agent
    | Label
    | Release
    | Busy
    | GoToScript
    | Run
    | Return
    | CallType
    | Requalify
)


class Kind(enum.StrEnum):
    """Of a context field."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"


class ContextField(msgspec.Struct, frozen=True):
    """A value that travels with the contact. `default` until it is written: '' is an empty text, 0 or no.

    What is `secret` is shown nowhere, and goes into no field that is not.
    """

    kind: Kind
    secret: bool = False
    default: str = ""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A script's file. `limit`: nodes that one contact may pass; `zone`: IANA time zone; `language`: of prompts.

    `calendars`: days by name, 2026-10-01 or 2026-10-01..2026-10-07, for holiday(…). `context`: fields by name.
    """

    start: Name
    nodes: dict[Name, Node]
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 100
    zone: str = "UTC"
    language: LanguageName = "en"
    calendars: dict[Name, tuple[str, ...]] = {}
    context: dict[FieldName, ContextField] = {}


class Script(msgspec.Struct, frozen=True):
    """A script that has been checked; `version` is a hash of its file. `calendars`: those of all scripts."""

    name: str
    version: str
    text: Text
    calendars: Mapping[str, Calendar] = {}

    def calendar(self, name: str) -> Calendar:
        """One of its own, whose days have no names but the calendar's, else one of all scripts."""
        own = self.text.calendars.get(name)
        return self.calendars[name] if own is None else Calendar(name, dict.fromkeys(own, name), self.text.zone)
