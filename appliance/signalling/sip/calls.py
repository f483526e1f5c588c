# SPDX-License-Identifier: GPL-2.0-only
"""One SIP call of pjsua2's, and what its callbacks mean to a leg.

A stale `pj.Call` hangs up whichever call has its slot now, so the last reference goes in onCallState(DISCONNECTED), and
nothing outside the stack's table ever holds one. An exception must not pass into C++: `guarded` ends that call with it.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
import pjsua2 as pj
import structlog

from appliance.config import Endpoint, SrtpUse
from appliance.media.events import Codec as Coding
from appliance.signalling.sip import causes, crypto, sdp
from appliance.signalling.sip.info import digit_of
from appliance.signalling.sip.refer import TAKEN, refer_of
from appliance.signalling.sip.signals import (
    Alerting,
    Answered,
    Dialled,
    HangUp,
    Lost,
    Order,
    Over,
    Place,
    Pointed,
    Proceeding,
    Referred,
    Signal,
)
from dsp.sdes import Crypto

NO_SOUND = "0.0.0.0"  # noqa: S104  # RFC 2543's hold, no address to listen on
GONE = {408, 481, 503}
NO_SRTP = {488, 606}
"""What a phone says to an offer of SRTP that it cannot do (RFC 3261 §21.4.26, §21.6.4)."""

log = structlog.get_logger()


class Owner(Protocol):
    """The stack, as a call sees it."""

    def tell(self, signal: Signal) -> None:
        """To the worker."""

    def order(self, order: Order) -> None:
        """To be done after this callback."""

    def forget(self, call: str) -> None:
        """Drop the reference."""

    def place_again(self, order: Place) -> None:
        """After this callback: another INVITE for the same leg."""

    @property
    def srtp(self) -> SrtpUse:
        """What is taken of offers."""

    def rtp(self, port: int) -> Endpoint:
        """What the engine's port is called in SDP."""


def guarded(callback: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """A callback whose fault ends its call and nothing else."""

    @functools.wraps(callback)
    def run(self: "SipCall", prm: Any) -> None:
        try:
            callback(self, prm)
        except Exception:  # in C++ above us it would end the process
            log.exception("sip.callback.failed", callback=callback.__name__, leg=self.call)
            self.owner.order(HangUp(self.call, causes.TEMPORARY_FAILURE))

    return run


class SipCall(pj.Call):  # type: ignore[misc]  # compiled, without types
    """One INVITE dialog. Lives in the stack's thread only."""

    def __init__(
        self,
        account: Any,
        owner: Owner,
        call: str,
        port: int,
        codecs: Sequence[Coding],
        packet_ms: int,
        slot: int = pj.PJSUA_INVALID_ID,
    ) -> None:
        """`codecs`: in the order in which we want them; `packet_ms`: what we offer, and send who wishes nothing."""
        super().__init__(account, slot)
        self.owner = owner
        self.call = call
        self.offers_srtp = False
        """Whether our first offer, if we make it, is of SRTP."""
        self.without_srtp: Place | None = None
        """What to do when that is refused; None: the call is over."""
        self._port = port
        self._codecs = codecs
        self._packet_ms = packet_ms
        self._answered = False
        self._hanging_up = False
        self._taken: sdp.Taken | None = None
        """What we took of the peer's last offer; None: the last offer was ours."""
        self._settled: sdp.Codec | None = None
        """What the engine's port speaks."""
        self._heard: sdp.Taken | None = None
        """What the peer's last answer takes of our offer."""
        self._offered: tuple[Crypto, ...] = ()
        """Keys in our last offer."""
        self._keys: crypto.Keys | None = None
        """Of the stream. Once there, they stay or make place for others: sound is never plain again."""
        self._profile = sdp.PLAIN
        self._agreed = False
        """Descriptions were agreed on, and the worker has not heard of it."""
        self._pointed: tuple[Endpoint, bool] | None = None
        """Where the peer listens, and whether it holds."""

    # What we do.

    def place(self, order: Place, uri: str, ours: str) -> None:
        """Send INVITE. Raises pj.Error."""
        parameters = _parameters()
        parameters.opt.customCallId = order.call_id
        parameters.txOption.localUri = ours
        self.makeCall(uri, parameters)

    def respond(self, status: int) -> None:
        """180 or 200. Raises pj.Error."""
        parameters = _parameters()
        parameters.statusCode = status
        self.answer(parameters)

    def hang_up(self, cause: int) -> None:
        """BYE, CANCEL or a final status, whatever the dialog needs. Raises pj.Error."""
        if self._hanging_up:
            return
        self._hanging_up = True
        parameters = pj.CallOpParam()
        incoming = self.getInfo().role == pj.PJSIP_ROLE_UAS
        parameters.statusCode = causes.status_of(cause) if incoming and not self._answered else 0
        header = pj.SipHeader()
        header.hName, header.hValue = "Reason", causes.reason(cause)
        parameters.txOption.headers.append(header)
        self.hangup(parameters)

    def probe(self) -> None:
        """OPTIONS inside the dialog. Raises pj.Error."""
        request = pj.CallSendRequestParam()
        request.method = "OPTIONS"
        self.sendRequest(request)

    def notify(self, *, done: bool) -> None:
        """What came of a REFER, as the last word of it (RFC 3515 §2.4.5). Raises pj.Error."""
        request = pj.CallSendRequestParam()
        request.method = "NOTIFY"
        for name, value in (("Event", "refer"), ("Subscription-State", "terminated;reason=noresource")):
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            request.txOption.headers.append(header)
        request.txOption.contentType = "message/sipfrag;version=2.0"
        request.txOption.msgBody = f"SIP/2.0 {'200 OK' if done else '503 Service Unavailable'}\r\n"
        self.sendRequest(request)

    # What pjsua2 tells.

    @guarded
    def onCallSdpCreated(self, prm: Any) -> None:  # noqa: N802
        """Our description is about to be used: put the engine into it."""
        offer = prm.remSdp.wholeSdp
        self._taken = self._choice(offer) if offer else None
        said = self._taken.codec if self._taken else self._talking_in or self._codecs
        transport = self._answering(self._taken) if self._taken else self._offering()
        if self._heard is not None and self._talking_in is not None:  # until its answer is heard, nothing changes
            self._heard = msgspec.structs.replace(self._heard, codec=self._talking_in)
        engine = self.owner.rtp(self._port)
        prm.sdp.wholeSdp = sdp.at_engine(prm.sdp.wholeSdp, engine, said, transport, self._packet_ms)

    @guarded
    def onCallRxOffer(self, prm: Any) -> None:  # noqa: N802
        """An offer within the dialog: refused whole when it would end the talk (RFC 3261 §14.2: that goes on)."""
        try:
            self._choice(prm.offer.wholeSdp)
        except sdp.RefusedError as refused:
            log.warning("sip.offer.refused", leg=self.call, why=str(refused))
            prm.statusCode = 488

    @guarded
    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802, ARG002
        """Descriptions were agreed on: say where the peer listens."""
        info = self.getInfo()  # its media list lives no longer than this name
        for media in info.media:
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status in _AGREED:
                stream = self.getStreamInfo(media.index)
                address, _, port = stream.remoteRtpAddress.rpartition(":")
                held = stream.dir != pj.PJMEDIA_DIR_ENCODING_DECODING or address == NO_SOUND
                self._pointed = (Endpoint(address, int(port)), held) if port != "0" else None
                self._agreed = True
                self._settle()
                return

    @guarded
    def onCallState(self, prm: Any) -> None:  # noqa: N802
        """The dialog moved on."""
        self._hear_answer(prm.e)
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._over(info, prm.e)
        elif info.state in {pj.PJSIP_INV_STATE_CONNECTING, pj.PJSIP_INV_STATE_CONFIRMED} and not self._answered:
            placed = info.role == pj.PJSIP_ROLE_UAC
            if info.state == pj.PJSIP_INV_STATE_CONNECTING and (placed or self._settled is None):
                return  # our offer is not answered for good: pjsua reads the 200 next, or the ACK of our own
            self._answered = True
            self.owner.tell(Answered(self.call))
        elif info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC:
            inband = "\nm=audio" in _received(prm.e)
            alerting = info.lastStatusCode == 180 or inband
            self.owner.tell(Alerting(self.call, inband) if alerting else Proceeding(self.call))

    @guarded
    def onCallTsxState(self, prm: Any) -> None:  # noqa: N802
        """A transaction moved on: 100 to our INVITE, a probe's answer, a digit in INFO (pjsua itself answers it)."""
        self._hear_answer(prm.e)
        transaction = prm.e.body.tsxState.tsx
        if transaction.role != pj.PJSIP_ROLE_UAC:
            if transaction.method == "INFO" and transaction.state == pj.PJSIP_TSX_STATE_TRYING:
                self._informed(_received(prm.e))
            return
        if transaction.method == "INVITE" and transaction.statusCode == 100 and not self._answered:
            self.owner.tell(Proceeding(self.call))
        elif transaction.method == "OPTIONS" and transaction.state == pj.PJSIP_TSX_STATE_COMPLETED:
            log.info("sip.peer.probed", leg=self.call, status=transaction.statusCode)
            if transaction.statusCode in GONE:
                self.owner.tell(Lost(self.call, causes.OUT_OF_ORDER))

    @guarded
    def onCallTransferRequest(self, prm: Any) -> None:  # noqa: N802
        """REFER: transfers are call control's. Of 202 pjsua would make a call by itself; Kamailio makes it of TAKEN."""
        referred = refer_of(prm.dstUri)
        prm.statusCode = TAKEN if referred is not None and self._answered else 603
        if referred is not None and self._answered:
            self.owner.tell(Referred(self.call, *referred))

    @guarded
    def onCallReplaceRequest(self, prm: Any) -> None:  # noqa: N802
        """INVITE with Replaces: likewise."""
        prm.statusCode = 603

    def _informed(self, message: str) -> None:
        told = digit_of(message)
        if told is not None:
            self.owner.tell(Dialled(self.call, *told))

    @property
    def _talking_in(self) -> sdp.Codec | None:
        """The codec that may not change any more."""
        return self._settled if self._answered else None

    def _choice(self, offer: str) -> sdp.Taken:
        """Raises sdp.RefusedError."""
        srtp: SrtpUse = "require" if self._keys else self.owner.srtp
        return sdp.chosen(offer, self._codecs, srtp, self._talking_in, self._packet_ms)

    def _answering(self, taken: sdp.Taken) -> sdp.Transport:
        self._profile = taken.profile
        if taken.crypto is None:
            return sdp.Transport(taken.profile, (), taken.section)
        self._keys = crypto.answer(taken.crypto, self._keys)
        line = Crypto(taken.crypto.tag, (self._keys.send,))
        return sdp.Transport(taken.profile, (line,), taken.section)

    def _offering(self) -> sdp.Transport:
        secure = self._keys is not None or (self.offers_srtp and not self._answered)
        self._offered = crypto.offered(self._keys) if secure else ()
        if secure and self._keys is None:
            self._profile = sdp.SECURE
        return sdp.Transport(self._profile, self._offered)

    def _keyed(self, agreed: sdp.Taken) -> bool:
        """Whether sound may go. Keys of an answer of ours were made with it."""
        if agreed is self._taken or not self._offered:
            return True
        self._keys = crypto.agreed(self._offered, agreed.crypto) if agreed.crypto else None
        return self._keys is not None

    def _hear_answer(self, event: Any) -> None:
        """Whether this message brings the peer's answer to an offer of ours."""
        talk, message = self._talking_in, _received(event)
        if message.startswith(_OFFERING):
            return
        heard = sdp.answered(message, self._codecs, talk.packet_ms if talk else self._packet_ms)
        if heard is not None:
            self._heard = heard
            self._agreed |= talk is not None and self._taken is None and heard.codec.packet_ms != talk.packet_ms
        self._settle()

    def _settle(self) -> None:
        """Say what was agreed on when the answer is known as well: pjsua tells of both in any order."""
        agreed = self._taken or self._heard
        if not self._agreed or agreed is None:
            return
        self._agreed = False
        if not self._keyed(agreed):
            log.warning("sip.answer.refused", leg=self.call, why="it has no key to the SRTP that we offered")
            self.owner.tell(Lost(self.call, causes.INCOMPATIBLE))
            return
        talk = self._talking_in
        length_ms = sdp.packet_ms(talk.coding, agreed.codec.packet_ms) if talk else 0
        self._settled = msgspec.structs.replace(talk, packet_ms=length_ms) if talk else agreed.codec
        if self._pointed is not None:
            remote, held = self._pointed
            self.owner.tell(Pointed(self.call, remote, held, self._settled, self._keys))

    def _over(self, info: Any, event: Any) -> None:
        self.owner.forget(self.call)
        if self.without_srtp is not None and info.lastStatusCode in NO_SRTP and not self._hanging_up:
            log.info("sip.srtp.unwanted", leg=self.call, status=info.lastStatusCode)
            self.owner.place_again(self.without_srtp)
            return
        told = causes.reason_cause(_received(event).encode())
        if self._answered or info.role == pj.PJSIP_ROLE_UAS:
            cause = causes.NORMAL_CLEARING
        else:
            cause = causes.cause_of(info.lastStatusCode)
        fault = event.body.tsxState.type in _NO_MESSAGE
        if fault:
            cause = causes.cause_of(info.lastStatusCode)
        self.owner.tell(Over(self.call, told or cause, info.lastStatusCode, fault))


_AGREED = {pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_LOCAL_HOLD, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD}
_OFFERING = "INVITE ", "UPDATE "
_NO_MESSAGE = {pj.PJSIP_EVENT_TIMER, pj.PJSIP_EVENT_TRANSPORT_ERROR}


def _parameters() -> Any:
    parameters = pj.CallOpParam(True)  # pjsua2's own default settings
    parameters.opt.audioCount, parameters.opt.videoCount, parameters.opt.textCount = 1, 0, 0
    return parameters


def _received(event: Any) -> str:
    """The message that moved the dialog, "" where none did."""
    if event.type == pj.PJSIP_EVENT_RX_MSG:
        return str(event.body.rxMsg.rdata.wholeMsg)
    state = event.body.tsxState
    return str(state.src.rdata.wholeMsg) if state.type == pj.PJSIP_EVENT_RX_MSG else ""
