# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters' record for commands that read it: in its state directory, or where its file says."""

import argparse
import os
import sys
from pathlib import Path
from typing import NamedTuple

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
        help="headquarters' file, for a record elsewhere, services, teams and sites; else BRANCHLINE_CONFIG",
    )


class Opened(NamedTuple):
    """A reader of the record, where that is, and headquarters' file, if it was named."""

    place: store.Place
    engine: Engine
    config: Headquarters | None


def opened(told: argparse.Namespace) -> Opened | None:
    """None where that cannot be known, which stderr is told."""
    try:
        config = load_role(Path(told.config), Headquarters) if told.config else None
        place = store.place_of(Path(told.state), config.record if config else None)
    except (ConfigurationError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return None
    return Opened(place, store.open_reader(place), config)
