# SPDX-License-Identifier: GPL-2.0-only
"""The fields that travel with a contact: what a script declares, what comes in, how it is kept between requests."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from appliance.script.expression import NAMES, Value, number_of
from appliance.script.nodes import ContextField, Kind

LIMIT = 16_384
"""Octets of all fields of a contact together, encoded."""

KINDS: Mapping[Kind, type] = {Kind.TEXT: str, Kind.NUMBER: Decimal, Kind.TRUTH: bool}
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def names(context: Mapping[str, ContextField]) -> dict[str, type]:
    """What expressions may name."""
    return {name: KINDS[field.kind] for name, field in context.items()} | dict(NAMES)


def default(field: ContextField) -> Value:
    """Before it is written. Raises ValueError."""
    return read(field, field.default or {Kind.NUMBER: "0", Kind.TRUTH: "no"}.get(field.kind, ""))


def read(field: ContextField, text: str) -> Value:
    """As the field's kind. Raises ValueError."""
    match field.kind:
        case Kind.TEXT:
            return text
        case Kind.NUMBER:
            return number_of(text)
    if text not in ("yes", "no"):
        raise ValueError(f"{text!r} is neither yes nor no")
    return text == "yes"


def taken(context: Mapping[str, ContextField], fields: Mapping[str, Value]) -> dict[str, Value]:
    """Those of the script, as they came in with their kind; any other is an older script's."""
    if not context:
        return {}
    own = {name: default(field) for name, field in context.items()}
    return {name: fields[name] if type(fields.get(name)) is type(value) else value for name, value in own.items()}


def shown(value: Value) -> str:
    """For people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def encoded(fields: Mapping[str, Value]) -> bytes:
    """JSON; numbers as digits, so that `decoded` gives each field back with its kind."""
    return _ENCODER.encode(fields)


def decoded(octets: bytes) -> dict[str, Value]:
    """What `encoded` gave. Raises msgspec.DecodeError."""
    found: dict[str, str | bool | int | Decimal] = _DECODER.decode(octets)
    return {name: value if isinstance(value, str | bool) else Decimal(value) for name, value in found.items()}
