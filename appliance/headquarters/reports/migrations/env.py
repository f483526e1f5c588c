# SPDX-License-Identifier: GPL-2.0-only
"""Run by Alembic: each version's step, within the transaction of whoever has opened the record."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
