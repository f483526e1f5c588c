# SPDX-License-Identifier: GPL-2.0-only
"""A duplex that ends with its test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.headquarters.duplex.site import DuplexSite


@pytest.fixture
def duplex(tmp_path: Path) -> Iterator[DuplexSite]:
    made = DuplexSite(tmp_path)
    try:
        yield made
    finally:
        made.close()
