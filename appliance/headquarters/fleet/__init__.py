# SPDX-License-Identifier: GPL-2.0-only
"""All boxes of a network: which there are, and what each of them shall say."""
