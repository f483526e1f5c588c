# SPDX-License-Identifier: GPL-2.0-only
"""Samples as text: the format of Prometheus, version 0.0.4."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from appliance.diagnostics.metrics.series import NAMED, PREFIX

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Sample(NamedTuple):
    """A value of a series; `labels` in the table's order."""

    name: str
    labels: tuple[str, ...]
    value: float


def sample(name: str, value: float, *labels: object) -> Sample:
    """One, as collectors make it."""
    return Sample(name, tuple(map(str, labels)), value)


def text(samples: Iterable[Sample]) -> str:
    """All of them, the series in the table's order. Raises KeyError, ValueError for what the table has not."""
    by_name: dict[str, list[Sample]] = {name: [] for name in NAMED}
    for one in samples:
        by_name[one.name].append(one)
    return "".join(f"{line}\n" for name, told in by_name.items() if told for line in _lines(name, told))


def _lines(name: str, told: Iterable[Sample]) -> Iterator[str]:
    series = NAMED[name]
    yield f"# HELP {PREFIX}{name} {series.said.translate(_ESCAPES)}"
    yield f"# TYPE {PREFIX}{name} {series.kind}"
    for one in told:
        yield _line(name, dict(zip(series.labels, one.labels, strict=True)), one.value)


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    said = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels.items())
    return f"{PREFIX}{name}{{{said}}} {value!r}" if said else f"{PREFIX}{name} {value!r}"
