# SPDX-License-Identifier: GPL-2.0-only
"""The acceptance sheet: one line per promise, with the figure that was measured and the bar it must pass.

A line is `{id, promise, value, unit, bar, result, seconds, command}`; id is the row of the mission. Values that have
no bar are printed beside the line they explain (`note`), because a line must be able to fail.

A deadline (a bar in ms or s) or a cost that is missed once may be the machine's doing: its stage is carried out once
more, and the second figure stands, beside the first. Whatever else fails has failed.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

_MARKS = {"pass": "ok  ", "fail": "FAIL"}
_OF_THE_MACHINE = frozenset({"ms", "s", "% of a core"})


class Line(msgspec.Struct, frozen=True):
    """One promise, measured."""

    id: str
    promise: str
    value: float | str
    unit: str
    bar: str
    result: str
    seconds: float
    command: str

    @property
    def late(self) -> bool:
        """A deadline or a cost missed."""
        return self.result == "fail" and self.unit in _OF_THE_MACHINE and self.bar[:1] in "≤±"


class Sheet:
    """Collects lines and prints each as it is known."""

    def __init__(self, command: str) -> None:
        self.lines: list[Line] = []
        self.part = ""
        """The stage, by the name it is asked for with, that the next lines come from."""
        self._parts: list[str] = []
        self._command = command
        self._since = time.monotonic()

    def at_least(self, row: str, promise: str, value: float, bar: float, unit: str = "") -> None:
        """Pass if value ≥ bar."""
        self._add(row, promise, value, unit, f"≥ {bar:g}", passed=value >= bar)

    def at_most(self, row: str, promise: str, value: float, bar: float, unit: str = "") -> None:
        """Pass if value ≤ bar."""
        self._add(row, promise, value, unit, f"≤ {bar:g}", passed=value <= bar)

    def within(self, row: str, promise: str, value: float, bar: float, unit: str = "") -> None:
        """Pass if |value| ≤ bar."""
        self._add(row, promise, value, unit, f"± {bar:g}", passed=abs(value) <= bar)

    def equal(self, row: str, promise: str, value: object, bar: object, unit: str = "") -> None:
        """Pass if both are the same."""
        shown = value if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
        self._add(row, promise, shown, unit, f"= {bar}", passed=value == bar)

    def holds(self, row: str, promise: str, truth: object) -> None:
        """Pass if it is so."""
        self._add(row, promise, "yes" if truth else "no", "", "= yes", passed=bool(truth))

    def note(self, sentence: str) -> None:
        """A figure without a bar."""
        _say(f"      {'':5} {sentence}")

    def stage(self, name: str) -> None:
        """A heading; the next line's time counts from here."""
        self._since = time.monotonic()
        _say(f"\n  {name}")

    @contextmanager
    def guarded(self, row: str, promise: str) -> Iterator[None]:
        """A stage that cannot be carried out is a failed line with the reason, and the sheet goes on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  whatever broke, it broke this promise
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:400]
            self._add(row, promise, reason, "", "= carried out", passed=False)

    @property
    def failed(self) -> list[Line]:
        """Lines below their bar."""
        return [line for line in self.lines if line.result == "fail"]

    def late_parts(self) -> tuple[str, ...]:
        """Stages to carry out once more."""
        late = [part for part, line in zip(self._parts, self.lines, strict=True) if line.late]
        return tuple(dict.fromkeys(late))

    def settle(self, again: "Sheet") -> None:
        """What those stages gave the second time: a deadline kept then is kept; what failed then has failed."""
        second = {(line.id, line.promise): line for line in again.lines}
        for at, line in enumerate(self.lines):
            kept = second.pop((line.id, line.promise), line)
            if line.late and kept.result == "pass":
                figures = f"{line.value}, then {kept.value} {line.unit}, bar {line.bar}"
                _say(f"late once: {line.id} {line.promise}: {figures}")
            if line.late or kept.result == "fail":
                self.lines[at] = kept
        for line in second.values():
            if line.result == "fail":
                self.lines.append(line)
                self._parts.append("")

    def close(self, json_file: str | None) -> int:
        """Print the last line, write the data; the exit status."""
        if json_file:
            Path(json_file).write_bytes(msgspec.json.format(msgspec.json.encode(self.lines)) + b"\n")
        passed = len(self.lines) - len(self.failed)
        _say("")
        for line in self.failed:
            _say(f"below the bar: {line.id} {line.promise}: {line.value} {line.unit}, bar {line.bar}")
        _say(f"ACCEPT: {passed} of {len(self.lines)} promises kept")
        return 0 if self.lines and not self.failed else 1

    def _add(self, row: str, promise: str, value: float | str, unit: str, bar: str, *, passed: bool) -> None:
        now = time.monotonic()
        result = "pass" if passed else "fail"
        rounded = round(value, 4) if isinstance(value, float) else value
        line = Line(row, promise, rounded, unit, bar, result, round(now - self._since, 2), self._command)
        self._since = now
        self.lines.append(line)
        self._parts.append(self.part)
        shown = f"{rounded:g}" if isinstance(rounded, int | float) else rounded
        _say(f"  {_MARKS[result]} {row:5} {promise:<72} {shown:>10} {unit:<6} {bar}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
