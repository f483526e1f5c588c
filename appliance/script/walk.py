# SPDX-License-Identifier: GPL-2.0-only
"""Walks one contact through a script, up to the next thing that somebody must do.

Pure: (script, cursor, contact) gives a stop, the path and the values compared. Prompts that follow one another become
one treatment. A contact that has passed `limit` nodes is released with cause 41, so no loop is endless.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from appliance.script import context, treating, turning
from appliance.script import cursor as cursors
from appliance.script.expression import Value
from appliance.script.knowledge import Contact, Knowledge
from appliance.script.nodes import (
    Agent,
    Busy,
    CallType,
    Cancel,
    Collect,
    Count,
    Distribute,
    GoToScript,
    If,
    Label,
    Language,
    Lookup,
    Menu,
    Outbound,
    Percent,
    Play,
    Priority,
    Queue,
    Record,
    Release,
    Requalify,
    Return,
    Ringing,
    Run,
    Script,
    Set,
    Switch,
    Treatment,
    Voicemail,
    Wait,
)
from appliance.script.stops import CallBack, Look, Ring, Stop
from appliance.wire import routes, treatments

USER_BUSY = 17  # Q.850
LOOP_CAUSE = 41  # Q.850: temporary failure
LABEL_LONGEST = 128
DIGITS = "digits"  # the outcome that brings them
RECORDED = "recorded"  # a message
FAILED = "failed"  # a treatment
_NOWHERE = cursors.Cursor("", "", "")
NOT_TAKEN = frozenset({"no-answer", "busy", "unreachable", "agent-gone"})
"""Outcomes of an agent's phone; a treatment that it has cut off begins anew."""


class Walk:
    """One request's way. `go_on` gives the stop.

    From a Queue or a Ring that found nobody, a Priority, a Cancel, a Percent and a Distribute `go_to` gives the next
    one, from a GoToScript or a Requalify `enter`, from a Run `run`, from a Return `back`, from a Look `found` or
    `lost`, in a later walk too, which `carry` tells the way, from a CallBack `go_to` or `refuse`. `callback` is what
    the contact has given its place to.
    """

    def __init__(self, script: Script, cursor: str, contact: Contact) -> None:
        self.path: list[str] = []
        self.reason = ""
        self.callback = ""
        self._verbs: list[treatments.Verb] = []
        self._counts: dict[str, int] = {}
        before = cursors.read(cursor) or _NOWHERE
        self._known = Knowledge(contact, ced_is_secret=before.secret)
        self._passed, self._language = before.passed, before.language
        self._record = before.record
        self._stood = ""
        goes_on = before.script == script.name and before.node in script.text.nodes
        self._frames = before.frames if goes_on else ()
        self._begin(script, before.call_type)
        if goes_on:
            self._counts = dict(before.counts)
            self._node = self._resumed(before.node)
            self._stood = before.node

    @property
    def values(self) -> dict[str, str]:
        """All that was looked at."""
        return self._known.values

    @property
    def fields(self) -> dict[str, Value]:
        """The context as it is now, with what scripts have there that wait for this one."""
        return self._known.whole

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
                self._known.ced_is_secret,
                self.call_type,
                self._record,
                self._frames,
            )
        )

    @property
    def record(self) -> bool | None:
        """Whether the contact is to be recorded, where it has been said on the way."""
        return self._record

    @property
    def language(self) -> str:
        """Of its prompts."""
        return self._language or self.script.text.language

    @property
    def ced_is_secret(self) -> bool:
        """Whether the digits that it dialled last are."""
        return self._known.ced_is_secret

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
            outer = next((place for place, one in enumerate(self._frames) if one.script == script.name), None)
            counts = {} if outer is None else dict(self._frames[outer].counts)
            self._frames = self._frames if outer is None else self._frames[:outer]
            self._begin(script, self.call_type)
            self._counts = counts
        node = self._nodes.get(queue)
        return self.go_to(node.otherwise) if isinstance(node, Queue) else self.go_on()

    def sees(self, queue: Callable[[str, str], int | None]) -> None:
        """From now on queues are so."""
        self._known.contact = msgspec.structs.replace(self._known.contact, queue=queue)

    def enter(self, script: Script, call_type: str = "") -> Stop:
        """From a stop that names another script, or a call type with that script, to its start, and on.

        Fields that both declare with the same kind go along. As another call type it returns nowhere.
        """
        self._frames = () if call_type else self._frames
        self._begin(script, call_type or self.call_type)
        return self.go_on()

    def run(self, script: Script, stands: str) -> Stop:
        """From a Run through that script, or to `failed`; `stands`: where it stands in queues."""
        node = self._nodes[self._node]
        if not isinstance(node, Run):
            raise TypeError(f"{self._node} runs nothing")
        why = ""
        if len(self._frames) >= cursors.DEEPEST:
            why = f"{cursors.DEEPEST} scripts wait for one another, no more may"
        elif not self._known.has_room(script):
            why = f"the context would have more than {context.LIMIT:,} octets in script {script.name}"
        if why:
            self._known.failures.append(why)
            self._known.witness.note(self._node, f"failed, {why}")
            return self.go_to(node.failed)
        self._frames = (*self._frames, cursors.Frame(self.script.name, self._node, dict(self._counts), stands))
        return self.enter(script)

    @property
    def awaited(self) -> cursors.Frame | None:
        """The script that waits for this one."""
        return self._frames[-1] if self._frames else None

    def back(self, script: Script) -> Stop:
        """From a Return to the script that waits; one that has no such node any more begins anew."""
        told, frame = self._nodes[self._node], self._frames[-1]
        self._frames = self._frames[:-1]
        self._begin(script, self.call_type)
        node = self._nodes.get(frame.node)
        if frame.script != script.name or not isinstance(node, Run):
            return self.go_on()
        self._counts = dict(frame.counts)
        return self.go_to(node.failed if isinstance(told, Return) and told.failed else node.next)

    def carry(self, path: Sequence[str], values: Mapping[str, str], reason: str, callback: str = "") -> None:
        """An earlier walk has come here by this way."""
        self.path[:0] = path
        self.callback = callback
        self.values.update(values)
        self._known.guard()
        self._known.failures += [reason] if reason else []

    def found(self, answer: Mapping[str, str]) -> Stop:
        """From a Look whose source has answered, on."""
        name = self._node
        node = self._lookup(name)
        try:
            values = {field: self._known.taken(field, column, answer) for field, column in node.into.items()}
        except ValueError as error:
            return self.lost(str(error))
        return self.go_to(node.next if self._known.write(name, values) else node.failed)

    def lost(self, why: str) -> Stop:
        """From a Look whose source has no answer."""
        name = self._node
        self._known.witness.note(name, f"failed, {why}")
        return self.go_to(self._lookup(name).failed)

    def refuse(self, why: str) -> Stop:
        """From a CallBack that is not to be."""
        node = self._nodes[self._node]
        if not isinstance(node, Outbound):
            raise TypeError(f"{self._node} calls nobody back")
        self._known.witness.note(self._node, f"failed, {why}")
        self._known.failures.append(f"no callback: {why}")
        return self.go_to(node.failed)

    def _lookup(self, name: str) -> Lookup:
        node = self._nodes[name]
        if not isinstance(node, Lookup):
            raise TypeError(f"{name} looks nothing up")
        return node

    def announced(self, prompts: Iterable[str]) -> tuple[str, ...]:
        """What is played of them here, with what is said among them."""
        return treating.announced(self._node, prompts, self.language, self._known)[0]

    def because(self, sentence: str) -> None:
        """The reason, after what has failed on the way."""
        self.reason = "; ".join([*self._known.failures, sentence])

    def _begin(self, script: Script, call_type: str) -> None:
        self.script = script
        self.call_type = call_type  # what a node has made of the contact, else empty
        self._known.read(script, keep=bool(self._frames))
        self._nodes = script.text.nodes
        self._counts = {}
        self._node = script.text.start

    # From the cursor's node on.

    def _resumed(self, name: str) -> str:
        """After a treatment its `next`, or `failed`; a queue and an agent are entered again, and count as passed once.

        So is a treatment that an agent's phone has cut off.
        """
        node = self._nodes[name]
        if isinstance(node, Queue):
            self._passed -= bool(self._passed)
            return name
        if isinstance(node, Treatment) and self._known.contact.stands and self._known.contact.outcome in NOT_TAKEN:
            self._passed -= bool(self._passed)
            self._counts.pop(name, None)
            return name
        if isinstance(node, Treatment) and node.failed is not None and self._known.contact.outcome == FAILED:
            self._counts.pop(name, None)
            self._known.witness.note(name, "the treatment failed")
            return node.failed
        if isinstance(node, Collect | Menu) and self._known.contact.outcome == DIGITS:
            self._known.ced_is_secret = isinstance(node, Collect) and self._known.is_secret(node.into)
            self._known.guard()
        if isinstance(node, Menu):
            return self._pressed(name, node)
        if isinstance(node, Collect) and node.into is not None and self._known.contact.outcome == DIGITS:
            self._known.write(name, {node.into: self._known.contact.ced})
        if isinstance(node, Agent) and self._passed:
            self._passed -= 1
        if isinstance(node, Voicemail):
            return node.next if self._known.contact.outcome == RECORDED else node.failed
        if isinstance(node, Label):
            known = self._known.contact
            because = f" ({known.because})" if known.because else ""
            self._known.witness.note(name, f"the label led nowhere: {known.outcome}{because}")
            return node.otherwise
        return node.next if isinstance(node, Play | Collect | Wait | Ringing) else name

    def _pressed(self, name: str, node: Menu) -> str:
        digit = self._known.contact.ced if self._known.contact.outcome == DIGITS else ""
        asked = self._counts.get(name, 0)
        self._known.witness.note(name, f"{digit or 'nothing'}, try {asked} of {node.tries}")
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
            case Queue() | Priority() | Cancel() | Percent() | Distribute() | GoToScript() | Run() | Requalify():
                self.reason = "; ".join(self._known.failures)  # a queue most of all
                return node
            case Play() | Collect() | Menu() | Wait() | Ringing() | Voicemail():
                return self._treated(name, node)
            case Agent():
                return self._wanted(name, node)
            case Label():
                return self._labelled(name, node)
            case Lookup():
                return self._looked(name, node)
            case Outbound():
                return self._called_back(name, node)
            case Release() | Busy() | Return():
                return self._ended(name, node)
        self._node = self._turned(name, node)
        return None

    def _turned(self, name: str, node: Switch | If | Count | Set | Language | Record | CallType) -> str:
        match node:
            case Switch():
                return turning.switched(node, self._known)
            case If():
                return turning.asked(name, node, self._known)
            case Count():
                return self._counted(name, node)
            case Set():
                return turning.written(name, node, self._known)
            case Record():
                self._record = node.on
            case CallType():
                self.call_type = node.call_type
            case Language():
                self._language = node.language
        return node.next

    def _treated(self, name: str, node: Treatment) -> Stop | None:
        said = () if isinstance(node, Ringing) else node.prompts
        prompts, whole = treating.announced(name, said, self.language, self._known)
        if isinstance(node, Play) and not whole:
            self._node = node.failed or node.next
            return None
        self._verbs += self._verbs_of(name, node, prompts)
        follower = treating.follower(node)
        if follower is not None and follower not in self.path and treating.joins(node, self._nodes[follower]):
            self._node = follower
            return None
        self.because(f"script {self.script.name} treats the caller at {name}")
        return routes.Treat(verbs=tuple(self._verbs), language=self.language, answer=treating.answers(node))

    def _verbs_of(self, name: str, node: Treatment, prompts: tuple[str, ...]) -> tuple[treatments.Verb, ...]:
        secret = isinstance(node, Collect) and self._known.is_secret(node.into)
        verbs = treating.verbs(node, prompts, secret=secret)
        if not isinstance(node, Menu):
            return verbs
        asked = self._counts.get(name, 0)
        self._counts[name] = asked + 1
        if not asked or not node.wrong or self._known.contact.outcome != DIGITS:
            return verbs
        return (treatments.Play(prompts=self.announced(node.wrong)), *verbs)

    def _ended(self, name: str, node: Release | Busy | Return) -> Stop:
        """The caller is released, or the script is over for who has run it."""
        if isinstance(node, Return) and self._frames:
            self.reason = "; ".join(self._known.failures)
            return node
        if isinstance(node, Return):
            self.because(f"script {self.script.name} returns at {name}, and none has run it")
            return routes.Release(cause=LOOP_CAUSE)
        self.because(f"script {self.script.name} releases the caller at {name}")
        return routes.Release(cause=node.cause if isinstance(node, Release) else USER_BUSY)

    def _wanted(self, name: str, node: Agent) -> Stop | None:
        asked = self._known.expression(node.agent)
        agent = self._known.value(name, asked, told=True)
        if agent is None:
            self._node = node.otherwise
            return None
        self._known.witness.judge(name, asked, str(agent))
        self.reason = "; ".join(self._known.failures)
        return Ring(str(agent), node)

    def _labelled(self, name: str, node: Label) -> Stop | None:
        asked = self._known.expression(node.label)
        label = str(self._known.value(name, asked, told=True) or "")
        if not 0 < len(label) <= LABEL_LONGEST:
            self._known.failures.append(f"{name} gives no label")
            self._node = node.otherwise
            return None
        self._known.witness.judge(name, asked, label)
        shown = self._known.witness.shown(label)
        self.because(f"script {self.script.name} sends the caller to {shown} at {name}")
        return routes.Label(label=label, ring_s=node.ring_s)

    def _looked(self, name: str, node: Lookup) -> Stop | None:
        parameters = {}
        for parameter, text in node.ask.items():
            value = self._known.value(name, self._known.expression(text))
            if value is None:
                self._node = node.failed
                return None
            parameters[parameter] = context.shown(value)
        self.reason = "; ".join(self._known.failures)
        return Look(node.source, parameters)

    def _called_back(self, name: str, node: Outbound) -> Stop | None:
        asked = self._known.expression(node.number)
        number = self._known.value(name, asked, told=True)
        wait_s = self._known.wait_s(name, node.at)
        if number is None or wait_s is None:
            self._node = node.failed
            return None
        self._known.witness.judge(name, asked, str(number))
        self.reason = "; ".join(self._known.failures)
        return CallBack(str(number), wait_s, node)

    def _counted(self, name: str, node: Count) -> str:
        times = self._counts.get(name, 0)
        self.values[name] = f"{times} of {node.limit}"
        if times >= node.limit:
            return node.otherwise
        self._counts[name] = times + 1
        return node.next
