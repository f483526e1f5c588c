# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the engine's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.media.rig import Side, pair


@pytest.fixture
def sides() -> Iterator[tuple[Side, Side]]:
    """Exchange and branch, joined by one E1."""
    with pair() as joined:
        yield joined
