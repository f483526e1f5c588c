# SPDX-License-Identifier: GPL-2.0-only
"""`python -m tests.fuzz.run KIND SEED SECONDS FILE`: rounds of one kind of trouble until the time is up.

What is fed is in FILE, a round at a time and before it is heard, so that it is there when the process is not. The same
seed does the same again (virtual time, PYTHONHASHSEED=0).
"""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import structlog

from tests.fuzz import cas, d_channel, r2

KINDS: dict[str, Callable[[Random, Callable[[str], None]], Iterator[None]]] = {
    "d_channel": d_channel.rounds,
    "r2": r2.rounds,
    "cas": cas.rounds,
}


def main(kind: str, seed: str, seconds: str, name: str) -> None:
    """Prints how many rounds and inputs there were."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    fed, until = 0, time.monotonic() + float(seconds)
    with Path(name).open("w", buffering=1) as file:

        def note(what: str) -> None:
            nonlocal fed
            fed += 1
            file.write(what + "\n")

        for number, _ in enumerate(KINDS[kind](Random(seed), note), 1):  # noqa: S311
            if time.monotonic() >= until:
                break
            file.seek(0)
            file.truncate()
            file.write(f"# {kind}, seed {seed}, after round {number}\n")
    sys.stdout.write(f"{number} rounds, {fed} inputs\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
