# SPDX-License-Identifier: GPL-2.0-only
"""A box seen from outside: metrics, SNMP, its log sent on, an archive for whoever is asked for help."""
