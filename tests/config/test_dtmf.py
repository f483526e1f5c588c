# SPDX-License-Identifier: GPL-2.0-only
"""The limits of a trunk's DTMF in a branch's file: what they mean, each mistake, and whom a change concerns."""

from __future__ import annotations

import shlex
from typing import get_args

import msgspec
import pytest

from appliance.config import Branch, load
from appliance.config.candidate import Candidate
from appliance.config.concerns import changes
from appliance.config.dtmf import Administration, Dtmf
from appliance.config.impacts import Impact
from appliance.config.lines import LineCard
from appliance.line.switch import TrunkPlan
from appliance.processes import line, lines
from dsp.dtmf import NON_OPERATE, STANDARD, limits
from tests.config.test_boxes import Edit, branch, sentences
from tests.config.test_lines import CARD, PORTS

__all__ = ["branch"]

pytestmark = pytest.mark.unit

KEYS = "d_channel: 16\n    dtmf: {administration: NTT, non_operate_dbm0: -38}"


def read(edit: Edit, before: str, after: str) -> Branch:
    box = load(edit(before, after))
    assert isinstance(box, Branch)
    return box


def test_administrations_and_levels_are_those_of_the_receiver() -> None:
    for name in get_args(Administration):
        limits(name)
    assert (Dtmf().administration, Dtmf().non_operate_dbm0) == (STANDARD, None)
    for level in NON_OPERATE:
        msgspec.convert({"non_operate_dbm0": level}, Dtmf)
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"non_operate_dbm0": level + (1 if level == max(NON_OPERATE) else -1)}, Dtmf)


@pytest.mark.parametrize(
    ("driver", "text"),
    [
        ("si3050", CARD.replace("channels: 2", "channels: 2\n    dtmf: {administration: Denmark}")),
        ("dahdi-fxo", PORTS.replace("card_span: 3", "card_span: 3\n    dtmf: {administration: Denmark}")),
    ],
)
def test_a_card_s_lines_are_heard_by_its_limits(branch: Edit, driver: str, text: str) -> None:
    card = read(branch, "sip:", text).spans[1]
    assert isinstance(card, LineCard)
    assert f"driver: {driver}" in text
    plan = lines.line(1, card, {}).plan
    assert (plan.administration, plan.non_operate_dbm0, plan.has_limits) == ("Denmark", None, True)
    assert plan.rx_db == getattr(card, "rx_gain_db", 0.0)


@pytest.mark.parametrize("keys", ["d_channel: 16", "signalling: cas\n    variant: em_wink_e1"])
def test_a_span_s_bearers_are_heard_by_its_limits(branch: Edit, keys: str) -> None:
    (span,) = read(branch, "d_channel: 16", KEYS.replace("d_channel: 16", keys)).spans
    assert not isinstance(span, LineCard)
    plan = line.line(0, span, {}).plan
    assert plan == TrunkPlan(64, administration="NTT", non_operate_dbm0=-38.0)
    (plain,) = read(branch, "d_channel: 16", keys).spans
    assert not line.line(0, plain, {}).plan.has_limits


@pytest.mark.parametrize(
    ("dtmf", "told"),
    [
        ("administration: ntt", "15: 'ntt' is not known here; did you mean 'NTT'?"),
        ("administration: att", "15: 'att' is not known here; did you mean 'AT&T'?"),
        ("administration: Danmark", "15: 'Danmark' is not known here; did you mean 'Denmark'?"),
        ("administration: Peru", "15: 'Peru' is not known here; known are: AT&T, Australia, Brazil, Denmark, NTT"),
        ("non_operate_dbm0: -45.5", "15: -45.5 is out of range: -45 to -29"),
        ("non_operate_dbm0: -28", "15: -28.0 is out of range: -45 to -29"),
        ("non_operate_dbm0: weak", "15: 'weak' is not a number"),
        ("non_operate: -38", "15: key 'non_operate' is unknown here; did you mean 'non_operate_dbm0'?"),
    ],
)
def test_a_mistake_is_told_with_the_nearest_name(branch: Edit, dtmf: str, told: str) -> None:
    assert sentences(branch("d_channel: 16", f"d_channel: 16\n    dtmf: {{{dtmf}}}")) == [told]


def test_a_change_ends_the_calls_of_its_span_alone(branch: Edit) -> None:
    more = "  - {name: pbx, driver: cesopsn, local: 127.0.0.1:9102, remote: 127.0.0.1:9002}\nsip:"
    before = read(branch, "sip:", more)
    telco, pbx = before.spans
    heard = msgspec.structs.replace(pbx, dtmf=Dtmf("Brazil"))
    told = changes(before, msgspec.structs.replace(before, spans=(telco, heard)))
    assert [(one.name, one.impact, one.restart) for one in told] == [("line2", Impact.GROUP, True)]


def test_what_is_set_is_shown_as_it_is_typed(branch: Edit) -> None:
    bare = Candidate.of(branch("d_channel: 16", "d_channel: 16"))
    after = bare.put(["spans", "telco", "dtmf", "administration", "AT&T"]).put(
        ["spans", "telco", "dtmf", "non_operate_dbm0", "-38"]
    )
    assert after.faults() == []
    shown = after.since(bare)
    assert shown == [
        "+ set spans telco dtmf administration AT&T",
        "+ set spans telco dtmf non_operate_dbm0 -38",
    ]
    pasted = bare
    for words in shown:
        pasted = pasted.put(shlex.split(words)[2:])
    assert pasted.data == after.data
    assert Candidate.of(branch("d_channel: 16", "d_channel: 16"), after.text).data == after.data
    assert after.drop(["spans", "telco", "dtmf"]).data == bare.data
