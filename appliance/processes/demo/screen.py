# SPDX-License-Identifier: GPL-2.0-only
"""What the demo shows: what runs, where the page is, and a line for each call when it has ended.

Calls are read from headquarters' record, as the page reads them; callers' numbers are cut to their last two digits.
"""

import asyncio
import sqlite3
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from appliance.config.branch import CesopsnSpan
from appliance.headquarters.reports import store
from appliance.headquarters.reports.reading import Record
from appliance.processes.demo.site import Site

POLL_S = 1.0


def say(text: str) -> None:
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def banner(site: Site) -> str:
    """What runs."""
    span = next(span for span in site.branch.spans if isinstance(span, CesopsnSpan))  # the demo's own site
    return "\n".join(
        [
            f"  page          {site.page}",
            f"  headquarters  {_children(site.state / 'headquarters')}",
            f"  branch        {_children(site.state / 'branch')}",
            f"  exchange      30 B-channels, E1 over UDP {span.remote} - {span.local}, robots call 95588",
            f"  phones        {' '.join(one.number for one in site.branch.extensions)} (baresip), answer by themselves",
            f"  logs          {site.state}/*/log",
            "  Ctrl-C or `make stop` ends all of it",
        ]
    )


def _children(state: Path) -> str:
    try:
        return " ".join(msgspec.json.decode((state / "run/processes.json").read_bytes(), type=dict[str, Any]))
    except (OSError, msgspec.DecodeError):
        return "not known"


async def tell_calls(site: Site) -> None:
    """Say each call that ends from now on. For ever; cancel to end."""
    path = store.path_of(site.state / "headquarters")
    record = Record(create_engine(f"sqlite:///file:{path}?mode=ro&uri=true"))
    told: set[str] | None = None
    while True:
        try:
            rows = await asyncio.to_thread(record.calls_before, None, 20)
        except (SQLAlchemyError, sqlite3.Error):  # headquarters is being started again
            rows = []
        if told is not None:
            for row in reversed(rows):
                if row["contact"] not in told:
                    say(line_of(row))
        told = (told or set()) | {row["contact"] for row in rows}
        await asyncio.sleep(POLL_S)


def line_of(row: dict[str, Any]) -> str:
    """A call that has ended, in one line."""
    at = datetime.fromtimestamp(row["ended_ns"] / 1e9).astimezone().strftime("%H:%M:%S")
    caller = f"…{row['clid'][-2:]}" if row["clid"] else "unknown"
    keyed = f", keyed {row['ced']}" if row["ced"] else ""
    talk = f", agent {row['agent']}" if row["agent"] else ""
    if row["talk_samples"]:
        talk += f", talk {row['talk_samples'] / 8000:.1f} s"
    return f"{at}  {caller} called {row['dnis']} on {row['channel']}{keyed}{talk}, cause {row['cause']} by {row['by']}"
