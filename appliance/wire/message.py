# SPDX-License-Identifier: GPL-2.0-only
"""The base of everything that stands in an envelope's body."""

import msgspec


class Message(msgspec.Struct, frozen=True, tag_field="type", tag=True, kw_only=True, omit_defaults=True):
    """A message; the class name is its `type` on the wire. Fields are only ever added; unknown ones are ignored."""
