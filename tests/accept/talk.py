# SPDX-License-Identifier: GPL-2.0-only
"""One caller at the exchange and one agent at a phone, brought into a talk: the beginning of most stages."""

import asyncio
import time
from pathlib import Path

import msgspec
import numpy as np

from appliance.simulator.call import Call
from appliance.simulator.caller import AwaitAnswer, AwaitCue, AwaitRelease, AwaitSound, Key, Rest, Script, Talk
from appliance.simulator.exchange import Exchange, ExchangeSettings
from appliance.simulator.phone import Phone
from appliance.simulator.states import State
from tests.accept.site import NUMBER, Site
from tests.accept.span_watch import SpanWatch
from tests.ports import HOST
from tests.sound.alaw import Linear

INCOMING, ESTABLISHED, CLOSED = "CALL_REMOTE_SDP", "CALL_ESTABLISHED", "CALL_CLOSED"
"""Of one that answers by itself baresip tells no CALL_INCOMING, but the offer that came."""
WAV_HEAD = 44
QUIET_S = 0.5
MENU = (AwaitAnswer(within_s=20), AwaitSound(within_s=10), Rest(0.3), Key("1"))


class Rig(msgspec.Struct, frozen=True):
    """The system under test with both ends of its calls."""

    site: Site
    exchange: Exchange
    phones: tuple[Phone, ...]

    async def talking(self, clid: str, sounds: tuple[str, ...] = (), *, record: bool = False) -> tuple[Call, Phone]:
        """A call that is through to an agent, and his phone; on the next cue the caller says `sounds`."""
        say = (Talk(sounds),) if sounds else ()
        script = Script((*MENU, AwaitCue(within_s=60), *say, AwaitRelease(within_s=120)), record=record)
        call = self.exchange.place(NUMBER, clid, script)
        async with asyncio.timeout(30):
            while True:
                for phone in self.phones:
                    if _told(phone, clid, ESTABLISHED):
                        return call, phone
                if call.state is State.CLEARED:
                    raise AssertionError(f"cleared before an agent had it: {await call.result()}")
                await asyncio.sleep(0.01)

    def rung(self, clid: str) -> bool:
        """A phone has rung for this caller, whose number is used once."""
        return any(_told(phone, clid, INCOMING) for phone in self.phones)

    async def quiet(self) -> None:
        """Wait until no line and no phone has a call. AssertionError if one keeps it."""
        await self.exchange.all_cleared(10)
        for phone in self.phones:
            await closed(phone)


def _told(phone: Phone, clid: str, kind: str) -> bool:
    return any(event.type == kind and f"sip:{clid}@" in event.peer for event in tuple(phone.events))


def _busy(phone: Phone) -> bool:
    """It rings or talks."""
    told = [event.type for event in tuple(phone.events) if event.type in (INCOMING, ESTABLISHED, CLOSED)]
    return bool(told) and told[-1] != CLOSED


async def closed(phone: Phone, within_s: float = 5.0) -> float:
    """Wait until the phone has no call; returns how long it took. AssertionError if it keeps one."""
    begun = time.monotonic()
    while _busy(phone):
        if time.monotonic() - begun > within_s:
            raise AssertionError(f"phone {phone.number} still has its call after {within_s} s")
        await asyncio.sleep(0.01)
    return time.monotonic() - begun


async def heard(phone: Phone, within_s: float = 10.0) -> Linear:
    """What the phone heard in its last call, once it has no call and its file no longer grows.

    The samples are read from behind the head: baresip completes the head some time after it tells that the call is
    closed. Raises AssertionError.
    """
    await closed(phone)
    path = phone.heard()[-1]
    before = -1
    begun = time.monotonic()
    while (size := path.stat().st_size) != before or size <= WAV_HEAD:
        if time.monotonic() - begun > within_s:
            raise AssertionError(f"phone {phone.number}: {path} is not finished at {size} octets; {phone.events[-3:]}")
        before = size
        await asyncio.sleep(QUIET_S)
    return np.frombuffer(path.read_bytes()[WAV_HEAD:], "<i2").astype(np.int16)


async def in_service(exchange: Exchange, site: Site, within_s: float = 25) -> None:
    """Wait until the D-channel is up and every B-channel of the branch can be called."""
    await exchange.in_service(within_s)
    watch = SpanWatch(site)
    try:
        await watch.all_idle(within_s)
    finally:
        watch.close()


def exchange_of(site: Site) -> Exchange:
    """The far end of the site's line."""
    ends = (HOST, site.ports.line_exchange), (HOST, site.ports.line_branch)
    return Exchange(ExchangeSettings(*ends, line=site.line, profile=site.profile))


class SecurePhone(Phone):
    """Speaks SRTP or not at all."""

    encryption = "srtp-mand"


def phone_of(site: Site, extension: str, speech: Path, kind: type[Phone] = Phone) -> Phone:
    """A stranger's phone that answers by itself and says `speech` once."""
    folder = site.folder / f"phone-{extension}{kind.encryption}"
    return kind(f"{extension}@branch.test", site.secret(extension), site.proxy, folder, speech=speech, loop=False)
