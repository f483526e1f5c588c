# SPDX-License-Identifier: GPL-2.0-only
"""Metrics in Prometheus' text format, made when they are asked for of what the processes have told before."""
