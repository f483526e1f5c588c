# SPDX-License-Identifier: GPL-2.0-only
"""Updates: a signed image into the slot that does not run, one boot on trial, confirmed or given up with the reason."""
