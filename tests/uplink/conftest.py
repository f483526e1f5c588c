# SPDX-License-Identifier: GPL-2.0-only
"""The same site as headquarters' tests have."""

from tests.headquarters.conftest import site

__all__ = ["site"]
