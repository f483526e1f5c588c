# SPDX-License-Identifier: GPL-2.0-only
"""`buildroot-config/` held against itself, the locks and what it takes of Buildroot, without a Buildroot."""
