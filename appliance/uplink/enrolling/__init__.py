# SPDX-License-Identifier: GPL-2.0-only
"""How a box finds headquarters, proves who it is, and keeps its certificate good."""
