# SPDX-License-Identifier: GPL-2.0-only
"""All boxes of a network: which there are, who they are, what each of them shall say."""
