# SPDX-License-Identifier: GPL-2.0-only
"""`show phones`: which are registered, from where, until when, as the registrar has them."""

import asyncio
import re
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from appliance.cli import terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.signalling.sip.control import ControlError, control
from appliance.signalling.sip.kamailio import control_socket

HEADS = (
    ("phone", "name", "registered from", "for", "device"),
    ("话机", "名称", "注册地址", "剩余", "设备"),
)
_ADDRESS = re.compile(r"sips?:(?:[^@;>]*@)?([^;>]+)")


class Contact(msgspec.Struct, frozen=True):
    """A phone's registration. `left_s`: until it ends."""

    number: str
    address: str
    left_s: int
    device: str


def show(session: Session, _matched: Matched) -> int:
    """Exit status 1: a phone that is configured is not there; 2: nobody could be asked."""
    try:
        there = asyncio.run(registered(session))
    except ControlError as error:
        sys.stderr.write(session.told(f"the registrar cannot be asked: {error}\n", f"无法询问注册服务器：{error}\n"))
        return terminal.UNASKED
    configured = session.running().data.get("extensions", [])
    rows = list(_rows(session, configured, there))
    if not rows:
        sys.stdout.write(session.told("no phones are configured\n", "没有配置话机\n"))
        return 0
    sys.stdout.write("".join(f"{line}\n" for line in terminal.table([HEADS[session.chinese], *rows])))
    return int(any(one["number"] not in {contact.number for contact in there} for one in configured))


async def registered(session: Session) -> list[Contact]:
    """All there are. Raises ControlError."""
    dump: Any = await control(control_socket(session.state), dict, "ul.dump")
    return list(_contacts(dump, ""))


def _contacts(dump: Any, number: str) -> Iterator[Contact]:
    """However deep they stand; `number`: whose they are."""
    if isinstance(dump, list):
        for one in dump:
            yield from _contacts(one, number)
    elif isinstance(dump, dict):
        number = str(dump.get("AoR", number)).partition("@")[0]
        if "Address" in dump:
            from_here = str(dump.get("Received", ""))
            found = _ADDRESS.match(from_here if from_here.startswith("sip") else str(dump["Address"]))
            left = dump.get("Expires", 0)
            yield Contact(
                number,
                found[1] if found else str(dump["Address"]),
                left if isinstance(left, int) else 0,
                str(dump.get("User-Agent", "")),
            )
            return
        for one in dump.values():
            yield from _contacts(one, number)


def _rows(session: Session, configured: list[dict[str, str]], there: list[Contact]) -> Iterator[tuple[str, ...]]:
    for one in configured:
        mine = [contact for contact in there if contact.number == one["number"]]
        if not mine:
            yield one["number"], one.get("name", ""), session.told("not registered", "未注册"), "", ""
        for contact in mine:
            yield one["number"], one.get("name", ""), contact.address, f"{contact.left_s} s", contact.device
