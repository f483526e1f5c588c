# SPDX-License-Identifier: GPL-2.0-only
"""The SIP worker with less patience for orphans than the product has; run as a process by the conformance test."""

from appliance.config import Branch, load_or_exit
from appliance.media.engine import Engine
from appliance.media.events import Client
from appliance.processes.environment import state_directory
from appliance.processes.sip import Process, serve
from appliance.supervisor import logs

ORPHANS_S = 1.0


def main() -> None:
    """Start from the environment."""
    logs.configure("sip")
    serve(Process(load_or_exit(Branch), state_directory(), Engine.from_environment(Client.SIP), ORPHANS_S))


if __name__ == "__main__":
    main()
