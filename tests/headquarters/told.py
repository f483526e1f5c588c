# SPDX-License-Identifier: GPL-2.0-only
"""Contacts as a branch tells them, at chosen moments, and what is counted of them."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
from sqlalchemy import Engine, select

from appliance.headquarters.reports import schema, store
from appliance.headquarters.reports.intervals import counting
from appliance.headquarters.reports.intervals.figures import FIELDS, Figures, Key
from appliance.wire import calls
from appliance.wire.envelope import Envelope
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import Action, Release, RingAgent, Treat
from appliance.wire.treatments import Music, Play

BOX = "BR-0001"
S = 1_000_000_000
DAY_NS = 86_400 * S
TEN_NS = 1_795_514_400 * S
"""2026-11-24, 10:00 UTC."""
ASKS = Treat(verbs=(Play(prompts=("hello-world",)),))
HOLD = Treat(verbs=(Music(prompts=("queue-thankyou",), seconds=20),))
BUSY = Release(cause=17)
C = "BR-0001.x.1"


def story(
    *steps: tuple[float, calls.CallEvent], contact: str = C, at_ns: int = TEN_NS, life: str = "a", first: int = 1
) -> list[Envelope]:
    """Envelopes of what happened so many seconds after `at_ns`, in this order, in one life of call control."""
    return [
        Envelope(
            id=f"{contact}.{life}.{place}",
            box=BOX,
            process="call",
            incarnation=f"{life}.{contact}",
            seq=first + place,
            mono_ns=round(after * S),
            at_ns=at_ns + round(after * S),
            body=msgspec.structs.replace(body, contact=contact),
        )
        for place, (after, body) in enumerate(steps)
    ]


def began(trunk: str | None = "telco") -> calls.ContactBegan:
    return calls.ContactBegan(contact="", leg="L1", channel="span 1 timeslot 5", dnis="95588", trunk=trunk)


def decided(
    action: Action, *queues: str, outcome: str = "offered", call_type: str = "card", by: str = "headquarters"
) -> calls.RouteDecided:
    return calls.RouteDecided(
        contact="",
        by=by,
        latency_ms=1.0,
        action=action,
        reason="",
        outcome=outcome,
        call_type=call_type,
        queues=queues,
    )


def ring(queue: str = "gold", agent: str = "1001") -> RingAgent:
    return RingAgent(agent=agent, extension="8001", queue=queue, token="t")


def rung(leg: str = "L2", agent: str | None = "1001") -> calls.LegBegan:
    return calls.LegBegan(contact="", leg=leg, direction=Direction.OUTGOING, channel="sip 8001", to="8001", agent=agent)


def unanswered(leg: str = "L2", cause: int = 19) -> calls.LegEnded:
    return calls.LegEnded(contact="", leg=leg, cause=cause, by=ReleasedBy.US, sample=0)


def talk(leg: str = "L2") -> calls.TalkBegan:
    return calls.TalkBegan(contact="", leg=leg, sample=0)


def talked(seconds: int) -> calls.TalkEnded:
    return calls.TalkEnded(contact="", sample=0, samples=seconds * 8000)


def caller_gone(by: ReleasedBy = ReleasedBy.PEER) -> calls.LegEnded:
    return calls.LegEnded(contact="", leg="L1", cause=16, by=by, sample=0)


def ended(by: str = "caller", cause: int = 16) -> calls.ContactEnded:
    return calls.ContactEnded(contact="", cause=cause, by=by)


WAITED = ((0, began()), (1, decided(HOLD, "gold")), (31, caller_gone()), (31, ended()))
ANSWERED = ((0, began()), (1, decided(ring())), (1, rung()), (6, talk()), (66, talked(60)), (67, ended()))


def intervals(engine: Engine) -> dict[Key, Figures]:
    """As they are stored, but for those of which nothing is left."""
    table = schema.interval.c
    columns = [table[name] for name in FIELDS]
    with engine.connect() as reader:
        rows = reader.execute(select(table.kind, table.name, table.start_ns, *columns))
        told = {Key(*row[:3]): Figures(*row[3:]) for row in rows}
    return {key: row for key, row in told.items() if row != Figures()}


def differences(path: Path, from_ns: int = 0, to_ns: int = 4 * 10**18) -> list[counting.Difference]:
    """Between what is stored and what the events say."""
    engine = store.open_reader(path)
    with engine.connect() as reader:
        found = counting.differences(reader, from_ns, to_ns)[1]
    engine.dispose()
    return found


def row_of(rows: dict[Key, Figures], kind: str, name: str) -> dict[str, int]:
    """The one row of this name, without its zeros."""
    (found,) = [row for key, row in rows.items() if (key.kind, key.name) == (kind, name)]
    return {field: value for field, value in msgspec.structs.asdict(found).items() if value}


def batches(events: Iterable[Envelope], size: int = 100) -> list[list[Envelope]]:
    told = list(events)
    return [told[first : first + size] for first in range(0, len(told), size)]
