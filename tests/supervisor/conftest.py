# SPDX-License-Identifier: GPL-2.0-only
"""Tests that are coroutines run on asyncio."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The product's loop."""
    return "asyncio"
