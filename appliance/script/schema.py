# SPDX-License-Identifier: GPL-2.0-only
"""The script file's JSON Schema, for an editor that completes and marks as one types: docs/script.schema.json.

    python -m appliance.script.schema > docs/script.schema.json
    # yaml-language-server: $schema=…/docs/script.schema.json        the first line of a script, in VS Code and others

It is the form alone; what names mean, `script check` tells. A value that a YAML parser takes for a number or a truth is
a text where the schema says text, as when we read it.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from appliance.script.nodes import Text

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TRUTHS = (True, False, "yes", "no")


def schema() -> dict[str, Any]:
    """As msgspec says it, with what our reader does: patterns are whole, unknown keys mistakes, yes and no truths."""
    return {"$schema": DRAFT, "title": "Branchline script", **_read(msgspec.json.schema(Text))}


def _read(part: Any) -> Any:
    if isinstance(part, list):
        return [_read(one) for one in part]
    if not isinstance(part, Mapping):
        return part
    read = {key: _named(value) if key in ("properties", "$defs") else _below(key, value) for key, value in part.items()}
    if isinstance(pattern := part.get("pattern"), str):
        read["pattern"] = f"^(?:{pattern})$"
    if isinstance(part.get("properties"), Mapping):
        read["additionalProperties"] = False
    match part.get("type"):
        case "boolean":
            del read["type"]
            read["enum"] = list(_TRUTHS)
        case "string" if "enum" not in part:
            read["type"] = ["string", "number", "boolean"]
    return read


def _below(key: str, value: Any) -> Any:
    return value if key in ("default", "enum") else _read(value)


def _named(parts: Mapping[str, Any]) -> dict[str, Any]:
    """By names that are nobody's but the script's."""
    return {name: _read(one) for name, one in parts.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), ensure_ascii=False, indent=1) + "\n")
