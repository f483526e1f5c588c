# SPDX-License-Identifier: GPL-2.0-only
"""The form of a branch's configuration, made of the tree that the command line has too; it writes no file."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.status_codes import HTTP_200_OK

from appliance.config import Branch, form
from appliance.config.tree import tree

MOST_OCTETS = 1_048_576
DEEPEST = 20

_FORM = msgspec.json.encode(form.described(tree(Branch)))


def routes() -> list[HTTPRouteHandler]:
    """What the page asks for."""

    @get("/api/configuration/form", sync_to_thread=False)
    def described() -> Response[bytes]:
        return Response(_FORM, media_type="application/json")

    @post("/api/configuration/open", status_code=HTTP_200_OK, request_max_body_size=MOST_OCTETS)
    async def opened(request: Request[Any, Any, Any]) -> form.Opened:
        return form.opened(await _json(request, str))

    @post("/api/configuration/check", status_code=HTTP_200_OK, request_max_body_size=MOST_OCTETS)
    async def checked(request: Request[Any, Any, Any]) -> form.Checked:
        data = await _json(request, dict)
        _texts_only(data, DEEPEST)
        return form.checked(data)

    return [described, opened, checked]


async def _json(request: Request[Any, Any, Any], kind: type) -> Any:
    """The body. Another page's form cannot send this type without being asked first (CORS)."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise ClientException("the body is to be application/json")
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ClientException(f"the body is no {kind.__name__}: {error}") from error


def _texts_only(said: Any, deep: int) -> None:
    if isinstance(said, str):
        return
    if not deep or not isinstance(said, dict | list):
        raise ClientException(f"every value is a text, a list or keys, {DEEPEST} deep at most")
    for one in said.values() if isinstance(said, dict) else said:
        _texts_only(one, deep - 1)
