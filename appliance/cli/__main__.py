# SPDX-License-Identifier: GPL-2.0-only
"""`python -m appliance.cli trace call ID [FILE]`: a capture of one call, for Wireshark.

ID is a contact's or a leg's, as the record and the logs name it. BRANCHLINE_STATE names the box's state. Exit status 1:
there is no such call; 2: it was asked for wrongly.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.cli.trace import trace_call


def main(arguments: Sequence[str]) -> int:
    """Do as told; sentences go to stderr."""
    told = _parser().parse_args(arguments)
    if not told.state:
        sys.stderr.write("which box? set BRANCHLINE_STATE, or --state, to its state directory\n")
        return 2
    return trace_call(Path(told.state), told.id, Path(told.file or f"{told.id}.pcapng"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m appliance.cli")
    parser.add_argument("--state", default=os.environ.get("BRANCHLINE_STATE", ""), help="the box's state directory")
    verbs = parser.add_subparsers(required=True, metavar="trace")
    trace = verbs.add_parser("trace", help="what was kept of a call").add_subparsers(required=True, metavar="call")
    call = trace.add_parser("call", help="a call's D-channel, bits, SIP and RTP as one pcapng file")
    call.add_argument("id", help="a contact or a leg")
    call.add_argument("file", nargs="?", help="ID.pcapng where it is left out")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
