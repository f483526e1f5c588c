# SPDX-License-Identifier: GPL-2.0-only
"""What a technician types at a box: `python -m appliance.cli`."""
