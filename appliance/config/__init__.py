# SPDX-License-Identifier: GPL-2.0-only
"""Configuration: one YAML file a box, every scalar typed by the schema, every mistake told with its place."""

from appliance.config.branch import Branch, SrtpUse
from appliance.config.errors import EXIT_STATUS, ConfigurationError, Mistake
from appliance.config.files import AnyBox, exit_with, listeners, load, load_or_exit
from appliance.config.headquarters import Headquarters
from appliance.config.ports import Listener
from appliance.config.reader import Check, Fault, Keys, read
from appliance.config.scalars import Endpoint
from appliance.config.secrets import read_secret
from appliance.config.voter import Voter

__all__ = [
    "EXIT_STATUS",
    "AnyBox",
    "Branch",
    "Check",
    "ConfigurationError",
    "Endpoint",
    "Fault",
    "Headquarters",
    "Keys",
    "Listener",
    "Mistake",
    "SrtpUse",
    "Voter",
    "exit_with",
    "listeners",
    "load",
    "load_or_exit",
    "read",
    "read_secret",
]
