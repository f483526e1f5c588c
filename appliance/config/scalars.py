# SPDX-License-Identifier: GPL-2.0-only
"""A scalar's text to the type that the schema names. Every refusal is a ValueError whose text is the sentence."""

import difflib
import enum
import ipaddress
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, inspect

Number = Annotated[str, Meta(pattern="[0-9*#+]{1,20}")]
AgentId = Annotated[str, Meta(pattern="[A-Za-z0-9._-]{1,32}")]
Realm = Annotated[str, Meta(pattern=r"[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?")]
PacketMs = Literal[5, 10, 20]
"""RTP packets that the engine can send."""
Serial = Annotated[str, Meta(pattern="[A-Z0-9][A-Z0-9-]{0,31}")]
HostName = Annotated[str, Meta(pattern=r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")]
_TRUTH = {"yes": True, "true": True, "no": False, "false": False}


class Endpoint(NamedTuple):
    """An IPv4 address and a port, written `127.0.0.1:5060`; usable as a socket address."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> "Endpoint":
        """From its written form. Raises ValueError."""
        address, colon, port = text.rpartition(":")
        try:
            ipaddress.IPv4Address(address)
        except ValueError:
            colon = ""
        if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
            raise ValueError(f"{text!r} is not an address and port such as 127.0.0.1:5060")
        return cls(address, int(port))


class Prefix(NamedTuple):
    """IPv4 addresses, written `10.1.0.0/16`; one alone is a /32."""

    network: ipaddress.IPv4Network

    def __str__(self) -> str:
        return str(self.network)

    @classmethod
    def parse(cls, text: str) -> "Prefix":
        """From its written form. Raises ValueError."""
        try:
            return cls(ipaddress.IPv4Network(text))
        except ValueError:
            pass
        try:
            right = ipaddress.IPv4Network(text, strict=False)
        except ValueError:
            raise ValueError(f"{text!r} is no prefix such as 10.1.0.0/16") from None
        raise ValueError(f"{text!r} has more than its prefix; did you mean {str(right)!r}?")

    def __contains__(self, address: object) -> bool:
        """Whether it is among them; what is no address of IPv4 is not."""
        try:
            return self.network.supernet_of(ipaddress.IPv4Network(address))
        except ValueError:
            return False


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that `name` was most likely meant to be, in capitals or not."""
    folded = {one.casefold(): one for one in sorted(valid)}
    return next((folded[one] for one in difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)), None)


def suggestion(name: str, valid: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest valid one, else all of them."""
    names = sorted(valid)
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"known are: {', '.join(names)}" if names else "there is none to choose from"


def _bounds(value: float, kind: inspect.IntType | inspect.FloatType) -> None:
    low = kind.ge if kind.ge is not None else "-∞"
    high = kind.le if kind.le is not None else "∞"
    if (kind.ge is not None and value < kind.ge) or (kind.le is not None and value > kind.le):
        raise ValueError(f"{value} is out of range: {low} to {high}")


def _integer(text: str, kind: inspect.IntType) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError(f"{text!r} is not a whole number")
    value = int(text)
    _bounds(value, kind)
    return value


def _decimal(text: str, kind: inspect.FloatType) -> float:
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", text):
        raise ValueError(f"{text!r} is not a number")
    value = float(text)
    _bounds(value, kind)
    return value


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise ValueError(f"{text!r} is neither yes nor no")
    return _TRUTH[text.lower()]


def _text(text: str, kind: inspect.StrType) -> str:
    if kind.pattern is not None and not re.fullmatch(kind.pattern, text):
        raise ValueError(f"{text!r} does not have the form {kind.pattern}")
    if len(text) < (kind.min_length or 0):
        raise ValueError("must not be empty")
    if kind.max_length is not None and len(text) > kind.max_length:
        raise ValueError(f"is longer than {kind.max_length} characters")
    return text


def _one_of(text: str, valid: Iterable[object]) -> object:
    by_name = {str(value.value if isinstance(value, enum.Enum) else value): value for value in valid}
    numbers = [value for value in by_name.values() if isinstance(value, int)]
    if text not in by_name and numbers and re.fullmatch(r"[0-9]{1,18}", text):
        near = min(numbers, key=lambda number: abs(number - int(text)))
        raise ValueError(f"{text!r} is not known here; did you mean '{near}'? Known are: {', '.join(by_name)}")
    if text not in by_name:
        raise ValueError(f"{text!r} is not known here; {suggestion(text, by_name)}")
    return by_name[text]


def _parsed(text: str, cls: type) -> object:
    parse: Callable[[str], object] | None = getattr(cls, "parse", None)
    if parse is None:
        raise TypeError(f"the schema asks for {cls.__name__}, which no text can give")
    return parse(text)


def convert(text: str, kind: inspect.Type, folder: Path) -> object:
    """`text` as `kind`; a Path is taken relative to `folder`. Raises ValueError with a sentence."""
    match kind:
        case inspect.StrType():
            return _text(text, kind)
        case inspect.IntType():
            return _integer(text, kind)
        case inspect.FloatType():
            return _decimal(text, kind)
        case inspect.BoolType():
            return _truth(text)
        case inspect.EnumType():
            return _one_of(text, kind.cls)
        case inspect.LiteralType():
            return _one_of(text, kind.values)
        case inspect.CustomType(cls=cls) if issubclass(cls, Path):
            return folder / text
        case inspect.CustomType(cls=cls) | inspect.NamedTupleType(cls=cls):
            return _parsed(text, cls)
        case _:
            raise TypeError(f"the schema's {kind} is not supported")
