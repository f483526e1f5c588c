# SPDX-License-Identifier: GPL-2.0-only
"""A cable in the guest's kernel with our engine at both its ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from drivers.dahdi import Control, E1Line, SpanChannels, T1Line
from drivers.dahdi.abi import Use
from drivers.model import TIMESLOTS, DigitalLine
from tests.vm.cable import Cable


@pytest.fixture(scope="session")
def control() -> Iterator[Control]:
    """DAHDI's control device."""
    control = Control()
    yield control
    control.close()


@contextmanager
def laid(control: Control, line: E1Line | T1Line, use: Use = Use.CLEAR) -> Iterator[Cable]:
    """Two spans end to end, configured and with all their channels open."""
    kind: DigitalLine = "t1" if isinstance(line, T1Line) else "e1"
    with ExitStack() as held:
        spans = []
        for end in (0, 1):
            spans.append(control.create_dynamic("loc", f"1:{end}", len(TIMESLOTS[kind])))
            held.callback(control.destroy_dynamic, "loc", f"1:{end}")
        for span in spans:
            control.configure(span, line, use)
        ends = [SpanChannels(control, span) for span in spans]
        for channels in ends:
            held.callback(channels.close)
        yield Cable(control, tuple(spans), tuple(ends), kind)


@pytest.fixture
def cable(control: Control) -> Iterator[Cable]:
    """An E1, its timeslots clear."""
    with laid(control, E1Line()) as cable:
        yield cable


@pytest.fixture
def t1(control: Control) -> Iterator[Cable]:
    """A T1, its timeslots clear."""
    with laid(control, T1Line()) as cable:
        yield cable


@pytest.fixture(params=[E1Line(signalling="cas"), T1Line()], ids=["e1", "t1"])
def trunk(control: Control, request: pytest.FixtureRequest) -> Iterator[Cable]:
    """Either with CAS."""
    with laid(control, request.param, Use.CAS) as cable:
        yield cable
