# SPDX-License-Identifier: GPL-2.0-only
"""The same engine decides the same events alike: journals of this ENGINE are out there, and branches run it too.

Whoever decides otherwise, or tells it in other words or fields, raises ENGINE by one and puts in DECIDED what is told.
"""

import hashlib
from pathlib import Path

import pytest

from appliance.router.apply import ENGINE
from appliance.router.journal import Journal, fingerprint
from tests.router.recorded import recorded

pytestmark = pytest.mark.unit

DECIDED = "01304f8408334cc6"
"""What became of a day in which all goes wrong: its decisions, then the state at its end."""


def test_this_engine_decides_as_it_always_did(tmp_path: Path) -> None:
    crowd = recorded(tmp_path / "router.db", 150, faults=True)
    journal = Journal(tmp_path / "router.db", reads=True)
    decided = hashlib.blake2b(digest_size=8)
    for entry in journal.entries(0):
        decided.update(entry.decided)
    journal.close()
    decided.update(fingerprint(crowd.state))
    assert decided.hexdigest() == DECIDED, f"engine {ENGINE} decides otherwise than it did, or it is a new one"
