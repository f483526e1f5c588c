# SPDX-License-Identifier: GPL-2.0-only
"""What lately happened to a call: kept always, written as one capture when somebody asks."""
