# SPDX-License-Identifier: GPL-2.0-only
"""What the record knows that the router's journal may lack, as a life begins: agents' legs, and how tries ended.

A record that cannot be read keeps no router from its calls: then the journal's own legs count. What it lacks is told
again by the branches, and what a branch knows nothing of is over soon (ContactsLost).
"""

from typing import NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.reports.writer import Keeper
from appliance.router import slots
from appliance.router.state import State
from appliance.wire.envelope import Envelope

log = structlog.get_logger()


class Known(NamedTuple):
    """`legs` as a Keeper's open_agent_legs, `missed` as its ends_of."""

    legs: list[tuple[str, str, str, str, str]]
    missed: tuple[Envelope, ...] = ()


def known(writer: Keeper, state: State) -> Known:
    """Of the record, else of the journal's state."""
    try:
        return Known(writer.open_agent_legs(), writer.ends_of(state.tries))
    except SQLAlchemyError as error:
        log.error("headquarters.record.unread", error=str(getattr(error, "orig", None) or error).strip())
        agents = sorted(state.agents.items())
        return Known([("", slots.key_of(name), "", *leg) for name, one in agents for leg in sorted(one.legs.items())])
