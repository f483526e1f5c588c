# SPDX-License-Identifier: GPL-2.0-only
"""A cable in the guest's kernel with our engine at both its ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from drivers.dahdi import Control, E1Line, SpanChannels
from tests.vm.cable import Cable


@pytest.fixture(scope="session")
def control() -> Iterator[Control]:
    """DAHDI's control device."""
    control = Control()
    yield control
    control.close()


@pytest.fixture
def cable(control: Control) -> Iterator[Cable]:
    """Two spans end to end, configured and with all their channels open."""
    with ExitStack() as held:
        spans = []
        for end in (0, 1):
            spans.append(control.create_dynamic("loc", f"1:{end}"))
            held.callback(control.destroy_dynamic, "loc", f"1:{end}")
        for span in spans:
            control.configure(span, E1Line())
        ends = [SpanChannels(control, span) for span in spans]
        for channels in ends:
            held.callback(channels.close)
        yield Cable(control, tuple(spans), tuple(ends))
