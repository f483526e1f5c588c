# SPDX-License-Identifier: GPL-2.0-only
"""Walks one contact through a script, up to the next thing that somebody must do.

Pure: (script, cursor, contact) gives a stop, the path and the values compared. Prompts that follow one another become
one treatment. A contact that has passed `limit` nodes is released with cause 41, so no loop is endless.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from appliance.script import cursor as cursors
from appliance.script import expression, switch
from appliance.script.nodes import Collect, Count, Field, If, Percent, Play, Queue, Release, Script, Switch, Text
from appliance.wire import routes, treatments

LOOP_CAUSE = 41  # Q.850: temporary failure


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What a script can know; `at_ns` is UTC when the request was made, `free` counts a skill group's free agents."""

    dnis: str
    clid: str = ""
    ani: str = ""
    ced: str = ""
    outcome: str = "offered"
    at_ns: int = 0
    free: Callable[[str], int] = lambda _: 0


Stop = routes.Treat | routes.Release | Queue | Percent


class Walk:
    """One request's way. `go_on` gives the stop; from a Queue that found nobody and a Percent `go_to` gives the next.

    `values` is all that was looked at.
    """

    def __init__(self, script: Script, cursor: str, contact: Contact) -> None:
        self.path: list[str] = []
        self.values: dict[str, str] = {}
        self.reason = ""
        self._script = script
        self._nodes = script.text.nodes
        self._contact = contact
        self._verbs: list[treatments.Verb] = []
        before = cursors.read(cursor)
        known = before is not None and before.node in script.text.nodes
        self._passed = before.passed if before else 0
        self._counts = dict(before.counts) if before else {}
        self._node = self._resumed(before.node) if before and known else script.text.start
        if before and before.node == self._node and self._passed:
            self._passed -= 1  # a queue, which is passed once however long it takes

    @property
    def cursor(self) -> str:
        """Where the contact stands now."""
        return cursors.write(cursors.Cursor(self._script.version, self._node, self._passed, self._counts))

    def go_on(self) -> Stop:
        """Up to the next treatment, queue or release."""
        while True:
            if self._passed >= self._script.text.limit:
                self.reason = f"the contact has passed {self._passed} nodes, the limit of script {self._script.name}"
                return routes.Release(cause=LOOP_CAUSE)
            stop = self._pass()
            if stop is not None:
                return stop

    def go_to(self, target: str) -> Stop:
        """From a stop that somebody has decided to that node, and on."""
        self._node = target
        return self.go_on()

    @property
    def node(self) -> str:
        """Where it stands."""
        return self._node

    def _resumed(self, name: str) -> str:
        """After a treatment its `next`; a queue is entered again, for the next agent."""
        node = self._nodes[name]
        return node.next if isinstance(node, Play | Collect) else name

    def _pass(self) -> Stop | None:
        """Pass one node; the stop where it is one."""
        name = self._node
        node = self._nodes[name]
        self._passed += 1
        self.path.append(name)
        if isinstance(node, Switch):
            self._node = self._switched(node)
        elif isinstance(node, Count):
            self._node = self._counted(name, node)
        elif isinstance(node, If):
            self._node = self._asked(name, node)
        elif isinstance(node, Queue | Percent):
            return node
        elif isinstance(node, Release):
            self.reason = f"script {self._script.name} releases the caller at {name}"
            return routes.Release(cause=node.cause)
        else:
            return self._treated(name, node)
        return None

    def _treated(self, name: str, node: Play | Collect) -> Stop | None:
        if isinstance(node, Play):
            self._verbs.append(treatments.Play(prompts=node.prompts, barge=node.barge))
            follower = self._nodes[node.next]
            if isinstance(follower, Play | Collect) and node.next not in self.path:
                self._node = node.next
                return None
        else:
            self._verbs.append(_collecting(node))
        self.reason = f"script {self._script.name} treats the caller at {name}"
        return routes.Treat(verbs=tuple(self._verbs), language=self._script.text.language)

    def _asked(self, name: str, node: If) -> str:
        try:
            yes = expression.parse(node.that).value(_World(self._contact, self._script.text, self.values))
        except ValueError as error:
            self.values[name] = f"{node.that}: failed, {error}"
            return node.failed or node.otherwise
        self.values[name] = f"{node.that}: {'yes' if yes else 'no'}"
        return node.then if yes else node.otherwise

    def _switched(self, node: Switch) -> str:
        value = self._value(node.on)
        self.values[node.on.value] = value
        find = switch.chosen_by_time if node.on is Field.TIME else switch.chosen
        return find(node.cases, value) or node.otherwise

    def _value(self, field: Field) -> str:
        if field is Field.TIME:
            return switch.clock_of(self._contact.at_ns, self._script.text.zone)
        value: str = getattr(self._contact, field.value)
        return value

    def _counted(self, name: str, node: Count) -> str:
        times = self._counts.get(name, 0)
        self.values[name] = f"{times} of {node.limit}"
        if times >= node.limit:
            return node.otherwise
        self._counts[name] = times + 1
        return node.next


class _World:
    """What an expression sees; it is noted in `values`."""

    def __init__(self, contact: Contact, text: Text, values: dict[str, str]) -> None:
        self._contact = contact
        self._text = text
        self._values = values
        self._now = switch.local(contact.at_ns, text.zone)

    def name(self, name: str) -> expression.Value:
        match name:
            case "time":
                value: expression.Value = self._now.strftime("%H:%M")
            case "date":
                value = self._now.date().isoformat()
            case "weekday":
                value = Decimal(self._now.isoweekday())
            case _:
                value = getattr(self._contact, name)
        self._values[name] = str(value)
        return value

    def free(self, skill_group: str) -> int:
        count = self._contact.free(skill_group)
        self._values[f"free({skill_group})"] = str(count)
        return count

    def holiday(self, calendar: str) -> bool:
        today = self._now.date()
        found = any(first <= today <= last for first, last in map(switch.days, self._text.calendars[calendar]))
        self._values[f"holiday({calendar})"] = "yes" if found else "no"
        return found


def _collecting(node: Collect) -> treatments.Collect:
    return treatments.Collect(
        prompts=node.prompts,
        max_digits=node.max_digits,
        first_digit_ms=node.first_digit_ms,
        inter_digit_ms=node.inter_digit_ms,
        terminators=node.terminators,
        tries=node.tries,
    )
