# SPDX-License-Identifier: GPL-2.0-only
"""The script file's JSON Schema, held against scripts that we read and scripts that we refuse."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, get_args

import msgspec
import pytest
import yaml
from hypothesis import given, settings

from appliance.script.nodes import Node, Text
from appliance.script.schema import schema
from tests.script.test_any_script import OTHER_OF, TEXT_OF
from tests.script.test_script_loading import GOOD, RICH, RUN, RUNS

pytestmark = pytest.mark.unit

SAMPLES = Path("appliance/simulator/site/scripts")
WHOLE = schema()
TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda one: isinstance(one, str),
    "number": lambda one: isinstance(one, int | float) and not isinstance(one, bool),
    "integer": lambda one: isinstance(one, int) and not isinstance(one, bool),
    "boolean": lambda one: isinstance(one, bool),
    "null": lambda one: one is None,
    "array": lambda one: isinstance(one, list),
    "object": lambda one: isinstance(one, dict),
}
SAID = {"title", "description", "default", "discriminator", "$schema", "$defs"}


class Editor(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """YAML 1.2's core schema, as editors have it: `on` and `yes` are words, dates are text."""

    yaml_implicit_resolvers: ClassVar = {
        first: [one for one in known if one[0].rpartition(":")[2] in ("int", "float", "null")]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


Editor.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def parsed(text: str) -> Any:
    """By an editor."""
    return yaml.load(text, Editor)  # noqa: S506 - a safe one


def fits(value: Any, part: Mapping[str, Any]) -> bool:
    """As JSON Schema has it, of the words that ours uses; any other one ends the test."""
    return all(_fits(value, word, told, part) for word, told in part.items() if word not in SAID)


def _fits(value: Any, word: str, told: Any, part: Mapping[str, Any]) -> bool:
    if isinstance(value, dict) and word in OF_OBJECTS:
        return OF_OBJECTS[word](value, told, part)
    if word in OF_ANY:
        return OF_ANY[word](value, told)
    assert word in OF_OBJECTS, f"{word} means nothing to this test"
    return True


def _others(value: dict[str, Any], told: Any, part: Mapping[str, Any]) -> bool:
    others = value.keys() - part.get("properties", {}).keys()
    return all(told is not False and fits(value[one], told) for one in others)


OF_OBJECTS: Mapping[str, Callable[[dict[str, Any], Any, Mapping[str, Any]], bool]] = {
    "required": lambda value, told, _: value.keys() >= set(told),
    "propertyNames": lambda value, told, _: all(fits(one, told) for one in value),
    "properties": lambda value, told, _: all(fits(value[one], told[one]) for one in value.keys() & told.keys()),
    "minProperties": lambda value, told, _: len(value) >= told,
    "additionalProperties": _others,
}
OF_ANY: Mapping[str, Callable[[Any, Any], bool]] = {
    "$ref": lambda value, told: fits(value, WHOLE["$defs"][told.rpartition("/")[2]]),
    "anyOf": lambda value, told: any(fits(value, one) for one in told),
    "type": lambda value, told: any(TYPES[one](value) for one in ([told] if isinstance(told, str) else told)),
    "enum": lambda value, told: value in told,
    "pattern": lambda value, told: not isinstance(value, str) or re.search(told, value) is not None,
    "minimum": lambda value, told: not TYPES["number"](value) or value >= told,
    "maximum": lambda value, told: not TYPES["number"](value) or value <= told,
    "minItems": lambda value, told: not isinstance(value, list) or len(value) >= told,
    "items": lambda value, told: not isinstance(value, list) or all(fits(one, told) for one in value),
}


def test_the_file_in_docs_is_what_the_nodes_say() -> None:
    told = json.loads(Path("docs/script.schema.json").read_text())
    assert told == json.loads(json.dumps(WHOLE)), "python -m appliance.script.schema > docs/script.schema.json"


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_samples_fit_as_an_editor_s_parser_reads_them(path: Path) -> None:
    assert fits(parsed(path.read_text()), WHOLE)


@pytest.mark.parametrize("text", [GOOD, RICH, RUN, RUNS])
def test_scripts_that_we_read_fit(text: str) -> None:
    assert fits(parsed(text), WHOLE)


@settings(max_examples=15, deadline=None)
@given(TEXT_OF, OTHER_OF)
def test_any_script_fits(one: Text, two: Text) -> None:
    for text in (one, two):
        assert fits(json.loads(msgspec.json.encode(text)), WHOLE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("do: collect", "do: colect"),
        ("prompts: [x], into", "promts: [x], into"),
        ("seconds: 30", "seconds: 0"),
        ("seconds: 30", "seconds: long"),
        ("language: zh", "language: z/h"),
        ("[card, gold]", "[]"),
        (", otherwise: other", ""),
        ("start: write", "stat: write"),
        ("kind: truth", "kind: truths"),
        ('"#": one', '"12": one'),
        ("secret: yes", "secret: perhaps"),
        ("next: menu", "next: Menu"),
    ],
)
def test_scripts_that_we_refuse_by_their_form_do_not_fit(old: str, new: str) -> None:
    assert old in RICH
    assert not fits(parsed(RICH.replace(old, new, 1)), WHOLE)


def test_texts_and_truths_may_look_like_what_a_parser_takes_them_for() -> None:
    text = parsed(RICH.replace("default: '2'", "default: 2").replace("secret: yes", "secret: 'yes'"))
    assert fits(text, WHOLE)


def test_every_node_is_there_by_its_word() -> None:
    known = [part.get("properties", {}).get("do", {}) for part in WHOLE["$defs"].values()]
    words = {word for one in known for word in one.get("enum", ())}
    assert words == {node.__struct_config__.tag for node in get_args(Node)}
