# SPDX-License-Identifier: GPL-2.0-only
"""The whole system in the foreground: headquarters, a branch, the simulated exchange with its callers, and a phone."""
