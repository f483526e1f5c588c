# SPDX-License-Identifier: GPL-2.0-only
"""The SIP worker of an engine that bears two legs of Opus and a little; of SRTP it offers one suite a call, in turns.

Of several suites baresip would always take the first.
"""

import itertools

from appliance.processes.sip import main
from appliance.signalling.sip import crypto, load
from dsp.sdes import Crypto

TURNS = itertools.cycle(crypto.OFFERED)


def _one(before: crypto.Keys | None, whole=crypto.offered) -> tuple[Crypto, ...]:  # type: ignore[no-untyped-def]
    if before is not None:
        return whole(before)  # type: ignore[no-any-return]
    suite = next(TURNS)
    return tuple(line for line in whole(None) if line.keys[0].suite is suite)


if __name__ == "__main__":
    crypto.offered = _one
    load.ABOVE_US = 50
    main()
