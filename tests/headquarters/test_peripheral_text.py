# SPDX-License-Identifier: GPL-2.0-only
"""docs/peripheral.md is what a stranger writes a client by: its examples are read as the real ones are."""

import re
from pathlib import Path

import msgspec
import pytest

from appliance.headquarters import gateway
from appliance.headquarters.live import Live
from appliance.headquarters.reports.writer import read_batch
from appliance.wire.envelope import decode, encode

pytestmark = pytest.mark.unit
TEXT = Path("docs/peripheral.md").read_text()
EXAMPLES = [line for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("line", EXAMPLES, ids=lambda line: line[:40])
def test_an_example_is_read_and_says_nothing_that_is_ignored(line: str) -> None:
    if line.startswith("["):
        again = b"[" + b",".join(map(encode, read_batch(line.encode(), "PX-0001"))) + b"]"
    elif "body" in line:
        again = encode(decode(line.encode()))
    else:
        again = msgspec.json.encode(Live().beat("PX-0001", line.encode(), 1))
    assert _covers(msgspec.json.decode(again), msgspec.json.decode(line))


def _covers(read: object, said: object) -> bool:
    if isinstance(said, dict) and isinstance(read, dict):
        return all(name in read and _covers(read[name], value) for name, value in said.items())
    if isinstance(said, list) and isinstance(read, list):
        return len(read) == len(said) and all(map(_covers, read, said))
    return read == said


def test_every_refusal_is_told_and_no_other() -> None:
    code = Path(gateway.__file__).read_text()
    assert set(re.findall(r'"(peripheral\.[a-z]+)"', code)) - {"peripheral.reply"} == set(
        re.findall(r"`(peripheral\.[a-z]+)`", TEXT)
    )


@pytest.mark.parametrize("limit", [gateway.LONGEST, gateway.LONGEST_MANY])
def test_the_limits_are_those_of_the_gateway(limit: int) -> None:
    assert f"{limit:,}" in TEXT
