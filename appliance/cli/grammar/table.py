# SPDX-License-Identifier: GPL-2.0-only
"""The table of `commands.toml`, read once."""

from importlib.resources import files

import msgspec

from appliance.cli.grammar.kinds import Form
from appliance.cli.grammar.syntax import Command


class Table(msgspec.Struct, frozen=True):
    """Commands in the order in which help shows them; `head`: words that several share; `kind`: of arguments."""

    command: tuple[Command, ...]
    head: dict[str, tuple[str, str]]
    kind: dict[str, Form]


TABLE = msgspec.toml.decode(files("appliance.cli.grammar").joinpath("commands.toml").read_bytes(), type=Table)
