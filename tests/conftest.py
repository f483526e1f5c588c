# SPDX-License-Identifier: GPL-2.0-only
"""Hypothesis judges what is found, and no clock: beside others an example of 2 ms may take 400, and so may its making.

Each test has its own time limit.
"""

import contextlib

with contextlib.suppress(ImportError):  # the virtual machine of `make vm-test` has no Hypothesis
    from hypothesis import HealthCheck, settings

    settings.register_profile("beside-others", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("beside-others")
