# SPDX-License-Identifier: GPL-2.0-only
"""The project's own pjsua2: source from Debian's archive, built once a machine, kept as a wheel in the cache."""
