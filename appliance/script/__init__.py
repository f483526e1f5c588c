# SPDX-License-Identifier: GPL-2.0-only
"""The script language: what is done with a contact, as named nodes in a YAML file."""
