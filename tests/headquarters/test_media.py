# SPDX-License-Identifier: GPL-2.0-only
"""Chats, mails and tasks of a media server that knows docs/peripheral.md alone, beside the calls of the same agents."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from appliance.wire.agents import AgentWish
from tests.headquarters.foreign import started
from tests.headquarters.media import ALL, Floor, media_server, media_site, opened_floor, until
from tests.headquarters.site import Site
from tests.peers.media import SentenceError

pytestmark = [pytest.mark.system, pytest.mark.timeout(40)]
Story = Callable[[Floor], Awaitable[None]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all stories: each begins with both agents ready and leaves nothing behind."""
    made = media_site(tmp_path_factory.mktemp("media"))
    try:
        started(made)
        yield made
    finally:
        made.close()


def told(site: Site, story: Story) -> None:
    async def scene() -> None:
        async with opened_floor(site) as floor:
            await story(floor)

    asyncio.run(scene())


def test_three_chats_and_a_call_are_what_an_agent_does_at_once(site: Site) -> None:
    async def story(floor: Floor) -> None:
        chats = [await floor.chat() for _ in range(3)]
        fourth = await floor.media.arrive("chat", "1", "visitor-4")
        assert fourth.offered_to is None
        assert fourth.offer["do"] == "treat"
        assert fourth.reason == "no agent of chat is available; waits as number 1 of 1"
        call, agent = await floor.call()
        assert agent == "1001", "the call is the fourth of four"
        await floor.media.end(chats[0])
        assert await floor.has() == ALL | {"voice": "busy", "chat": "busy"}
        assert fourth.offered_to is None, "no new chat beside a call"
        await floor.phones.end(call)
        await floor.media.heard(lambda: fourth.offered_to == "1001")
        assert fourth.reason.startswith("Li Na (1001/chat.1) is free; the caller has waited ")

    told(site, story)


def test_a_chat_that_is_declined_goes_to_the_next_and_one_that_nobody_takes_waits(site: Site) -> None:
    async def story(floor: Floor) -> None:
        await floor.media.agent_is("1002/chat", "available")
        chat = await floor.media.arrive("chat", "1", "visitor-1")
        first = chat.offered_to
        await floor.media.decline(chat)
        assert {first, chat.offered_to} == {"1001", "1002"}
        second = str(chat.offered_to)
        await floor.media.decline(chat, "no-answer")
        assert chat.offered_to is None
        assert [(await floor.has(str(one)))["chat"] for one in (first, second)] == ["available", "not-ready"]
        await floor.media.agent_is(f"{second}/chat", "available")
        assert chat.offered_to is None, "who has let it go is not asked again"
        other = await floor.media.arrive("chat", "1", "visitor-2")
        assert other.offered_to is not None

    told(site, story)


def test_a_call_interrupts_a_mail_which_goes_on_after_it(site: Site) -> None:
    async def story(floor: Floor) -> None:
        mail = await floor.chat("mail")
        call, agent = await floor.call()
        assert agent == "1001"
        await floor.media.heard(lambda: mail.interrupted)
        assert (await floor.has())["mail"] == "interrupted"
        await floor.media.kill()
        mail.interrupted = False
        async with media_server(site, floor.media.disk) as again:
            await again.heard(lambda: mail.interrupted)
            await floor.phones.end(call)
            await again.heard(lambda: not mail.interrupted)
            assert (await floor.has())["mail"] == "busy"
            await again.end(mail)
            assert (await floor.has())["mail"] == "available"

    told(site, story)


def test_a_task_gives_way_to_a_chat_and_a_chat_to_nothing(site: Site) -> None:
    async def story(floor: Floor) -> None:
        task = await floor.chat("task")
        chat = await floor.chat()
        await floor.media.heard(lambda: task.interrupted)
        await floor.media.end(chat)
        await floor.media.heard(lambda: not task.interrupted)

    told(site, story)


def test_a_chat_is_handed_on_to_an_agent_or_to_another_call_type_and_to_no_telephone(site: Site) -> None:
    async def story(floor: Floor) -> None:
        await floor.media.agent_is("1002/chat", "not-ready", "lunch")
        chat = await floor.chat()
        answer = await floor.media.hand_on(chat, "1002")
        assert (answer["action"]["do"], chat.agent) == ("release", "1001")
        assert answer["reason"] == "Wang Wei (1002/chat.1) cannot be rung: not-ready (lunch)"
        answer = await floor.media.hand_on(chat, "95588")
        assert answer["reason"] == "no call type for called number 95588", "that is a call's"
        await floor.media.hand_on(chat, "2")
        assert chat.offered_to is None
        assert (await floor.queue("loans")).waiting == 1
        assert await floor.has() == ALL
        await floor.wish("1002/chat", AgentWish.READY)
        await floor.media.heard(lambda: chat.offered_to == "1002")
        await floor.media.take(chat)
        answer = await floor.media.hand_on(chat, "1001")
        assert answer["reason"] == "1002 asks for Li Na (1001/chat.1)"
        await floor.media.take(chat)
        assert [(await floor.has(one))["chat"] for one in ("1001", "1002")] == ["busy", "available"]

    told(site, story)


def test_a_mail_waits_while_its_media_server_is_dead_and_keeps_its_place(site: Site) -> None:
    async def story(floor: Floor) -> None:
        writing = await floor.chat("mail")
        waiting = await floor.media.arrive("mail", "1", "li@example.com")
        assert waiting.offer["verbs"][0]["seconds"] == 2 * 86_400, "nothing to ask before"
        since = (await floor.queue("mail")).oldest_ns
        gone = await floor.chat()
        await floor.media.kill()
        gone_s = await until(floor.look, lambda now: {one.staffed for one in now.queues[1:]} == {0}, 6)
        assert gone_s <= 5.0
        assert (await floor.queue("calls")).free == 1, "telephones are not the media server's"
        floor.media.disk.contacts.pop(gone.name)  # the customer has closed the window
        async with media_server(site, floor.media.disk) as again:
            assert await floor.has() == ALL | {"mail": "busy"}
            assert ((await floor.queue("mail")).waiting, (await floor.queue("mail")).oldest_ns) == (1, since)
            newer = await again.arrive("mail", "1", "wu@example.com")
            await again.end(writing)
            await again.heard(lambda: waiting.offered_to == "1001")
            assert newer.offered_to is None
            await floor.clear(again)

    told(site, story)


def test_headquarters_is_killed_and_chats_go_on_where_they_were(site: Site) -> None:
    async def story(floor: Floor) -> None:
        chat = await floor.chat()
        await floor.media.agent_is("1002/chat", "not-ready", "lunch")
        await asyncio.to_thread(site.kill, "headquarters")
        await asyncio.to_thread(site.start, "headquarters")
        await until(floor.look, lambda now: [one.staffed for one in now.queues[:2]] == [1, 3], 8)
        assert [(await floor.has(one))["chat"] for one in ("1001", "1002")] == ["busy", "not-ready"]
        await floor.media.end(chat)
        assert (await floor.has())["chat"] == "available"

    told(site, story)


def test_nobody_else_s_agents_channels_or_contacts(site: Site) -> None:
    async def story(floor: Floor) -> None:
        media = floor.media
        for agent, state, sentence in (
            ("1001", "logged-out", "peripheral.agent: agent '1001' is not at MD-0001; did you mean '1001/"),
            ("1001/fax", "logged-out", "peripheral.agent: agent '1001/fax' is not at MD-0001"),
            ("1001/chat.1", "logged-out", "peripheral.agent: agent '1001/chat.1' is not at MD-0001"),
            ("1001/voice", "logged-out", "peripheral.agent: agent '1001/voice' is not at MD-0001"),
            ("1001/chat", "busy", "peripheral.state: 1001/chat is busy by its legs"),
        ):
            with pytest.raises(SentenceError, match=sentence):
                await media.agent_is(agent, state)
        with pytest.raises(SentenceError, match="headquarters has no channel 'chatt'; did you mean 'chat'"):
            await media.arrive("chatt", "1", "x")
        assert await floor.has() == ALL

    told(site, story)
