# SPDX-License-Identifier: GPL-2.0-only
"""A branch and its headquarters to be looked at."""

from tests.headquarters.conftest import site

__all__ = ["site"]
