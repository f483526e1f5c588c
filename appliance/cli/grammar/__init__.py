# SPDX-License-Identifier: GPL-2.0-only
"""One table says what may be typed; help, completion, checks and the manual are made of it."""
