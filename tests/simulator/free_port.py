# SPDX-License-Identifier: GPL-2.0-only
"""UDP ports from the system, for spans."""

import socket


def free_port() -> tuple[str, int]:
    """An address on loopback that nobody had a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
        return host, port
