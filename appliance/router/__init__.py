# SPDX-License-Identifier: GPL-2.0-only
"""The router: which script a contact runs and which agent takes it, as one pure state machine."""
