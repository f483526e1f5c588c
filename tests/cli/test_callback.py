# SPDX-License-Identifier: GPL-2.0-only
"""Callbacks, as they are seen and commanded at headquarters."""

import asyncio
import time

import pytest

from appliance.wire.callbacks import CallbackNow
from tests.cli.test_agent import floor, table
from tests.cli.test_line import typed
from tests.headquarters.floor import answering
from tests.headquarters.site import Site

pytestmark = pytest.mark.system

MINUTE_NS = 60_000_000_000


def test_callbacks_are_added_shown_and_cancelled_in_two_languages(site: Site) -> None:
    async def scene() -> None:
        site.start("nats-server")
        these = floor()
        async with answering(site, these):
            empty = await typed(site.state, "show", "callbacks")
            added = await typed(site.state, "callback", "add", "02512345678", "card", "--tries", "2")
            now_ns = time.time_ns()
            these.callbacks["1.2"] = CallbackNow(
                "1.2", "02500000002", ("card",), "paused", 1, now_ns - 65 * MINUTE_NS, now_ns + 4 * MINUTE_NS, 1, 3,
                outcome="busy",
            )  # fmt: skip
            cancelled = await typed(site.state, "callback", "cancel", "1.1", language="zh_CN")
            unknown = await typed(site.state, "callback", "cancel", "1.9")
            page = await typed(site.state, "show", "callbacks")
            chinese = await typed(site.state, "show", "callbacks", language="zh_CN")
        assert empty == (0, "no callbacks\n", "")
        assert added == (0, "1.1 02512345678: waiting\n", "")
        assert cancelled == (0, "1.1 02512345678：结束\n", "")
        assert unknown == (1, "", "callback '1.9' is unknown\n")
        assert table(page[1])[1:] == [
            ["1.2", "02500000002", "card", "paused", "1:05", "1/3", "3", "busy"],
            ["1.1", "02512345678", "card", "over", "-", "0/2", "-", "cancelled"],
        ]
        assert table(chinese[1])[1] == ["1.2", "02500000002", "card", "暂停", "1:05", "1/3", "3", "忙"]

    asyncio.run(scene())
