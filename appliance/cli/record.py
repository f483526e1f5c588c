# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters' record for commands that read it: in its state directory, or where its file says."""

import argparse
import os
from pathlib import Path

from appliance.config import Headquarters
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


def place(told: argparse.Namespace) -> store.Place:
    """Where it is. Raises ConfigurationError, OSError."""
    record = load_role(Path(told.config), Headquarters).record if told.config else None
    return store.place_of(Path(told.state), record)
