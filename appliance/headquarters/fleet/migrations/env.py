# SPDX-License-Identifier: GPL-2.0-only
"""Run by Alembic: each version's step, within the transaction of whoever has opened the store."""

from alembic import context

from appliance.headquarters.fleet.schema import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
