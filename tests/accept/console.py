# SPDX-License-Identifier: GPL-2.0-only
"""A technician at the box's serial port of 9600 baud while a caller talks to an agent.

How soon it answers, and that what is configured there touches no call that it does not concern.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

from appliance.config.candidate import Candidate
from appliance.simulator.states import State
from tests.accept.sheet import Sheet
from tests.accept.site import until
from tests.accept.talk import Rig, closed
from tests.cli.terminal import SERIAL, Terminal

FIRST_KEY_S, ANSWER_S, PAGE_S = 0.7, 0.5, 2.5
"""A page of 24 lines of 80 takes the line itself 2 s."""
PROMPT, CONFIGURES = "BR-0001> ", "BR-0001# "
BACK_S = 120.0
SERVING = ("engine", "line1", "call", "recorder")


async def run(rig: Rig, sheet: Sheet) -> None:
    """At the prompt, beside a talk."""
    sheet.stage("a technician at the serial port")
    with sheet.guarded("P5", "a serial line of 9600 baud serves"), _as_it_was(rig):
        call, phone = await rig.talking("02512366003")
        call.cue()
        starts = _starts(rig)
        await asyncio.to_thread(_keys, rig, sheet)
        await asyncio.to_thread(_version, rig, sheet)
        sheet.equal("P3", "lives of engine, lines and calls, a phone renamed and named as before", _starts(rig), starts)
        sheet.holds("P3", "the call beside it lives", call.state is not State.CLEARED)
        call.hang_up()
        await call.result()
        await closed(phone)


async def goes_back(rig: Rig, sheet: Sheet) -> None:
    """A version that nobody confirms."""
    with _as_it_was(rig):
        await asyncio.to_thread(_typed, rig, "configure", 'set name "On trial"', "commit confirmed 1")
        sheet.equal("P3", "a version on trial is the branch's own", _configured(rig)["name"], "On trial")
        took = await until(lambda: _configured(rig)["name"] != "On trial", BACK_S + 10, "it goes on")
        sheet.at_most("P3", "commit confirmed 1, which nobody confirms, is back after", took, BACK_S, "s")


def _prompt(rig: Rig, rate: int = 0) -> Terminal:
    return Terminal(
        [sys.executable, "-m", "appliance.cli"],
        rate,
        BRANCHLINE_CONFIG=str(rig.site.branch.configuration),
        BRANCHLINE_STATE=str(rig.site.branch.state),
        TERM="vt100",
        LANG="C.UTF-8",
    )


def _keys(rig: Rig, sheet: Sheet) -> None:
    line = _prompt(rig, SERIAL)
    try:
        line.type("sh\t")
        line.until(PROMPT)
        sheet.at_most(
            "P5", "9600 baud: from the start to the first key's answer", line.until("show "), FIRST_KEY_S, "s"
        )
        begun = time.monotonic()
        line.type("ru\t")
        line.until("running-config")
        sheet.at_most("P5", "9600 baud: Tab is answered after", time.monotonic() - begun, ANSWER_S, "s")
        line.type("\x15help\r")
        begun = time.monotonic()
        line.until("--More--")
        sheet.at_most("P5", "9600 baud: a page is there after", time.monotonic() - begun, PAGE_S, "s")
        line.type("q")
        line.until(PROMPT)
    finally:
        line.end()


def _version(rig: Rig, sheet: Sheet) -> None:
    """A change, what it changes, and back; what is shown can be pasted."""
    extension = rig.site.extensions[0]
    before, change = _configured(rig), f'set extensions {extension} name "Agent Wu"'
    told = _typed(rig, "configure", change, "show | compare", "commit")
    sheet.holds("P3", "a change is shown before it is made", f"+ {change}" in told)
    sheet.holds("P3", "it is made", _configured(rig) != before)
    _typed(rig, "configure", "rollback 1", "commit")
    sheet.holds("P3", "rollback 1 brings the version before", _configured(rig) == before)


def _typed(rig: Rig, *lines: str) -> str:
    """What came back, at a terminal that is fast."""
    prompt = _prompt(rig)
    try:
        prompt.until(PROMPT)
        said = ""
        for line in lines:
            prompt.type(f"{line}\r")
            prompt.until("\n")
            prompt.until(CONFIGURES, 60)
            said += prompt.passed
        return said
    finally:
        prompt.end()


def _configured(rig: Rig) -> dict[str, Any]:
    data: dict[str, Any] = Candidate.of(rig.site.branch.configuration).data
    return data


@contextlib.contextmanager
def _as_it_was(rig: Rig) -> Iterator[None]:
    """The file's own text afterwards, which later stages change."""
    file = rig.site.branch.configuration
    text = file.read_text()
    try:
        yield
    finally:
        file.write_text(text)


def _starts(rig: Rig) -> dict[str, int]:
    return {name: child["starts"] for name, child in rig.site.branch.children().items() if name in SERVING}
