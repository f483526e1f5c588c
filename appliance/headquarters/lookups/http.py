# SPDX-License-Identifier: GPL-2.0-only
"""A JSON object by HTTP: GET, or POST of another one, as an application gateway is asked."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from urllib.parse import quote

import httpx
import msgspec

from appliance.config.lookups import HttpLookup, ParameterKind
from appliance.config.secrets import read_secret
from appliance.headquarters.lookups.values import LookupFailed, as_text

OCTETS = 65_536  # of a question's body, of an answer
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Http:
    """A source."""

    def __init__(self, lookup: HttpLookup) -> None:
        self._lookup = lookup
        headers = {"Accept": "application/json"}
        if lookup.secret is not None:
            headers["Authorization"] = f"Bearer {read_secret(lookup.secret)}"
        self._client = httpx.AsyncClient(headers=headers, timeout=lookup.timeout_ms / 1000, follow_redirects=False)

    async def ask(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Its members that are one value, as text, and those of its members: `customer.tier`.

        Raises LookupFailed for all but a 200 with an object.
        """
        address = self._lookup.url
        for name, value in parameters.items():
            address = address.replace(f"{{{name}}}", quote(value, safe=""))
        kinds = self._lookup.body
        given = {name: _typed(name, parameters[name], kind) for name, kind in kinds.items() if name in parameters}
        asked = _ENCODER.encode(given)
        if len(asked) > OCTETS:
            raise LookupFailed(f"would be asked with more than {OCTETS} octets")
        method, content = ("POST", asked) if kinds else ("GET", None)
        headers = {"Content-Type": "application/json"} if content else {}
        try:
            async with self._client.stream(method, address, content=content, headers=headers) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise LookupFailed(f"answers {answer.status_code}")
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > OCTETS:
                        raise LookupFailed(f"answers with more than {OCTETS} octets")
        except httpx.HTTPError as error:
            raise LookupFailed(str(error) or type(error).__name__) from error
        return _members(body)

    async def close(self) -> None:
        """Its connections."""
        await self._client.aclose()


def _members(body: bytes) -> dict[str, str]:
    try:
        told = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LookupFailed("answers with what is no JSON object") from error
    inner = {
        f"{name}.{one}": value
        for name, whole in told.items()
        if isinstance(whole, dict)
        for one, value in whole.items()
    }
    return {name: as_text(value) for name, value in {**inner, **told}.items() if not isinstance(value, dict | list)}


def _typed(name: str, text: str, kind: ParameterKind) -> str | Decimal | bool:
    if kind == "text":
        return text
    if kind == "truth":
        return text == "yes"
    try:
        return Decimal(text)
    except InvalidOperation as error:  # of a script from before its kind was changed
        raise LookupFailed(f"would be asked with {name}, which is no number") from error
