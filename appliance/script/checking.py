# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a script whose form is right: unknown names, nodes out of reach, kinds, loops, secrets let out."""

from collections.abc import Callable, Collection, Iterator, Mapping

import msgspec

from appliance.config import Fault, Keys, clock
from appliance.config.calendars import Calendar
from appliance.config.lookups import Parameters
from appliance.config.scalars import suggestion
from appliance.script import context, expression, flow, timetables
from appliance.script.nodes import (
    Agent,
    CallType,
    Collect,
    ContextField,
    Distribute,
    GoToScript,
    If,
    Kind,
    Label,
    Lookup,
    Node,
    Outbound,
    Percent,
    Queue,
    Requalify,
    Return,
    Run,
    Set,
    Switch,
    Text,
)
from appliance.script.share import WHOLE
from appliance.script.speech import forms


class Around(msgspec.Struct, frozen=True):
    """What a script can name beside its own. Other scripts (None: one of bad form) by name, call types with theirs.

    Both are None where a script is looked at alone, `own` is its name among them. `lookups` by name with the parameters
    that each takes, and the kind of each.
    """

    queues: Collection[str]
    lookups: Mapping[str, Parameters] = {}
    calendars: Mapping[str, Calendar] = {}
    scripts: Mapping[str, Text | None] | None = None
    call_types: Mapping[str, Collection[str]] | None = None
    own: str = ""


def faults(text: Text, around: Around) -> Iterator[Fault]:
    """All of them."""
    yield from _head_faults(text)
    yield from timetables.own_faults(text, around.calendars)
    for name, node in text.nodes.items():
        yield from _node_faults(("nodes", name), node, text, around)
    for name in sorted(text.nodes.keys() - flow.reached(text)):
        yield Fault(("nodes", name), f"node {name!r} cannot be reached from {text.start!r}")
    for loop in flow.spinning(text):
        way = " → ".join((*loop, loop[0]))
        sentence = f"{way} goes round without an end; a count, a prompt or a queue with hold has to be on the way"
        yield Fault(("nodes", loop[0]), sentence)


def _head_faults(text: Text) -> Iterator[Fault]:
    if wrong := clock.no_zone(text.zone):
        yield Fault(("zone",), wrong)
    wrong_fields = list(_field_faults(text.context))
    yield from wrong_fields
    if not wrong_fields and (octets := len(context.encoded(context.taken(text.context, {})))) > context.LIMIT:
        yield Fault(("context",), f"has {octets:,} octets by its defaults alone, {context.LIMIT:,} at most")
    yield from _missing(("start",), text.start, text)


def _field_faults(fields: Mapping[str, ContextField]) -> Iterator[Fault]:
    for name, field in fields.items():
        if name in expression.NAMES or name in expression.WORDS:
            yield Fault(("context", name), f"{name!r} means something else in expressions; choose another name")
        try:
            context.default(field)
        except ValueError:
            yield Fault(("context", name, "default"), f"{field.default!r} is no {field.kind}")


def _node_faults(keys: Keys, node: Node, text: Text, around: Around) -> Iterator[Fault]:
    for key, target in flow.targets(node):
        yield from _missing((*keys, *key), target, text)
    for place, prompt in flow.prompts(node):
        yield from _prompt_faults((*keys, *place), prompt, text, around)
    match node:
        case If() | Agent() | Label() | Set() | Lookup() | Collect() | Outbound():
            yield from _context_faults(keys, node, text, around)
        case Queue():
            yield from _queue_faults(keys, node, around.queues)
        case Percent() if sum(node.shares.values()) != WHOLE:
            yield Fault((*keys, "shares"), f"shares are {sum(node.shares.values())} % together, not {WHOLE}")
        case Switch():
            yield from timetables.switch_faults(keys, node, text, around.calendars)
        case Distribute():
            yield from _distribute_faults(keys, node, around.queues)
        case GoToScript() | Run() | Requalify() | CallType():
            yield from _onward_faults(keys, node, text, around)
        case Return():
            yield from _return_faults(keys, around)


def _context_faults(
    keys: Keys, node: If | Agent | Label | Set | Lookup | Collect | Outbound, text: Text, around: Around
) -> Iterator[Fault]:
    match node:
        case If():
            yield from _expression_faults((*keys, "that"), node.that, bool, text, around)
        case Agent():
            yield from _expression_faults((*keys, "agent"), node.agent, str, text, around)
        case Label():
            yield from _expression_faults((*keys, "label"), node.label, str, text, around)
        case Set():
            yield from _set_faults(keys, node, text, around)
        case Lookup():
            yield from _lookup_faults(keys, node, text, around)
        case Outbound():
            yield from _queue_faults(keys, node, around.queues)
            yield from _expression_faults((*keys, "number"), node.number, str, text, around)
            if node.at:
                yield from _expression_faults((*keys, "at"), node.at, str, text, around)
        case Collect():
            yield from _into_faults((*keys, "into"), node, text)


def _prompt_faults(keys: Keys, prompt: str, text: Text, around: Around) -> Iterator[Fault]:
    said = forms.read(prompt)
    if said is None:
        return
    if said.form not in forms.KINDS:
        yield Fault(keys, f"nothing is said as {said.form!r}; {suggestion(said.form, map(str, forms.KINDS))}")
        return
    kind, asked = forms.KINDS[forms.Form(said.form)], said.expression.rjust(len(prompt) - 1)  # columns are the prompt's
    yield from _expression_faults(keys, asked, kind, text, around, what=prompt)


def _queue_faults(keys: Keys, node: Queue | Outbound, queues: Collection[str]) -> Iterator[Fault]:
    if isinstance(node, Queue) and node.hold and node.next is not None:
        yield Fault((*keys, "next"), "a contact waits here by 'hold' or goes on to 'next', not both")
    for place, queue in enumerate(node.queues):
        if queue not in queues:
            yield Fault((*keys, "queues", place), f"queue {queue!r} is unknown; {suggestion(queue, queues)}")
        elif queue in node.queues[:place]:
            yield Fault((*keys, "queues", place), f"queue {queue!r} is named twice")


def _distribute_faults(keys: Keys, node: Distribute, queues: Collection[str]) -> Iterator[Fault]:
    if bool(node.weights) == bool(node.load):
        yield Fault(keys, "contacts are shared out by 'weights' or by 'load', one of them")
    elif len(node.weights) + len(node.load) == 1:
        yield Fault((*keys, "load" if node.load else "weights"), "1 given, at least 2 needed")
    if node.load and node.failed is None:
        yield Fault(keys, "key 'failed' is missing: by 'load' there may be nobody in any of the queues")
    if node.weights and node.failed is not None:
        yield Fault((*keys, "failed"), "by 'weights' nothing fails; leave it out")
    for target, queue in node.load.items():
        if queue not in queues:
            yield Fault((*keys, "load", target), f"queue {queue!r} is unknown; {suggestion(queue, queues)}")


def _set_faults(keys: Keys, node: Set, text: Text, around: Around) -> Iterator[Fault]:
    for name, asked in node.fields.items():
        field = text.context.get(name)
        if field is None:
            yield Fault((*keys, "fields", name), _no_field(name, text))
        else:
            kind = context.KINDS[field.kind]
            secret = field.secret or kind is bool  # a truth over a secret may be told: the path does
            yield from _expression_faults((*keys, "fields", name), asked, kind, text, around, secret=secret)


def _lookup_faults(keys: Keys, node: Lookup, text: Text, around: Around) -> Iterator[Fault]:
    for field in node.into:
        if field not in text.context:
            yield Fault((*keys, "into", field), _no_field(field, text))
    takes = around.lookups.get(node.source)
    if takes is None:
        yield Fault((*keys, "source"), f"lookup {node.source!r} is unknown; {suggestion(node.source, around.lookups)}")
        return
    for parameter in sorted(set(takes) - set(node.ask)):
        yield Fault((*keys, "ask"), f"lookup {node.source!r} asks with {parameter!r}, which has no value here")
    for parameter, asked in node.ask.items():
        if parameter not in takes:
            told = f"lookup {node.source!r} does not ask with {parameter!r}; {suggestion(parameter, takes)}"
            yield Fault((*keys, "ask", parameter), told)
        kind = takes.get(parameter)
        wanted = None if kind is None else context.KINDS[Kind(kind)]
        yield from _expression_faults((*keys, "ask", parameter), asked, wanted, text, around, secret=True)


def _into_faults(keys: Keys, node: Collect, text: Text) -> Iterator[Fault]:
    if node.into is None:
        return
    field = text.context.get(node.into)
    if field is None:
        yield Fault(keys, _no_field(node.into, text))
    elif context.KINDS[field.kind] is not str:
        yield Fault(keys, f"digits are text, and {node.into!r} is {expression.KINDS[context.KINDS[field.kind]]}")


def _no_field(name: str, text: Text) -> str:
    return f"the context has no field {name!r}; {suggestion(name, text.context)}"


def _expression_faults(
    keys: Keys, asked: str, kind: type | None, text: Text, around: Around, *, secret: bool = False, what: object = ""
) -> Iterator[Fault]:
    """`kind` None: any. `secret`: what comes of it may be. `what` it is for, else its key."""
    what = what or keys[-1]
    try:
        found = expression.parse(asked, context.names(text.context))
    except expression.FormError as error:
        yield Fault(keys, str(error))
        return
    if kind is not None and found.kind is not kind:
        yield Fault(keys, f"{what} is {expression.KINDS[found.kind]}, {expression.KINDS[kind]} is needed")
    names: dict[str, Collection[str]] = {"queue": around.queues, "calendar": {*text.calendars, *around.calendars}}
    names["call type"] = [one.name for one in found.uses] if around.call_types is None else around.call_types
    yield from (Fault(keys, wrong) for wrong in expression.known(found, names))
    secrets = sorted(name for name in found.names if name in text.context and text.context[name].secret)
    if secrets and kind is not bool and not secret:
        yield Fault(keys, f"{what} is shown, and {secrets[0]!r} is secret")


def _onward_faults(
    keys: Keys, node: GoToScript | Run | Requalify | CallType, text: Text, around: Around
) -> Iterator[Fault]:
    if around.scripts is None or around.call_types is None:
        return
    if isinstance(node, GoToScript | Run):
        key, what, name, names = "script", "script", node.script, set(around.scripts)
        leads_to: Collection[str] = (node.script,)
    else:
        key, what, name, names = "call_type", "call type", node.call_type, set(around.call_types)
        leads_to = around.call_types.get(node.call_type, ()) if isinstance(node, Requalify) else ()
    if name not in names:
        yield Fault((*keys, key), f"{what} {name!r} does not exist; {suggestion(name, names)}")
    for script in leads_to:
        other = around.scripts.get(script)
        context_there = other.context if other else {}
        for field in sorted(text.context):
            there = context_there.get(field)
            if there and text.context[field].secret and not there.secret and there.kind is text.context[field].kind:
                yield Fault((*keys, key), f"field {field!r} is secret here and not in script {script!r}")
    if isinstance(node, Run) and node.script in names:
        yield from _run_faults((*keys, key), node, text, around.scripts)


def _run_faults(keys: Keys, node: Run, text: Text, scripts: Mapping[str, Text | None]) -> Iterator[Fault]:
    """Its fields wait while other scripts go on, whatever they go on with; one of them has to return."""
    passed = {name: other for name in sorted(_within(node.script, scripts)) if (other := scripts[name]) is not None}
    if not any(isinstance(one, Return) for other in passed.values() for one in other.nodes.values()):
        yield Fault(keys, f"script {node.script!r} never returns; 'do: script' goes on with one that does not")
    for name, other in passed.items():
        for field in sorted(text.context.keys() & other.context.keys()):
            here, there = text.context[field], other.context[field]
            if here.kind is not there.kind:
                yield Fault(keys, f"field {field!r} is {here.kind} here and {there.kind} in script {name!r}")
            elif here.secret and not there.secret and name != node.script:
                yield Fault(keys, f"field {field!r} is secret here and not in script {name!r}")


def _within(script: str, scripts: Mapping[str, Text | None]) -> Collection[str]:
    """That script and all that go on before it has returned."""
    return _led_to((script,), scripts, lambda node: (node.script,) if isinstance(node, GoToScript | Run) else ())


def _return_faults(keys: Keys, around: Around) -> Iterator[Fault]:
    """A caller who has come by a call type alone has nowhere to return to."""
    if around.scripts is None or around.call_types is None:
        return
    types, scripts = around.call_types, around.scripts

    def leads(node: Node) -> Collection[str]:
        if isinstance(node, Requalify):
            return types.get(node.call_type, ())
        return (node.script,) if isinstance(node, GoToScript) else ()

    for name, begins in types.items():
        if around.own in _led_to(begins, scripts, leads):
            yield Fault(
                keys, f"contacts of call type {name!r} come here without a 'run', and have nowhere to return to"
            )


def _led_to(
    begins: Collection[str], scripts: Mapping[str, Text | None], leads: Callable[[Node], Collection[str]]
) -> set[str]:
    """They, and scripts to which one of their nodes leads, and so on; of those that there are."""
    found, waiting = set[str](), [*begins]
    while waiting:
        name = waiting.pop()
        if name not in found and name in scripts:
            found.add(name)
            other = scripts[name]
            waiting += (one for node in other.nodes.values() for one in leads(node)) if other is not None else ()
    return found


def _missing(keys: Keys, target: str, text: Text) -> Iterator[Fault]:
    if target not in text.nodes:
        yield Fault(keys, f"node {target!r} does not exist; {suggestion(target, text.nodes)}")
