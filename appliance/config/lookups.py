# SPDX-License-Identifier: GPL-2.0-only
"""Where scripts may look something up: databases and HTTP services, by name."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from appliance.config.reader import Fault
from appliance.config.secrets import trouble

LookupName = Annotated[str, Meta(pattern="[a-z][a-z0-9-]{0,31}")]
TimeLimit = Annotated[int, Meta(ge=20, le=2_000)]
Seconds = Annotated[int, Meta(ge=0, le=86_400)]
ParameterName = Annotated[str, Meta(pattern="[a-z][a-z0-9_]{0,31}")]
ParameterKind = Literal["text", "number", "truth"]
Parameters = Mapping[str, ParameterKind | None]
"""What a source is asked with, by name; None: any kind, it is sent as text."""

_BOUND = re.compile(r"(?<![:\w]):([a-z][a-z0-9_]*)")
_BRACED = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class DatabaseLookup(msgspec.Struct, frozen=True, tag="database", tag_field="kind"):
    """One row of a SELECT, by SQLAlchemy's `url`; `:name` in the query is what the script asks with.

    `secret` is the file with the password; an answer is used again for `cache_s` seconds.
    """

    name: LookupName
    url: str
    query: str
    secret: Path | None = None
    timeout_ms: TimeLimit = 200
    cache_s: Seconds = 0

    @property
    def parameters(self) -> Parameters:
        """What the query asks with."""
        return dict.fromkeys(_BOUND.findall(self.query))


class HttpLookup(msgspec.Struct, frozen=True, tag="http", tag_field="kind"):
    """A JSON object by GET; `{name}` in the `url` is what the script asks with.

    With `body` by POST, as an application gateway: a JSON object of these members, each a text, number or truth, that
    the script gives. What it does not give is not sent. `secret` is the file with a bearer token; an answer is used
    again for `cache_s` seconds.
    """

    name: LookupName
    url: str
    secret: Path | None = None
    timeout_ms: TimeLimit = 200
    cache_s: Seconds = 0
    body: dict[ParameterName, ParameterKind] = {}

    @property
    def parameters(self) -> Parameters:
        """What address and body ask with."""
        return {**dict.fromkeys(_BRACED.findall(self.url)), **self.body}


Lookup = DatabaseLookup | HttpLookup


def faults(lookups: tuple[Lookup, ...]) -> Iterator[Fault]:
    """Mistakes of meaning."""
    for place, one in enumerate(lookups):
        keys = ("lookups", place)
        if isinstance(one, DatabaseLookup) and not re.match(r"\s*(select|with)\b", one.query, re.IGNORECASE):
            yield Fault((*keys, "query"), "only a SELECT can be looked up")
        if isinstance(one, HttpLookup) and not re.match(r"https?://[^/{}]+/", one.url):
            yield Fault((*keys, "url"), f"{one.url!r} is no address such as https://host/customer?number={{number}}")
        if one.secret is not None and (sentence := trouble(one.secret)):
            yield Fault((*keys, "secret"), sentence)
