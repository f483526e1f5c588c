# SPDX-License-Identifier: GPL-2.0-only
"""A script sends the caller to a label: a number or a name that whoever has him understands."""

from pathlib import Path

import pytest

from appliance.config import ConfigurationError
from appliance.script.knowledge import Contact
from appliance.script.loading import load
from appliance.script.nodes import Busy, ContextField, Kind, Label, Node, Script, Text
from appliance.script.walk import LABEL_LONGEST, Walk
from appliance.wire import routes

pytestmark = pytest.mark.unit
HERE = Contact(dnis="95588", clid="02512345678")


def script(label: str) -> Script:
    nodes: dict[str, Node] = {"there": Label(label=label, otherwise="busy"), "busy": Busy()}
    return Script("away", "v1", Text(start="there", nodes=nodes))


def test_the_label_is_what_the_expression_gives() -> None:
    walk = Walk(script("clid"), "", HERE)
    assert walk.go_on() == routes.Label(label="02512345678")
    assert walk.values["clid"] == "02512345678"


def test_a_label_that_led_nowhere_goes_on_otherwise_with_the_outcome_in_the_record() -> None:
    first = Walk(script("'8500'"), "", HERE)
    assert first.go_on() == routes.Label(label="8500")
    assert first.reason == "script away sends the caller to 8500 at there"
    again = Walk(script("'8500'"), first.cursor, Contact(dnis="95588", outcome="unreachable"))
    assert again.go_on() == routes.Release(cause=17)
    assert again.values["there"] == "the label led nowhere: unreachable"


def test_a_label_that_is_a_secret_s_value_is_dialled_and_not_told() -> None:
    nodes: dict[str, Node] = {"there": Label(label="ced", otherwise="busy"), "busy": Busy()}
    context = {"pin": ContextField(Kind.TEXT, secret=True)}
    one = Script("away", "v1", Text(start="there", nodes=nodes, context=context))
    walk = Walk(one, "", Contact(dnis="1", ced="735197", fields={"pin": "735197"}))
    assert walk.go_on() == routes.Label(label="735197")
    assert walk.reason == "script away sends the caller to *** at there"
    assert "735197" not in str(walk.values)


@pytest.mark.parametrize("label", ["''", f"'{'9' * (LABEL_LONGEST + 1)}'"])
def test_no_label_or_one_too_long_goes_on_otherwise(label: str) -> None:
    walk = Walk(script(label), "", HERE)
    assert walk.go_on() == routes.Release(cause=17)
    assert walk.reason.startswith("there gives no label; ")


@pytest.mark.parametrize(
    ("node", "sentence"),
    [
        ("{do: label, label: 'free(''card'')', otherwise: over}", "label is a number, text is needed"),
        ("{do: label, label: pin, otherwise: over}", "label is shown, and 'pin' is secret"),
        ("{do: label, label: '''1''', otherwise: ovr}", "node 'ovr' does not exist; did you mean 'over'?"),
        ("{do: label, label: '''1'''}", "otherwise"),
    ],
)
def test_the_validator_knows_it(tmp_path: Path, node: str, sentence: str) -> None:
    path = tmp_path / "away.yaml"
    nodes = f"nodes:\n  there: {node}\n  over: {{do: busy}}\n"
    path.write_text(f"start: there\ncontext:\n  pin: {{kind: text, secret: yes}}\n{nodes}")
    with pytest.raises(ConfigurationError, match=sentence.replace("?", r"\?")):
        load(path, ["card"])
