# SPDX-License-Identifier: GPL-2.0-only
"""The configuration goes back together with the system, where the older one could not read what the newer wrote.

SHAPES pins what may be said to the number that tells two systems apart: who changes the one changes the other.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.inspect import LiteralType, StrType

from appliance.config.candidate import FORM
from appliance.config.history import SCHEMA, History
from appliance.config.impacts import leaves
from appliance.config.tree import Block, Leaf, Node, Rows, Said

pytestmark = pytest.mark.unit
SHAPES = {1: "d10ef3e1d30a52f2"}
"""By SCHEMA."""
CHANGED = (
    "what a configuration may say is not what SCHEMA {schema} had (git diff docs/keys.md shows what is new): a system"
    " of before could not read what this one writes, or this one what that wrote. Raise SCHEMA in"
    " appliance/config/history.py and pin {digest!r} to it in SHAPES; only while no release has SCHEMA {schema} is its"
    " own digest changed instead"
)
BOUNDS = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern")


def shape(form: Node = FORM) -> Iterator[str]:
    """Every leaf: where, of which form, and whether it must be there. Reasons, units and defaults bar nobody."""
    for path, typed, leaf in leaves(form):
        yield f"{'/'.join(path)} {' '.join(typed)} {_form(leaf)} {'optional' * leaf.optional} {'many' * leaf.many}"


def _form(leaf: Leaf) -> str:
    bounds = {name: getattr(leaf.kind, name, None) for name in BOUNDS}
    said = {name: value for name, value in bounds.items() if value is not None}
    return f"{type(leaf.kind).__name__} {sorted(leaf.words)} {said}"


def digest(lines: Iterator[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def test_what_may_be_said_is_pinned_to_the_schema_s_number() -> None:
    found = digest(shape())
    assert SHAPES.get(SCHEMA) == found, CHANGED.format(schema=SCHEMA, digest=found)
    assert len(set(SHAPES.values())) == len(SHAPES), "a number that was raised for nothing makes boxes go back"


@pytest.mark.parametrize(
    "changed",
    [
        {"optional": True, "kind": None},
        {"many": True},
        {"optional": False},
        {"kind": LiteralType(("e1", "t1", "j1"))},
    ],
    ids=["another kind of value", "a list", "one that must be there", "a word more"],
)
def test_a_change_by_which_systems_would_not_understand_each_other_is_another_shape(changed: dict[str, Any]) -> None:
    base = Leaf(LiteralType(("e1", "t1")), optional=True)
    kind = changed.pop("kind", base.kind) or StrType()
    assert digest(shape(_with(base))) != digest(shape(_with(msgspec.structs.replace(base, kind=kind, **changed))))


def test_a_reason_a_unit_and_a_default_are_no_other_shape() -> None:
    base = Leaf(LiteralType(("e1", "t1")), optional=True)
    other = msgspec.structs.replace(base, reason=Said("the line", "线路"), unit="ms", default="t1")
    assert digest(shape(_with(base))) == digest(shape(_with(other)))


def _with(leaf: Leaf) -> Node:
    return Block({"spans": Rows(Block({"name": Leaf(StrType()), "line": leaf}), "name")})


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    file = tmp_path / "branch.yaml"
    file.write_text("name: old\n")
    return History(file)


def test_the_same_schema_changes_nothing(history: History) -> None:
    assert history.settle(1) is None
    assert not history.file.with_suffix(".versions").exists()


def test_what_was_typed_at_the_newer_system_gives_way_and_is_kept(history: History) -> None:
    assert history.settle(2) is None
    history.commit("name: newer\n", "wu")
    assert history.settle(1) == 2
    assert history.file.read_text() == "name: old\n"
    assert "name: newer" in (history.file.with_suffix(".versions") / "schema-2.yaml").read_text()
    assert history.settle(1) is None


def test_what_is_typed_at_the_older_system_afterwards_goes_on(history: History) -> None:
    history.settle(2)
    history.settle(1)
    history.commit("name: later\n", "wu")
    assert history.settle(2) is None
    assert "name: later" in history.file.read_text()
    history.settle(1)
    assert "name: later" in history.file.read_text()


def test_a_trial_of_the_newer_system_is_over(history: History) -> None:
    history.settle(2)
    history.commit("name: newer\n", "wu")
    (history.file.with_suffix(".versions") / "unconfirmed.json").write_bytes(
        b'{"version":2,"back_to":1,"until_s":2000000000.0}'
    )
    history.settle(1)
    assert history.trial() is None


def test_a_power_cut_at_any_write_loses_neither(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, write = history.file.with_suffix(".versions"), History._write
    for cut in range(1, 6):
        history.file.write_text("name: old\n")
        history.settle(2)
        history.file.write_text("name: newer\n")
        left = cut

        def writes(self: History, name: str | Path, octets: bytes) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            write(self, name, octets)

        with monkeypatch.context() as patched:
            patched.setattr(History, "_write", writes)
            try:
                history.settle(1)
            except KeyboardInterrupt:
                assert cut < 5
        history.settle(1)
        assert history.file.read_text() == "name: old\n"
        assert (folder / "schema-2.yaml").read_text() == "name: newer\n"
        assert (folder / "schema").read_text() == "1"
