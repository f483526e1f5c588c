# SPDX-License-Identifier: GPL-2.0-only
"""A PostgreSQL that ends with its test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.postgresql import Server
from tests.headquarters.site import Site


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    try:
        yield made
    finally:
        made.close()
