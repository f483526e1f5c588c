# SPDX-License-Identifier: GPL-2.0-only
"""A box by SNMP: net-snmp's daemon speaks version 3 with the network, we tell it our objects by AgentX (RFC 2741)."""
