# SPDX-License-Identifier: GPL-2.0-only
"""Walks one contact through a script, up to the next thing that somebody must do.

Pure: (script, cursor, contact) gives a stop, the path and the values compared. Prompts that follow one another become
one treatment. A contact that has passed `limit` nodes is released with cause 41, so no loop is endless.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from appliance.script import context, expression, switch
from appliance.script import cursor as cursors
from appliance.script.expression import Expression, Value
from appliance.script.nodes import (
    Agent,
    Busy,
    Cancel,
    Collect,
    Count,
    Field,
    GoToScript,
    If,
    Label,
    Language,
    Lookup,
    Menu,
    Node,
    Outbound,
    Percent,
    Play,
    Priority,
    Queue,
    Record,
    Release,
    Requalify,
    Ringing,
    Script,
    Set,
    Switch,
    Text,
    Treatment,
    Wait,
)
from appliance.script.speech.announcing import announced, speaks
from appliance.script.witness import HIDDEN, Witness
from appliance.wire import routes, treatments

USER_BUSY = 17  # Q.850
LOOP_CAUSE = 41  # Q.850: temporary failure
LABEL_LONGEST = 128
DIGITS = "digits"  # the outcome that brings them
NOT_TAKEN = frozenset({"no-answer", "busy", "unreachable", "agent-gone"})
"""Outcomes of an agent's phone; a treatment that it has cut off begins anew."""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What a script can know; `at_ns` is UTC when the request was made.

    `queue` gives a figure (expression.FIGURES) of a queue, None where nobody can tell; `fields` the contact brings.
    `stands`: it goes through its nodes while it stands in queues.
    """

    dnis: str
    clid: str = ""
    ani: str = ""
    ced: str = ""
    outcome: str = "offered"
    at_ns: int = 0
    queue: Callable[[str, str], int | None] = lambda _figure, _name: None
    stands: bool = False
    fields: Mapping[str, Value] = {}


class Ring(msgspec.Struct, frozen=True):
    """The stop of an `agent`: whom its expression names."""

    agent: str
    node: Agent


class Look(msgspec.Struct, frozen=True):
    """The stop of a `lookup`: what its source is asked with."""

    source: str
    parameters: Mapping[str, str]


class CallBack(msgspec.Struct, frozen=True):
    """The stop of a `callback` or an `outbound`: whom, and not before so many seconds have passed."""

    number: str
    wait_s: int
    node: Outbound


Onward = CallBack | Percent | Priority | Cancel | GoToScript | Requalify
Stop = routes.Treat | routes.Label | routes.Release | Queue | Ring | Look | Onward


class Walk:
    """One request's way. `go_on` gives the stop.

    From a Queue or a Ring that found nobody, a Priority, a Cancel and a Percent `go_to` gives the next one, from a
    GoToScript or a Requalify `enter`, from a Look `found` or `lost`, in a later walk too, which `carry` tells the way,
    from a CallBack `go_to` or `refuse`. `values` is all that was looked at, `fields` the context as it is now,
    `callback` what the contact has given its place to.
    """

    def __init__(self, script: Script, cursor: str, contact: Contact) -> None:
        self.path: list[str] = []
        self.values: dict[str, str] = {}
        self.fields: dict[str, Value] = dict(contact.fields)
        self.reason = ""
        self.callback = ""
        self._contact = contact
        self._witness = Witness(self.values)
        self._failures: list[str] = []
        self._verbs: list[treatments.Verb] = []
        self._counts: dict[str, int] = {}
        before = cursors.read(cursor) or cursors.Cursor("", "", "")
        self._passed, self._language, self._ced_is_secret = before.passed, before.language, before.secret
        self._record = before.record
        self._stood = ""
        self._begin(script, before.call_type)
        if before.script == script.name and before.node in self._nodes:
            self._counts = dict(before.counts)
            self._node = self._resumed(before.node)
            self._stood = before.node

    @property
    def cursor(self) -> str:
        """Where the contact stands now."""
        return cursors.write(
            cursors.Cursor(
                self.script.name,
                self.script.version,
                self._node,
                self._passed,
                self._counts,
                self._language,
                self._ced_is_secret,
                self.call_type,
                self._record,
            )
        )

    @property
    def language(self) -> str:
        """Of its prompts."""
        return self._language or self.script.text.language

    @property
    def again(self) -> bool:
        """It stands where it stood when the question was asked, and has passed nothing else since."""
        return self.path == [self._stood]

    @property
    def node(self) -> str:
        """Where it stands."""
        return self._node

    def go_on(self) -> Stop:
        """Up to the next treatment, release, or what the router decides."""
        while True:
            if self._passed >= self.script.text.limit:
                self.because(f"the contact has passed {self._passed} nodes, the limit of script {self.script.name}")
                return routes.Release(cause=LOOP_CAUSE)
            stop = self._pass()
            if stop is not None:
                return stop

    def go_to(self, target: str) -> Stop:
        """From a stop that somebody has decided to that node, and on."""
        self._node = target
        return self.go_on()

    def leave(self, script: Script, queue: str) -> Stop:
        """From a queue of that script, in which the contact has stood for as long as it may."""
        if script.name != self.script.name:
            self._begin(script, self.call_type)
        node = self._nodes.get(queue)
        return self.go_to(node.otherwise) if isinstance(node, Queue) else self.go_on()

    def sees(self, queue: Callable[[str, str], int | None]) -> None:
        """From now on queues are so."""
        self._contact = msgspec.structs.replace(self._contact, queue=queue)

    def enter(self, script: Script, call_type: str = "") -> Stop:
        """From a stop that names another script, or a call type with that script, to its start, and on.

        Fields that both declare with the same kind go along.
        """
        self._begin(script, call_type or self.call_type)
        return self.go_on()

    def carry(self, path: Sequence[str], values: Mapping[str, str], reason: str, callback: str = "") -> None:
        """An earlier walk has come here by this way."""
        self.path[:0] = path
        self.callback = callback
        self.values.update(values)
        self._guard()
        self._failures += [reason] if reason else []

    def found(self, answer: Mapping[str, str]) -> Stop:
        """From a Look whose source has answered, on."""
        name = self._node
        node = self._lookup(name)
        try:
            values = {field: self._taken(field, column, answer) for field, column in node.into.items()}
        except ValueError as error:
            return self.lost(str(error))
        return self.go_to(node.next if self._write(name, values) else node.failed)

    def lost(self, why: str) -> Stop:
        """From a Look whose source has no answer."""
        name = self._node
        self._witness.note(name, f"failed, {why}")
        return self.go_to(self._lookup(name).failed)

    def refuse(self, why: str) -> Stop:
        """From a CallBack that is not to be."""
        node = self._nodes[self._node]
        if not isinstance(node, Outbound):
            raise TypeError(f"{self._node} calls nobody back")
        self._witness.note(self._node, f"failed, {why}")
        self._failures.append(f"no callback: {why}")
        return self.go_to(node.failed)

    def _lookup(self, name: str) -> Lookup:
        node = self._nodes[name]
        if not isinstance(node, Lookup):
            raise TypeError(f"{name} looks nothing up")
        return node

    def _taken(self, field: str, column: str, answer: Mapping[str, str]) -> Value:
        if column not in answer:
            raise ValueError(f"the answer has no {column}")
        return context.read(self.script.text.context[field], answer[column])

    def announced(self, prompts: Iterable[str]) -> tuple[str, ...]:
        """What is played of them here, with what is said among them."""
        return self._announced(self._node, prompts)[0]

    def _announced(self, name: str, prompts: Iterable[str]) -> tuple[tuple[str, ...], bool]:
        return announced(
            prompts,
            self.language,
            lambda text: self._value(name, self._expression(text), told=True),
            lambda why: self._witness.note(name, f"failed, {why}"),
        )

    def because(self, sentence: str) -> None:
        """The reason, after what has failed on the way."""
        self.reason = "; ".join([*self._failures, sentence])

    def _begin(self, script: Script, call_type: str) -> None:
        self.script = script
        self.call_type = call_type  # what a requalify has made of the contact, else empty
        self.fields = context.taken(script.text.context, self.fields)
        self._nodes = script.text.nodes
        self._names = context.names(script.text.context)
        self._counts = {}
        self._node = script.text.start
        self._guard()

    def _guard(self) -> None:
        secrets = {name: self.fields[name] for name, field in self.script.text.context.items() if field.secret}
        self._witness.guard(secrets | ({"ced": self._contact.ced} if self._ced_is_secret else {}))

    # From the cursor's node on.

    def _resumed(self, name: str) -> str:
        """After a treatment its `next`; a queue and an agent are entered again, and count as passed once.

        So is a treatment that an agent's phone has cut off.
        """
        node = self._nodes[name]
        if isinstance(node, Treatment) and self._contact.stands and self._contact.outcome in NOT_TAKEN:
            self._passed -= bool(self._passed)
            self._counts.pop(name, None)
            return name
        if isinstance(node, Collect | Menu) and self._contact.outcome == DIGITS:
            self._ced_is_secret = isinstance(node, Collect) and self._is_secret(node.into)
            self._guard()
        if isinstance(node, Menu):
            return self._pressed(name, node)
        if isinstance(node, Collect) and node.into is not None and self._contact.outcome == DIGITS:
            self._write(name, {node.into: self._contact.ced})
        if isinstance(node, Queue | Agent) and self._passed:
            self._passed -= 1
        if isinstance(node, Label):
            self._witness.note(name, f"the label led nowhere: {self._contact.outcome}")
            return node.otherwise
        return node.next if isinstance(node, Play | Collect | Wait | Ringing) else name

    def _pressed(self, name: str, node: Menu) -> str:
        digit = self._contact.ced if self._contact.outcome == DIGITS else ""
        asked = self._counts.get(name, 0)
        self._witness.note(name, f"{digit or 'nothing'}, try {asked} of {node.tries}")
        if digit not in node.cases and asked < node.tries:
            return name
        self._counts.pop(name, None)
        return node.cases.get(digit, node.invalid if digit else node.nothing)

    # One node.

    def _pass(self) -> Stop | None:
        """Pass one node; the stop where it is one."""
        name = self._node
        node = self._nodes[name]
        self._passed += 1
        self.path.append(name)
        match node:
            case Play() | Collect() | Menu() | Wait() | Ringing():
                return self._treated(name, node)
            case Queue() | Priority() | Cancel() | Percent() | GoToScript() | Requalify():
                self.reason = "; ".join(self._failures)
                return node
            case Agent():
                return self._wanted(name, node)
            case Label():
                return self._labelled(name, node)
            case Lookup():
                return self._looked(name, node)
            case Outbound():
                return self._called_back(name, node)
            case Release() | Busy():
                return self._released(name, node.cause if isinstance(node, Release) else USER_BUSY)
        self._node = self._turned(name, node)
        return None

    def _turned(self, name: str, node: Switch | If | Count | Set | Language | Record) -> str:
        match node:
            case Switch():
                return self._switched(node)
            case If():
                return self._asked(name, node)
            case Count():
                return self._counted(name, node)
            case Set():
                return self._set(name, node)
            case Record():
                self._record = node.on
            case Language():
                self._language = node.language
        return node.next

    def _treated(self, name: str, node: Treatment) -> Stop | None:
        prompts, whole = self._announced(name, () if isinstance(node, Ringing) else node.prompts)
        if isinstance(node, Play) and not whole:
            self._node = node.failed or node.next
            return None
        self._verbs += self._verbs_of(name, node, prompts)
        if isinstance(node, Play | Wait | Ringing) and self._joins(node, self._nodes[node.next]):
            self._node = node.next
            return None
        self.because(f"script {self.script.name} treats the caller at {name}")
        return routes.Treat(verbs=tuple(self._verbs), language=self.language, answer=_answers(node))

    def _joins(self, node: Play | Wait | Ringing, follower: Node) -> bool:
        """Whether the next is of one treatment with it: what is said is so only when it is its turn."""
        if not isinstance(follower, Treatment) or node.next in self.path:
            return False
        return _answers(node) == _answers(follower) and not speaks(getattr(follower, "prompts", ()))

    def _verbs_of(self, name: str, node: Treatment, prompts: tuple[str, ...]) -> tuple[treatments.Verb, ...]:
        match node:
            case Play():
                return (treatments.Play(prompts=prompts, barge=node.barge),)
            case Ringing():
                return (treatments.Ringing(seconds=node.seconds),)
            case Wait():
                return (treatments.Music(prompts=prompts, seconds=node.seconds),)
            case Collect():
                return (_collecting(node, prompts, secret=self._is_secret(node.into)),)
        asked = self._counts.get(name, 0)
        self._counts[name] = asked + 1
        wrong = asked and node.wrong and self._contact.outcome == DIGITS
        sorry = (treatments.Play(prompts=self.announced(node.wrong)),) if wrong else ()
        ask = treatments.Collect(prompts=prompts, max_digits=1, first_digit_ms=node.first_digit_ms, terminators="")
        return (*sorry, ask)

    def _released(self, name: str, cause: int) -> Stop:
        self.because(f"script {self.script.name} releases the caller at {name}")
        return routes.Release(cause=cause)

    def _wanted(self, name: str, node: Agent) -> Stop | None:
        asked = self._expression(node.agent)
        agent = self._value(name, asked, told=True)
        if agent is None:
            self._node = node.otherwise
            return None
        self._witness.judge(name, asked, str(agent))
        self.reason = "; ".join(self._failures)
        return Ring(str(agent), node)

    def _labelled(self, name: str, node: Label) -> Stop | None:
        asked = self._expression(node.label)
        label = str(self._value(name, asked, told=True) or "")
        if not 0 < len(label) <= LABEL_LONGEST:
            self._failures.append(f"{name} gives no label")
            self._node = node.otherwise
            return None
        self._witness.judge(name, asked, label)
        self.because(f"script {self.script.name} sends the caller to {label} at {name}")
        return routes.Label(label=label)

    def _looked(self, name: str, node: Lookup) -> Stop | None:
        parameters = {}
        for parameter, text in node.ask.items():
            value = self._value(name, self._expression(text))
            if value is None:
                self._node = node.failed
                return None
            parameters[parameter] = context.shown(value)
        self.reason = "; ".join(self._failures)
        return Look(node.source, parameters)

    def _called_back(self, name: str, node: Outbound) -> Stop | None:
        asked = self._expression(node.number)
        number = self._value(name, asked, told=True)
        wait_s = self._wait_s(name, node.at)
        if number is None or wait_s is None:
            self._node = node.failed
            return None
        self._witness.judge(name, asked, str(number))
        self.reason = "; ".join(self._failures)
        return CallBack(str(number), wait_s, node)

    def _wait_s(self, name: str, at: str) -> int | None:
        """Until that time of day is next; None where it is none."""
        if not at:
            return 0
        told = self._value(name, self._expression(at), told=True)
        if told is None:
            return None
        try:
            return switch.seconds_until(str(told), self._contact.at_ns, self.script.text.zone)
        except ValueError as error:
            self._witness.note(name, f"failed, {error}")
            return None

    def _asked(self, name: str, node: If) -> str:
        asked = self._expression(node.that)
        yes = self._value(name, asked)
        if yes is None:
            return node.failed or node.otherwise
        self._witness.judge(name, asked, context.shown(yes))
        return node.then if yes else node.otherwise

    def _switched(self, node: Switch) -> str:
        value = self._field(node.on)
        self._witness.note(node.on.value, value)
        find = switch.chosen_by_time if node.on is Field.TIME else switch.chosen
        return find(node.cases, value) or node.otherwise

    def _field(self, field: Field) -> str:
        if field is Field.TIME:
            return switch.clock_of(self._contact.at_ns, self.script.text.zone)
        value: str = getattr(self._contact, field.value)
        return value

    def _counted(self, name: str, node: Count) -> str:
        times = self._counts.get(name, 0)
        self.values[name] = f"{times} of {node.limit}"
        if times >= node.limit:
            return node.otherwise
        self._counts[name] = times + 1
        return node.next

    # The context.

    def _set(self, name: str, node: Set) -> str:
        values: dict[str, Value] = {}
        for field, text in node.fields.items():
            asked = self._expression(text)
            value = self._value(name, asked, told=asked.kind is not bool and not self._is_secret(field))
            if value is None:
                return node.failed
            values[field] = value
            self._ced_is_secret |= self._is_secret(field) and "ced" in asked.names
        return node.next if self._write(name, values) else node.failed

    def _write(self, name: str, values: Mapping[str, Value]) -> bool:
        """All of them, or none where the context would be too long."""
        after = {**self.fields, **values}
        if (octets := len(context.encoded(after))) > context.LIMIT:
            sentence = f"the context would have {octets:,} octets at {name}, {context.LIMIT:,} at most"
            self._failures.append(sentence)
            self.values[name] = f"failed, {sentence}"
            return False
        self.fields = after
        self._guard()
        told = (
            f"{field} = {HIDDEN if self._is_secret(field) else context.shown(value)}" for field, value in values.items()
        )
        self._witness.note(name, ", ".join(told))
        return True

    def _is_secret(self, field: str | None) -> bool:
        return field is not None and self.script.text.context[field].secret

    # Expressions.

    def _expression(self, text: str) -> Expression:
        return expression.parse(text, self._names)

    def _value(self, node: str, asked: Expression, *, told: bool = False) -> Value | None:
        """None, and why is noted, where it has none, or is secret and would be `told`."""
        try:
            value = asked.value(_World(self._contact, self.script.text, self.fields, self._witness))
        except ValueError as error:
            self._witness.judge(node, asked, "failed", str(error))
            return None
        if told and self._witness.is_secret(asked):
            self._witness.note(node, f"{HIDDEN}: failed, a secret would be told")
            return None
        return value


class _World:
    """What an expression sees; it is noted."""

    def __init__(self, contact: Contact, text: Text, fields: Mapping[str, Value], witness: Witness) -> None:
        self._contact = contact
        self._text = text
        self._fields = fields
        self._witness = witness
        self._now = switch.local(contact.at_ns, text.zone)

    def name(self, name: str) -> Value:
        match name:
            case "time":
                value: Value = self._now.strftime("%H:%M")
            case "date":
                value = self._now.date().isoformat()
            case "weekday":
                value = Decimal(self._now.isoweekday())
            case _:
                value = self._fields[name] if name in self._fields else getattr(self._contact, name)
        self._witness.note(name, context.shown(value))
        return value

    def queue(self, figure: str, name: str) -> int | None:
        count = self._contact.queue(figure, name)
        self._witness.note(f"{figure}({name})", "unknown" if count is None else str(count))
        return count

    def holiday(self, calendar: str) -> bool:
        today = self._now.date()
        found = any(first <= today <= last for first, last in map(switch.days, self._text.calendars[calendar]))
        self._witness.note(f"holiday({calendar})", context.shown(found))
        return found


def _answers(node: Treatment) -> bool:
    """Whether it answers whoever is not answered yet; to take digits it has to."""
    return isinstance(node, Collect | Menu) or (isinstance(node, Play | Wait) and node.answer)


def _collecting(node: Collect, prompts: tuple[str, ...], *, secret: bool) -> treatments.Collect:
    return treatments.Collect(
        prompts=prompts,
        max_digits=node.max_digits,
        first_digit_ms=node.first_digit_ms,
        inter_digit_ms=node.inter_digit_ms,
        terminators=node.terminators,
        tries=node.tries,
        secret=secret,
    )
