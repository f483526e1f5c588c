# SPDX-License-Identifier: GPL-2.0-only
"""A recorded day once more, with other scripts or rules: what would have happened."""
