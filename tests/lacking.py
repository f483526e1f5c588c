# SPDX-License-Identifier: GPL-2.0-only
"""What a test needs of the machine and may not find: left out by whoever has it not, a failure where nobody looks."""

import os

import pytest


def needs(found: object, what: str) -> None:
    """Leave the test out where `what` was not found; with CI=true it has failed: green would say that it passed."""
    if found:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}: without it this promise is not proved, and CI=true says that it is to be", pytrace=False)
    pytest.skip(what)
