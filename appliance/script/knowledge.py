# SPDX-License-Identifier: GPL-2.0-only
"""What a walk knows of its contact: its fields, and what expressions give. All that is looked at is noted."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from appliance.config import clock
from appliance.script import context, expression, moments, switch
from appliance.script.expression import Expression, Value
from appliance.script.nodes import Script, Switch
from appliance.script.witness import HIDDEN, Witness


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What a script can know; `at_ns` is UTC when the request was made.

    `because`: a sentence on the outcome. `queue` gives a figure (expression.FIGURES) of a queue, None where nobody can
    tell; `fields` the contact brings. `stands`: it goes through its nodes while it stands in queues.
    """

    dnis: str
    clid: str = ""
    ani: str = ""
    ced: str = ""
    outcome: str = "offered"
    because: str = ""
    at_ns: int = 0
    queue: Callable[[str, str], int | None] = lambda _figure, _name: None
    stands: bool = False
    fields: Mapping[str, Value] = {}


class Knowledge:
    """Of one request's contact, in the script that it is in; `read` gives it one, before anything is asked.

    `values` is all that was looked at, `fields` the context as it is now, `kept` what scripts have there that wait for
    this one, `failures` what went wrong on the way; `ced_is_secret` where the digits that it dialled last are.
    """

    def __init__(self, contact: Contact, *, ced_is_secret: bool) -> None:
        self.values: dict[str, str] = {}
        self.fields: dict[str, Value] = dict(contact.fields)
        self.kept: dict[str, Value] = {}
        self.failures: list[str] = []
        self.contact = contact
        self.witness = Witness(self.values)
        self.ced_is_secret = ced_is_secret

    def read(self, script: Script, *, keep: bool = False) -> None:
        """From now on it is in this script; `keep`: fields that it does not declare are others'."""
        self._script = script
        self._text = text = script.text
        before = self.whole
        self.fields = context.taken(text.context, before)
        self.kept = {name: value for name, value in before.items() if name not in self.fields} if keep else {}
        self.guard()

    @property
    def whole(self) -> dict[str, Value]:
        """All fields, whosever."""
        return {**self.kept, **self.fields} if self.kept else self.fields

    def has_room(self, script: Script) -> bool:
        """Whether that script's fields go beside those that there are."""
        return len(context.encoded({**self.whole, **context.taken(script.text.context, self.whole)})) <= context.LIMIT

    def guard(self) -> None:
        """What is secret now."""
        declared = self._text.context
        secrets = {name: self.fields[name] for name, field in declared.items() if field.secret} if declared else {}
        if self.ced_is_secret:
            secrets["ced"] = self.contact.ced
        self.witness.guard(secrets)

    def is_secret(self, field: str | None) -> bool:
        """Whether that field is."""
        return field is not None and self._text.context[field].secret

    def turned(self, node: Switch) -> tuple[str, str | None]:
        """What a switch compares, and the target of the case that fits."""
        by_clock = moments.turned(node, self._script, self.contact.at_ns)
        if by_clock is not None:
            return by_clock
        value: str = getattr(self.contact, node.on.value)
        return value, switch.chosen(node.cases, value)

    def taken(self, field: str, column: str, answer: Mapping[str, str]) -> Value:
        """The column of what a source has answered, as that field's kind. Raises ValueError."""
        if column not in answer:
            raise ValueError(f"the answer has no {column}")
        return context.read(self._text.context[field], answer[column])

    def write(self, name: str, values: Mapping[str, Value]) -> bool:
        """All of them at that node, or none where the context would be too long."""
        after = {**self.fields, **values}
        if (octets := len(context.encoded({**self.kept, **after}))) > context.LIMIT:
            sentence = f"the context would have {octets:,} octets at {name}, {context.LIMIT:,} at most"
            self.failures.append(sentence)
            self.values[name] = f"failed, {sentence}"
            return False
        self.fields = after
        self.guard()
        told = (
            f"{field} = {HIDDEN if self.is_secret(field) else context.shown(value)}" for field, value in values.items()
        )
        self.witness.note(name, ", ".join(told))
        return True

    def expression(self, text: str) -> Expression:
        """That text, read."""
        return expression.parse(text, context.names(self._text.context))

    def value(self, node: str, asked: Expression, *, told: bool = False) -> Value | None:
        """None, and why is noted, where it has none, or is secret and would be `told`."""
        try:
            value = asked.value(_World(self.contact, self._script, self.fields, self.witness))
        except ValueError as error:
            self.witness.judge(node, asked, "failed", str(error))
            return None
        if told and self.witness.is_secret(asked):
            self.witness.note(node, f"{HIDDEN}: failed, a secret would be told")
            return None
        return value

    def wait_s(self, name: str, at: str) -> int | None:
        """Until the time of day that the expression `at` gives is next; None where it is none."""
        if not at:
            return 0
        told = self.value(name, self.expression(at), told=True)
        if told is None:
            return None
        try:
            return clock.seconds_until(str(told), self.contact.at_ns, self._text.zone)
        except ValueError as error:
            self.witness.note(name, f"failed, {error}")
            return None


class _World:
    """What an expression sees; it is noted."""

    def __init__(self, contact: Contact, script: Script, fields: Mapping[str, Value], witness: Witness) -> None:
        self._contact = contact
        self._script = script
        self._fields = fields
        self._witness = witness

    def name(self, name: str) -> Value:
        match name:
            case "time":
                value: Value = self._now().strftime("%H:%M")
            case "date":
                value = self._now().date().isoformat()
            case "weekday":
                value = Decimal(self._now().isoweekday())
            case _:
                value = self._fields[name] if name in self._fields else getattr(self._contact, name)
        self._witness.note(name, context.shown(value))
        return value

    def queue(self, figure: str, name: str) -> int | None:
        count = self._contact.queue(figure, name)
        self._witness.note(f"{figure}({name})", "unknown" if count is None else str(count))
        return count

    def holiday(self, calendar: str) -> bool:
        found = moments.name_of(self._script.calendar(calendar), self._contact.at_ns) is not None
        self._witness.note(f"holiday({calendar})", context.shown(found))
        return found

    def _now(self) -> dt.datetime:
        return clock.local(self._contact.at_ns, self._script.text.zone)
