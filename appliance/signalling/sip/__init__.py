# SPDX-License-Identifier: GPL-2.0-only
"""SIP: the worker (pjsua2, signalling only) and Kamailio in front of it."""
