# SPDX-License-Identifier: GPL-2.0-only
"""pjsua2 for signalling only: one endpoint, one account, one thread.

The thread that makes a Stack runs it and is the only one that touches a pjsua2 object. Others put orders in by `order`
and hear signals through `tell`, which must be callable from here. Sound is the engine's: pjsua has a loop transport and
our descriptions name the engine's ports. Only the proxy's address is listened to.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pjsua2 as pj
import structlog

from appliance.config import Endpoint, SrtpUse
from appliance.media.events import Codec as Coding
from appliance.signalling.sip import causes
from appliance.signalling.sip.calls import SipCall
from appliance.signalling.sip.codings import NAMED
from appliance.signalling.sip.naming import Names
from appliance.signalling.sip.rtp import RtpPorts
from appliance.signalling.sip.sdp import Codec, RefusedError, chosen, supposed
from appliance.signalling.sip.signals import (
    Answer,
    HangUp,
    Notify,
    Offered,
    Order,
    Over,
    Overloaded,
    Place,
    Probe,
    Ring,
    Signal,
)

CALLS = 512
WAIT_MS = 5
NOT_ACCEPTABLE_HERE = 488  # RFC 3261 §21.4.26
NO_KEYING = 99
FAREWELL_S = 1.0
SESSION_EXPIRES_S, SESSION_MIN_S = 1800, 90  # RFC 4028 §4

_NUMBER = re.compile(r"[0-9A-Za-z*#+._-]{1,32}")
_PJ_ERROR = 1  # from 2 on it tells of every damaged packet

log = structlog.get_logger()


class StackSettings(msgspec.Struct, frozen=True):
    """Where the stack listens, and the proxy that is its only neighbour."""

    listen: Endpoint
    proxy: Endpoint
    domain: str
    codecs: tuple[Coding, ...]
    """In the order in which we want them."""
    srtp: SrtpUse
    packet_ms: int
    """What phones that wish no other are sent."""


class _Log(pj.LogWriter):  # type: ignore[misc]
    def write(self, entry: Any) -> None:
        text = entry.msg.strip().partition("\n")[0]  # the packet itself would follow, with its callers
        log.warning("sip.pjsip.told", text=text[:200])


class _Account(pj.Account):  # type: ignore[misc]
    def __init__(self, stack: "Stack") -> None:
        super().__init__()
        self._stack = stack

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        try:
            self._stack.incoming(prm)
        except Exception:  # in C++ above us it would end the process
            log.exception("sip.callback.failed", callback="onIncomingCall")


class Stack:
    """The SIP side of the worker."""

    def __init__(
        self,
        settings: StackSettings,
        tell: Callable[[Signal], None],
        new_leg: Callable[[], str],
        ports: RtpPorts,
    ) -> None:
        """Open the SIP port. Raises pj.Error: it is in use."""
        self.turns = 0
        self.draining = False
        """Phones' new calls are refused (503); who waits for an agent is still rung through, so that he can end."""
        self.tell = tell
        self.rtp = ports.endpoint
        self.srtp: SrtpUse = settings.srtp
        self._settings = settings
        self._new_leg = new_leg
        self._ports = ports
        self._calls: dict[str, SipCall] = {}
        self._orders: deque[Order] = deque()
        self._again: dict[str, Place] = {}
        self._stopping = False
        self._log = _Log()
        self._endpoint = self._open_endpoint()
        self._account = self._open_account()

    def order(self, order: Order) -> None:
        """From any thread: to be carried out within WAIT_MS."""
        self._orders.append(order)

    def stop(self) -> None:
        """From any thread: `run` hangs up everything and returns."""
        self._stopping = True

    def run(self) -> None:
        """Serve until `stop`."""
        while not self._stopping:
            self._turn()
        for call in tuple(self._calls):
            self._obey(HangUp(call, causes.TEMPORARY_FAILURE))
        until = time.monotonic() + FAREWELL_S
        while self._calls and time.monotonic() < until:
            self._turn()
        self._calls.clear()
        self._account.shutdown()
        del self._account
        self._endpoint.libDestroy()

    def forget(self, call: str) -> None:
        """The call is over; see calls.py for why this happens in its last callback."""
        self._calls.pop(call, None)

    def place_again(self, order: Place) -> None:
        """The phone refused the call's first INVITE: send this one, if nobody hangs up before."""
        self._again[order.call] = order

    def incoming(self, prm: Any) -> None:
        """An INVITE outside any dialog."""
        if prm.rdata.srcAddress != str(self._settings.proxy):
            log.warning("sip.call.refused", source=prm.rdata.srcAddress, why="not the proxy")
            self._refuse(prm.callId, causes.status_of(21))
            return
        if self.draining:
            self._refuse(prm.callId, causes.status_of(causes.CONGESTION))
            return
        request_line, _, rest = prm.rdata.wholeMsg.partition("\r\n")
        offer = rest.partition("\r\n\r\n")[2]
        call, codecs = self._new_leg(), self._ports.fitting(self._settings.codecs)
        try:
            self._codec(offer, self._settings.codecs)
        except RefusedError as refused:
            log.warning("sip.offer.refused", why=str(refused))
            self._refuse(prm.callId, NOT_ACCEPTABLE_HERE)
            return
        try:
            codec = self._codec(offer, codecs)
        except RefusedError:
            self.tell(Overloaded(call))
            self._refuse(prm.callId, causes.status_of(causes.CONGESTION))
            return
        port = self._ports.take((codec.coding,) if "m=audio" in offer else codecs, codec.packet_ms)
        if port is None:
            self._refuse(prm.callId, causes.status_of(causes.NO_CHANNEL))
            return
        own_ms = self._settings.packet_ms
        self._calls[call] = sip_call = SipCall(self._account, self, call, port, codecs, own_ms, prm.callId)
        sip_call.offers_srtp = self.srtp == "require"
        info = sip_call.getInfo()
        dnis, clid = user_of(request_line.split()[1]) or "", user_of(info.remoteUri)
        self.tell(Offered(call, info.callIdString, port, dnis, clid, codec))

    def _codec(self, offer: str, codecs: Sequence[Coding]) -> Codec:
        """Of a call with this offer, or with none. Raises RefusedError."""
        if not codecs:
            raise RefusedError("no codec can be borne")
        own_ms = self._settings.packet_ms
        return chosen(offer, codecs, self.srtp, own_ms=own_ms).codec if "m=audio" in offer else supposed(codecs, own_ms)

    def _refuse(self, slot: int, status: int) -> None:
        parameters = pj.CallOpParam()
        parameters.statusCode = status
        refused = pj.Call(self._account, slot)
        refused.hangup(parameters)

    def _turn(self) -> None:
        self.turns += 1
        self._endpoint.libHandleEvents(WAIT_MS)
        while self._orders:
            self._obey(self._orders.popleft())
        while self._again:
            self._place(self._again.popitem()[1])

    def _obey(self, order: Order) -> None:
        if isinstance(order, Place):
            self._place(order)
            return
        call = self._calls.get(order.call)
        if call is None:
            self._again.pop(order.call, None)
            return  # it ended while the order was under way; its end has been told
        try:
            self._carry_out(order, call)
        except pj.Error as error:
            log.warning("sip.order.failed", leg=order.call, order=type(order).__name__, error=error.reason)

    def _carry_out(self, order: Order, call: SipCall) -> None:
        match order:
            case Ring():
                call.respond(180)
            case Answer():
                call.respond(200)
            case HangUp():
                call.hang_up(order.cause)
            case Probe():
                call.probe()
            case Notify():
                call.notify(done=order.done)

    def _place(self, order: Place) -> None:
        domain = self._settings.domain
        call = SipCall(self._account, self, order.call, order.port, order.codecs, order.packet_ms)
        self._calls[order.call] = call
        call.offers_srtp = self.srtp == "require" or (self.srtp == "prefer" and not order.plain)
        if call.offers_srtp and self.srtp == "prefer":
            call.without_srtp = msgspec.structs.replace(order, plain=True)
        try:
            call.place(order, f"sip:{order.to}@{order.at or domain}", _from(order.clid, domain))
        except pj.Error as error:
            log.error("sip.call.failed", leg=order.call, error=error.reason)
            self.forget(order.call)
            self.tell(Over(order.call, causes.TEMPORARY_FAILURE, 0, fault=True))

    def _open_endpoint(self) -> Any:
        endpoint = pj.Endpoint()
        endpoint.libCreate()
        settings = pj.EpConfig()
        settings.uaConfig.maxCalls = CALLS
        settings.uaConfig.threadCnt = 0
        settings.uaConfig.mainThreadOnly = True
        settings.uaConfig.userAgent = "Branchline"
        settings.medConfig.threadCnt = 0
        settings.medConfig.hasIoqueue = False
        settings.medConfig.clockRate = settings.medConfig.sndClockRate = 8000
        settings.medConfig.ecTailLen = 0
        settings.medConfig.maxMediaPorts = 2 * CALLS
        settings.logConfig.level = settings.logConfig.consoleLevel = _PJ_ERROR
        settings.logConfig.writer = self._log
        endpoint.libInit(settings)
        transport = pj.TransportConfig()
        transport.boundAddress, transport.port = self._settings.listen
        endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        endpoint.libStart()
        endpoint.audDevManager().setNoDev()
        for codec in endpoint.codecEnum2():
            ours = any(NAMED[coding].is_called(codec.codecId) for coding in self._settings.codecs)
            endpoint.codecSetPriority(codec.codecId, 255 if ours else 0)  # which one is for sdp.py to say
        self._names = Names([coding for coding in self._settings.codecs if not NAMED[coding].static])
        return endpoint

    def _open_account(self) -> _Account:
        settings = pj.AccountConfig()
        settings.idUri = f"sip:gateway@{self._settings.domain}"
        settings.sipConfig.proxies.append(f"sip:{self._settings.proxy};lr")
        settings.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
        settings.callConfig.timerSessExpiresSec = SESSION_EXPIRES_S
        settings.callConfig.timerMinSESec = SESSION_MIN_S
        settings.mediaConfig.useLoopMedTp = True
        # Keys are ours (crypto.py). Optional, it takes an offer with or without SRTP for possible, and of a keying that
        # it does not know it makes nothing: no key, no line, no context.
        settings.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_OPTIONAL
        settings.mediaConfig.srtpSecureSignaling = 0
        settings.mediaConfig.srtpOpt.keyings.append(NO_KEYING)
        account = _Account(self)
        account.create(settings)
        return account


def is_number(text: str) -> bool:
    """Whether `text` can stand before the @ of a URI as it is."""
    return _NUMBER.fullmatch(text) is not None


def user_of(address: str) -> str | None:
    """The user part of a SIP address; None for none and for anonymous callers (RFC 3323 §4.1.1.3)."""
    found = re.search(r"sips?:([^@;>]*)@([^;>]*)", address)
    if found is None or found[2].startswith("anonymous.invalid") or not is_number(found[1]):
        return None
    return found[1]


def _from(clid: str | None, domain: str) -> str:
    """The From that shows the caller."""
    if clid is None or not is_number(clid):
        return '"Anonymous" <sip:anonymous@anonymous.invalid>'
    return f'"{clid}" <sip:{clid}@{domain}>'
