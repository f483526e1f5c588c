# SPDX-License-Identifier: GPL-2.0-only
"""Words to commands: the first word names a module here, which reads the others. Returns the exit status."""

import importlib
import sys
from collections.abc import Sequence

from appliance.config.scalars import suggestion

INTERRUPTED = 130  # as a shell tells of SIGINT
USAGE = """\
show alarms            what is wrong on this box, and what to do
show spans             its lines: signal, channels, whose fault
line test span N       a minute's test of a span beside its calls
line loop span N       a loop for the far end's test
line history span N    how well it carried, and whose fault it is
line learned span N    what its analogue lines have shown of themselves
trace call ID [FILE]   a call as one file for Wireshark
router verify [DAY]    headquarters: a day's events decided once more
router replay [DAY]    headquarters: a day with other scripts or rules, beside what was
script check FILE...   headquarters: routing scripts, and all that is wrong with them
script show FILE       a routing script as a tree
script history [NAME]  headquarters: which version since when; text and diff: what it says
show agents            headquarters: who is ready, since when; show queues: who waits
agent ID ready         headquarters: or not-ready [REASON], log-in, log-out
agent ID transfer N    headquarters: their caller to number N; consult N, then complete or reconnect
agent ID contact       headquarters: what they have before them; note TEXT writes into it
show callbacks         headquarters: who is called back, since when, with what luck
callback add NUMBER QUEUE  or cancel ID: headquarters: a customer is called when an agent is free, or not any more
show voicemail [MAILBOX]  headquarters: messages of callers; voicemail heard MESSAGE, new, delete
why CALL               headquarters: why a call went where it went
report queue           headquarters: a day's statistics; call-type, agent, trunk
report verify [DAY]    headquarters: a day's statistics counted once more
-h after the first word says what else they take
"""
COMMANDS = ("agent", "callback", "line", "report", "router", "script", "show", "trace", "voicemail", "why")


def main(words: Sequence[str]) -> int:
    """0: well; 1: what was asked about is not well; 2: it could not be asked; 130: Ctrl-C."""
    if words and words[0] in COMMANDS:
        try:
            # When it is typed, so that a branch's alarms do not wait for what headquarters' reports need.
            return int(importlib.import_module(f"appliance.cli.{words[0]}").main(words[1:]))
        except KeyboardInterrupt:
            return INTERRUPTED
    if words and words[0] in ("help", "-h", "--help"):
        sys.stdout.write(USAGE)
        return 0
    sys.stderr.write(f"{words[0]!r} is no command; {suggestion(words[0], COMMANDS)}\n" if words else USAGE)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
