# SPDX-License-Identifier: GPL-2.0-only
"""The reader: scalars are typed by the schema alone, and every mistake is told with its place."""

import enum
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Meta

from appliance.config import ConfigurationError, Endpoint, Fault, read

pytestmark = pytest.mark.unit


class Colour(enum.Enum):
    """An enum of the schema."""

    RED = "red"
    AMBER = "amber"


class Leaf(msgspec.Struct, frozen=True):
    """A block with a default."""

    number: str
    hops: Annotated[int, Meta(ge=0, le=9)] = 3


class Say(msgspec.Struct, frozen=True, tag="say", tag_field="node"):
    """One member of a union."""

    words: tuple[str, ...]


class Ring(msgspec.Struct, frozen=True, tag="ring", tag_field="node"):
    """The other member."""

    seconds: int = 20


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """One field of every kind."""

    leaf: Leaf
    enabled: bool = False
    ratio: float = 1.0
    colour: Colour = Colour.RED
    pace: Literal["slow", "fast"] = "slow"
    at: Endpoint | None = None
    file: Path | None = None
    nodes: dict[str, Say | Ring] = {}
    names: list[str] = []


def written(folder: Path, text: str) -> Path:
    path = folder / "tree.yaml"
    path.write_text(text)
    return path


def mistakes(folder: Path, text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(ConfigurationError) as caught:
        read(written(folder, text), Tree)
    return [(m.line, m.column, m.sentence) for m in caught.value.mistakes]


def test_0086_and_no_stay_text_where_the_schema_says_text(tmp_path: Path) -> None:
    tree = read(written(tmp_path, "leaf: {number: 0086}\nnames: [NO, 1e3, null, ~, 2026-01-01]\n"), Tree)
    assert tree.leaf == Leaf(number="0086", hops=3)
    assert tree.names == ["NO", "1e3", "null", "~", "2026-01-01"]


def test_every_type_of_the_schema_is_read(tmp_path: Path) -> None:
    text = """
leaf: {number: '8001', hops: 007}
enabled: Yes
ratio: -2.5
colour: amber
pace: fast
at: 127.0.0.1:5060
file: secrets/8001
nodes:
  greet: {node: say, words: [hello, caller]}
  phone: {node: ring}
"""
    tree = read(written(tmp_path, text), Tree)
    assert tree.leaf.hops == 7
    assert tree.enabled is True
    assert tree.ratio == -2.5
    assert tree.colour is Colour.AMBER
    assert tree.at == ("127.0.0.1", 5060)
    assert tree.file == tmp_path / "secrets/8001"
    assert tree.nodes == {"greet": Say(words=("hello", "caller")), "phone": Ring(seconds=20)}


class Grove(msgspec.Struct, frozen=True):
    """What must not be empty."""

    names: Annotated[tuple[str, ...], Meta(min_length=1)]
    shares: Annotated[dict[str, int], Meta(min_length=2)]


def test_a_list_or_block_that_is_too_short_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "names: []\nshares: {a: 1}\n")
    with pytest.raises(ConfigurationError) as caught:
        read(path, Grove)
    assert [(one.line, one.column, one.sentence) for one in caught.value.mistakes] == [
        (1, 8, "0 given, at least 1 needed"),
        (2, 9, "1 given, at least 2 needed"),
    ]
    path.write_text("names: [a]\nshares: {a: 1, b: 2}\n")
    assert read(path, Grove) == Grove(("a",), {"a": 1, "b": 2})


def test_an_empty_value_is_none_only_where_the_schema_allows_it(tmp_path: Path) -> None:
    assert read(written(tmp_path, "leaf: {number: 1}\nat:\n"), Tree).at is None
    assert mistakes(tmp_path, "leaf: {number: 1}\nratio:\n") == [(2, 7, "a value is missing here")]


@pytest.mark.parametrize(
    ("text", "line", "column", "sentence"),
    [
        ("leaf: {number: 1}\nenabeld: yes\n", 2, 1, "key 'enabeld' is unknown here; did you mean 'enabled'?"),
        ("leaf: {number: 1, zzz: 2}\n", 1, 19, "key 'zzz' is unknown here; known are: hops, number"),
        ("leaf: {number: 1}\nratio: 1\nratio: 2\n", 3, 1, "key 'ratio' was already given in line 2"),
        ("ratio: 1\n", 1, 1, "key 'leaf' is missing"),
        ("leaf: {number: 1, hops: ten}\n", 1, 25, "'ten' is not a whole number"),
        ("leaf: {number: 1, hops: 10}\n", 1, 25, "10 is out of range: 0 to 9"),
        ("leaf: {number: 1}\nenabled: maybe\n", 2, 10, "'maybe' is neither yes nor no"),
        ("leaf: {number: 1}\nratio: high\n", 2, 8, "'high' is not a number"),
        ("leaf: {number: 1}\ncolour: ambre\n", 2, 9, "'ambre' is not known here; did you mean 'amber'?"),
        ("leaf: {number: 1}\nat: localhost\n", 2, 5, "'localhost' is not an address and port such as 127.0.0.1:5060"),
        ("leaf: {number: 1}\nat: 0.0.0.0:0\n", 2, 5, "'0.0.0.0:0' is not an address and port such as 127.0.0.1:5060"),
        ("leaf: 5\n", 1, 7, "a block of keys is expected here"),
        ("leaf: {number: [1]}\n", 1, 16, "one value is expected here, not a list or a block of keys"),
        ("leaf: {number: 1}\nnames: one\n", 2, 8, "a list is expected here, such as [8001, 8002]"),
        ("leaf: {number: 1}\nnodes: {a: {node: sya}}\n", 2, 19, "node 'sya' is unknown; did you mean 'say'?"),
        ("leaf: {number: 1}\nnodes: {a: {seconds: 2}}\n", 2, 12, "key 'node' is missing; known are: ring, say"),
        ("leaf: &x {number: 1}\n", 1, 7, "anchors, aliases and tags are not used in configurations"),
        ("leaf: {number: !secret 1}\n", 1, 16, "anchors, aliases and tags are not used in configurations"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_the_nearest_name(
    tmp_path: Path, text: str, line: int, column: int, sentence: str
) -> None:
    assert mistakes(tmp_path, text) == [(line, column, sentence)]


def test_a_misspelt_required_key_is_told_once(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "laef: {number: 1}\n") == [(1, 1, "key 'laef' is unknown here; did you mean 'leaf'?")]


def test_all_mistakes_are_told_at_once_in_the_file_s_order(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "colour: blue\nleaf: {hops: 11}\nratio: x\nratio: y\n")
    assert [line for line, _, _ in found] == [1, 2, 2, 3, 4]


@pytest.mark.parametrize(
    ("octets", "line"), [(b"a: [1", 1), (b"a:\n\t- x\n", 2), (b"a: \xff\n", 1), (b"", 1), (b"a: 1\n---\nb: 2\n", 2)]
)
def test_what_is_no_yaml_document_is_told_with_its_line(tmp_path: Path, octets: bytes, line: int) -> None:
    path = tmp_path / "tree.yaml"
    path.write_bytes(octets)
    with pytest.raises(ConfigurationError) as caught:
        read(path, Tree)
    assert caught.value.mistakes[0].line == line


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.yaml: cannot be read: No such file or directory"):
        read(tmp_path / "absent.yaml", Tree)


def test_deep_nesting_is_refused_and_nothing_worse(tmp_path: Path) -> None:
    for text in ("[" * 20_000, "[" * 1_000_000, "- " * 20_000, "{a: " * 20_000):
        with pytest.raises(ConfigurationError, match=r"nested more than 100 deep|is not YAML"):
            read(written(tmp_path, text), Tree)


def test_a_check_points_at_the_value_it_means(tmp_path: Path) -> None:
    def check(_: Tree) -> list[Fault]:
        return [Fault(("nodes", "b", "seconds"), "too long"), Fault(("nodes", "a", "seconds"), "not given")]

    text = "leaf: {number: 1}\nnodes:\n  a: {node: ring}\n  b: {node: ring, seconds: 99}\n"
    with pytest.raises(ConfigurationError) as caught:
        read(written(tmp_path, text), Tree, check)
    assert [(m.line, m.column, m.sentence) for m in caught.value.mistakes] == [(3, 6, "not given"), (4, 28, "too long")]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.text(alphabet="leaf: {}[]\n-#&*!|>'\"01abnumber", max_size=60).map(str.encode))
def test_any_octets_are_read_or_refused_with_a_place(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "fuzz.yaml"
    path.write_bytes(octets)
    try:
        told = str(read(path, Tree).leaf)
    except ConfigurationError as error:
        told = str(error)
    assert told.startswith(("Leaf(", "configuration: "))
