# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters to be asked."""

from tests.headquarters.conftest import site

__all__ = ["site"]
