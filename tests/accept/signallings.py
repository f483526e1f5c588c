# SPDX-License-Identifier: GPL-2.0-only
"""Signalling between two ends of ours in virtual time: many calls, and what they leave behind."""

from appliance.signalling.pri.link import Profile
from appliance.signalling.r2.variant import names
from tests.accept.sheet import Sheet
from tests.line import test_traffic as pri
from tests.line.vpair_pair import VpairPair
from tests.media.virtual import virtual_engine
from tests.signalling.fxo import test_learning as fxo
from tests.signalling.r2 import test_traffic as r2

PRI_CALLS, PROFILE_CALLS, R2_CALLS = 2_000, 300, 50
LINES = range(20_000, 20_030)
"""Of the learner's held-out lines; `make soak` has ten of every mode."""


def run(sheet: Sheet) -> None:
    """All of it."""
    sheet.stage("many calls in virtual time")
    promise = f"{PRI_CALLS} PRI calls by E1, glare, D-channel drops"
    with sheet.guarded("K1", promise), virtual_engine() as host:
        _pri(sheet, promise, pri.Traffic(VpairPair(host, Profile.EUROISDN), seed=4), PRI_CALLS)
    for profile in Profile:
        promise = f"{PROFILE_CALLS} PRI calls of {profile}, frames lost"
        with sheet.guarded("K1", promise):
            _pri(sheet, promise, pri.Traffic(pri.in_memory(profile), seed=4), PROFILE_CALLS)
    promise = f"{R2_CALLS} R2 calls of each of {len(names())} variants, glare"
    with sheet.guarded("K2", promise):
        _r2(sheet, promise)
    promise = f"{len(LINES)} analogue lines learned in a minute of use each: wrong"
    with sheet.guarded("K3", promise):
        sheet.at_most("K3", promise, fxo.judged(LINES).total() / len(LINES), 1 - fxo.WANTED)


def _pri(sheet: Sheet, promise: str, traffic: pri.Traffic, calls: int) -> None:
    traffic.run(calls)
    traffic.finish()
    ends = (traffic.pair.net, traffic.pair.user)
    stuck = sum(30 - end.idle() + len(end.span.legs) + len(end.board.open) for end in ends)
    sheet.equal("K1", f"{promise}: stuck channels", stuck, 0)
    sheet.note(f"{traffic.answered} answered, causes {dict(sorted(traffic.causes.items()))}")


def _r2(sheet: Sheet, promise: str) -> None:
    unended = glare = 0
    for variant in names():
        traffic = r2.Traffic(variant, R2_CALLS)
        traffic.run()
        unended += traffic.placed + traffic.seized - traffic.ends.total()
        glare += traffic.ends[r2.GLARE]
    sheet.equal("K2", f"{promise}: calls without their one end", unended, 0)
    sheet.note(f"{glare} met")
