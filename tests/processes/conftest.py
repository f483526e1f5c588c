# SPDX-License-Identifier: GPL-2.0-only
"""One event loop for all stories of a module: its boxes run on from one to the next."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """Of this module."""
    with asyncio.Runner() as runner:
        yield runner
