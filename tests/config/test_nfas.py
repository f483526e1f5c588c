# SPDX-License-Identifier: GPL-2.0-only
"""What is said of a group of spans that cannot be one."""

from typing import Any

import msgspec
import pytest

from appliance.config.branch import CesopsnSpan, Span, Timers
from appliance.config.nfas import Nfas, faults
from appliance.config.scalars import Endpoint

pytestmark = pytest.mark.unit

TELCO: list[dict[str, Any]] = [
    {"interface": 0, "d_channel": "primary"},
    {"interface": 1, "d_channel": "backup"},
    {"interface": 2},
]


def spans(places: list[dict[str, Any]], **more: Any) -> list[Span]:
    """Spans one, two, three of group telco; `more` is the last one's."""
    made = [
        CesopsnSpan(
            name=name,
            local=Endpoint("127.0.0.1", 9101),
            remote=Endpoint("127.0.0.1", 9001),
            profile="national",
            nfas=Nfas(group="telco", **place),
        )
        for name, place in zip(("one", "two", "three"), places, strict=False)
    ]
    return [*made[:-1], msgspec.structs.replace(made[-1], **more)]


def told(of: list[Span]) -> list[tuple[str, str]]:
    """(place, sentence) of each fault."""
    return [(".".join(map(str, fault.keys)), fault.sentence) for fault in faults(dict(enumerate(of)))]


def test_a_group_with_two_d_channels_is_right() -> None:
    assert told(spans(TELCO)) == []


@pytest.mark.parametrize(
    ("places", "more", "where", "sentence"),
    [
        (TELCO[1:], {}, "spans.0.nfas", "group 'telco' has no span with d_channel: primary"),
        (
            [TELCO[0], {"interface": 0}],
            {},
            "spans.1.nfas.interface",
            "0 is one's already in group 'telco'",
        ),
        (
            [TELCO[0], {"interface": 1, "d_channel": "primary"}],
            {},
            "spans.1.nfas.d_channel",
            "primary is one's already in group 'telco'",
        ),
        (
            TELCO,
            {"profile": "4ess"},
            "spans.2.profile",
            "4ess, but one of the same group 'telco' has national",
        ),
        (
            TELCO,
            {"timers": Timers(t309_s=30)},
            "spans.2.timers.t309_s",
            "30, but one of the same group 'telco' has 6",
        ),
        (
            TELCO,
            {"d_channel": 7},
            "spans.2.d_channel",
            "another span of the group has the D-channel; leave the key out, or say primary or backup in nfas",
        ),
        (TELCO, {"side": "network"}, "spans.2.side", "network, but one of the same group 'telco' has user"),
        (
            [TELCO[0]],
            {"profile": "qsig"},
            "spans.0.nfas",
            "qsig cannot name a channel of another span; leave the key out",
        ),
        (
            [TELCO[0]],
            {"signalling": "r2", "variant": "cn"},
            "spans.0.nfas",
            "r2 has no D-channel to share; leave the key out",
        ),
    ],
)
def test_what_cannot_be_is_told_with_its_place(
    places: list[dict[str, Any]], more: dict[str, Any], where: str, sentence: str
) -> None:
    assert told(spans(places, **more)) == [(where, sentence)]
