# SPDX-License-Identifier: GPL-2.0-only
"""Nodes that only say where to go on: which one is next."""

from appliance.script import context
from appliance.script.expression import Value
from appliance.script.knowledge import Knowledge
from appliance.script.nodes import If, Set, Switch


def asked(name: str, node: If, known: Knowledge) -> str:
    """By what its expression gives."""
    that = known.expression(node.that)
    yes = known.value(name, that)
    if yes is None:
        return node.failed or node.otherwise
    known.witness.judge(name, that, context.shown(yes))
    return node.then if yes else node.otherwise


def switched(node: Switch, known: Knowledge) -> str:
    """By the case that fits."""
    value, target = known.turned(node)
    known.witness.note(node.on.value, value)
    after = target or node.otherwise
    if after is None:  # the script's check has ruled it out
        raise LookupError(f"no case of {node.on} holds {value!r}, and nothing is said otherwise")
    return after


def written(name: str, node: Set, known: Knowledge) -> str:
    """By whether its fields could be written."""
    values: dict[str, Value] = {}
    for field, text in node.fields.items():
        asked = known.expression(text)
        value = known.value(name, asked, told=asked.kind is not bool and not known.is_secret(field))
        if value is None:
            return node.failed
        values[field] = value
        known.ced_is_secret |= known.is_secret(field) and "ced" in asked.names
    return node.next if known.write(name, values) else node.failed
