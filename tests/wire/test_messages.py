# SPDX-License-Identifier: GPL-2.0-only
"""Messages on the wire: golden files, tolerance of the new, refusal of the damaged, the legs' table."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.wire import ids
from appliance.wire.envelope import UnknownMessageError, decode, encode
from appliance.wire.legs import TABLE, LegState, LegStep, step
from appliance.wire.message import Message
from tests.wire.examples import EXAMPLES, GOLDEN, body_types, sealed

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_message_is_written_as_its_golden_file(example: Message) -> None:
    golden = (GOLDEN / f"{type(example).__name__}.json").read_bytes()
    assert sealed(example) == golden
    read = decode(golden.rstrip(b"\n"))
    assert read.body == example
    assert encode(read) + b"\n" == golden


def test_every_message_has_an_example_and_every_golden_file_a_message() -> None:
    names = {kind.__name__ for kind in body_types()}
    assert {type(example).__name__ for example in EXAMPLES} == names
    assert {path.stem for path in GOLDEN.glob("*.json")} == names


def test_fields_of_a_newer_version_are_ignored() -> None:
    newer = json.loads(sealed(EXAMPLES[0]))
    newer["priority"] = 3
    newer["body"]["colour"] = "red"
    assert decode(json.dumps(newer).encode()).body == EXAMPLES[0]


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"", "truncated"),
        (b"\xff\xfe", "malformed|invalid"),
        (b"[]", "object"),
        (b'{"v":1}', "missing required field"),
        (sealed(EXAMPLES[0]).replace(b"Attach", b"Atach"), "Atach"),
        (sealed(EXAMPLES[0]).replace(b'"seq":4', b'"seq":"four"'), "seq"),
    ],
)
def test_what_is_no_envelope_is_refused_with_the_place(octets: bytes, sentence: str) -> None:
    with pytest.raises(UnknownMessageError, match=sentence):
        decode(octets)


@given(st.binary(max_size=400))
def test_random_octets_never_do_worse_than_be_refused(octets: bytes) -> None:
    with pytest.raises(UnknownMessageError):
        decode(octets)


@given(st.sampled_from(EXAMPLES), st.integers(0, 10_000), st.integers(0, 255))
def test_damaged_line_is_refused_or_is_another_valid_message(example: Message, place: int, octet: int) -> None:
    line = bytearray(sealed(example).rstrip(b"\n"))
    line[place % len(line)] = octet
    try:
        read = decode(bytes(line))
    except UnknownMessageError:
        return
    assert decode(encode(read)) == read


def test_incarnations_sort_by_time_and_are_16_characters_of_base32hex() -> None:
    taken = [ids.new_incarnation() for _ in range(50)]
    assert len(set(taken)) == 50
    assert [name[:9] for name in taken] == sorted(name[:9] for name in taken)
    assert all(len(name) == 16 and set(name) <= set(string.digits + "abcdefghijklmnopqrstuv") for name in taken)


@pytest.mark.parametrize("serial", ["", "br-1", "BR 1", "BR.1", "../BR", "B" * 33, "BR-1\n"])
def test_box_serial_is_a_token_of_nats_and_a_file_name(serial: str) -> None:
    with pytest.raises(ValueError, match="box serial"):
        ids.Identity.take(serial, "call")


@pytest.mark.parametrize("state", list(LegState))
@pytest.mark.parametrize("by", list(LegStep))
def test_leg_moves_only_as_the_table_says(state: LegState, by: LegStep) -> None:
    order = list(LegState)
    if by in TABLE[state]:
        after = step(state, by)
        assert order.index(after) > order.index(state), "a leg never goes back"
    else:
        with pytest.raises(KeyError):
            step(state, by)
