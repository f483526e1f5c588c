# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters' record for commands that read it: in its state directory, or where its file says."""

import argparse
import os
import sys
from pathlib import Path

from sqlalchemy import Engine

from appliance.config import ConfigurationError, Headquarters
from appliance.config.files import load_role
from appliance.headquarters.reports import store


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config`."""
    parser.add_argument(
        "--config",
        default=os.environ.get("BRANCHLINE_CONFIG", ""),
        metavar="FILE",
        help="headquarters' file, if its record is elsewhere; else BRANCHLINE_CONFIG",
    )


def opened(told: argparse.Namespace) -> tuple[store.Place, Engine] | None:
    """Where it is, and a reader of it; None where that cannot be known, which stderr is told."""
    try:
        record = load_role(Path(told.config), Headquarters).record if told.config else None
        place = store.place_of(Path(told.state), record)
    except (ConfigurationError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return None
    return place, store.open_reader(place)
