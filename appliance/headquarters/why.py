# SPDX-License-Identifier: GPL-2.0-only
"""Why a call went where it went: each decision, the agents that were looked at for it, and what followed.

From the record alone, so a call that is going on is told as far as it is known.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from appliance.config.scalars import nearest
from appliance.headquarters.reports.reading import Record, Row

CALLS_LIMIT = 1_000
NAMES_LIMIT = 500

_CANDIDATES = re.compile(r"([A-Za-z0-9._/-]{1,64}(?:,[A-Za-z0-9._/-]{1,64})*) (\S.*)")
"""An agent, or several of whom the same is so, and what that is."""
_STATES = ("available", "reserved", "busy", "wrap-up", "interrupted", "not-ready", "logged-out")
_VERDICTS = (*_STATES, "no ", "refused", "branch not heard", "at another branch")


class UnknownCallError(LookupError):
    """No call of that name, or not so many: `near` is what was most likely meant, `calls` what the caller has made."""

    def __init__(self, asked: str, near: str | None = None, calls: int = 0) -> None:
        self.asked, self.near, self.calls = asked, near, calls
        if calls:
            sentence = f"{asked} is known from {calls} calls; --number takes 1 (the last) to {calls}"
        else:
            end = f"did you mean {near}?" if near else "a contact, a leg or a caller's number is asked for"
            sentence = f"{asked}: no such call in the record; {end}"
        super().__init__(sentence)


def why(record: Record, asked: str, number: int = 1) -> Row:
    """The call of a contact, a leg, or a caller (the `number`th from the last), as Record.call and more.

    A decision has the `candidates` that were looked at (queue, agent, verdict, whether `chosen`), and what `followed`
    it, each `after_ns`. Raises: UnknownCallError.
    """
    contacts = record.contacts_of(asked, CALLS_LIMIT)
    if not contacts:
        raise UnknownCallError(asked, nearest(asked, record.names(NAMES_LIMIT)))
    if not 1 <= number <= len(contacts):
        raise UnknownCallError(asked, calls=len(contacts))
    call = record.call(contacts[number - 1])
    if call is None:  # of this leg nothing else is known yet
        raise UnknownCallError(asked)
    for one, after in pairwise((*call["decisions"], None)):
        one["candidates"] = [seen | {"chosen": _is_chosen(seen, one)} for seen in _candidates(one["compared"])]
        one["followed"] = sorted(_followed(one, after, call), key=lambda step: int(step["after_ns"]))
    return call


def _candidates(compared: dict[str, str]) -> Iterator[Row]:
    """Those that `compared` tells of, which keeps the rest."""
    for queue, value in tuple(compared.items()):
        parts = [_CANDIDATES.fullmatch(part) for part in value.split("; ")]
        if all(parts) and any(part and part[2].startswith(_VERDICTS) for part in parts):
            del compared[queue]
            for part in filter(None, parts):
                yield from ({"queue": queue, "agent": agent, "verdict": part[2]} for agent in part[1].split(","))


def _is_chosen(seen: Row, one: Row) -> bool:
    """In the queue that found them; which slot of theirs the reason tells alone."""
    action, agent = one["action"], str(seen["agent"])
    if action.get("queue", "") not in ("", seen["queue"]):
        return False
    return agent == action.get("agent") or ("/" in agent and f"({agent})" in one["reason"])


def _followed(one: Row, after: Row | None, call: Row) -> Iterator[Row]:
    """Up to the next question, or the call's end."""
    begins_ns = one["at_ns"]
    for leg in _placed(call["legs"], begins_ns, after["at_ns"] if after else None):
        party = "called" if one["action"]["do"] in ("tandem", "label") else "agent"
        yield {"what": "rang", "after_ns": leg["began_ns"] - begins_ns, "channel": leg["channel"]}
        if leg["connected_ns"] is not None:
            yield {"what": "answered", "after_ns": leg["connected_ns"] - begins_ns}
        if leg["ended_ns"] is not None:
            by = party if leg["by"] == "peer" else leg["by"]
            yield {"what": "released", "after_ns": leg["ended_ns"] - begins_ns, "cause": leg["cause"], "by": by}
    if after is not None:
        asked_ns = after["at_ns"] - round(after["latency_ms"] * 1e6)
        yield {"what": "asked", "after_ns": asked_ns - begins_ns, "outcome": after["outcome"]}
    elif call["ended_ns"] is not None:
        ended = {"what": "ended", "after_ns": call["ended_ns"] - begins_ns}
        yield {**ended, "cause": call["cause"], "by": call["by"]}


def _placed(legs: Sequence[Row], from_ns: int, before_ns: int | None) -> Iterator[Row]:
    for leg in legs:
        began_ns = leg["began_ns"]
        if leg["direction"] != "outgoing" or began_ns is None or began_ns < from_ns:
            continue
        if before_ns is None or began_ns < before_ns:
            yield leg
