# SPDX-License-Identifier: GPL-2.0-only
"""A headquarters that enrols boxes, and ends with its test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.headquarters.fleet.rig import Fleet
from tests.headquarters.site import Site


@pytest.fixture(scope="package")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One for all tests here: each has boxes of its own."""
    folder: Path = tmp_path_factory.mktemp("fleet")
    site = Site(folder)
    made = Fleet(site)
    try:
        made.start()
        yield made
    finally:
        site.close()
