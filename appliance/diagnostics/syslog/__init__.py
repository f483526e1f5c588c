# SPDX-License-Identifier: GPL-2.0-only
"""The box's log to a collector: syslog (RFC 5424) over TLS (RFC 5425)."""
