# SPDX-License-Identifier: GPL-2.0-only
"""A branch: its lines, its phones, its link to headquarters. Field names are the keys of the file."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from appliance.config import (
    cas,
    diagnostics,
    lines,
    management,
    network,
    nfas,
    outbound,
    peers,
    tandem,
    testing,
    trunks,
)
from appliance.config.cas import CasVariant, R2Variant
from appliance.config.credentials import link_faults
from appliance.config.diagnostics import Diagnostics
from appliance.config.dtmf import Dtmf
from appliance.config.lines import DahdiCard, Device, Gpio, LineCard, Si3050Card
from appliance.config.management import Management
from appliance.config.network import Network
from appliance.config.nfas import Nfas
from appliance.config.outbound import Way
from appliance.config.peers import Peer
from appliance.config.ports import Listener, clashes, listen
from appliance.config.reader import Fault, Keys
from appliance.config.scalars import Endpoint, Number, PacketMs, Realm, Serial, suggestion
from appliance.config.secrets import trouble
from appliance.config.tandem import Tandem
from appliance.config.testing import TestedNumber
from appliance.config.trunks import TrunkGroup
from drivers.model import TIMESLOTS, DigitalLine

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Cause = Annotated[int, Meta(ge=1, le=127)]
SPANS_MAX = 8  # of the engine
PORT_MAX = 65535
OVERLAP_PROFILES = ("euroisdn", "euroisdn-t1", "qsig")
ECHO_TAIL_MS_LEAST = 16  # of its canceller


class HeadquartersLink(msgspec.Struct, frozen=True):
    """Where headquarters' message server listens, or each of several.

    `secret` is the file with its token; where the server speaks mutual TLS it is `credentials` instead, the folder with
    key, certificate and CA that enrolment has made. `discover`: this configuration is the factory's; headquarters is
    looked for, and its own takes this one's place (zero touch).
    """

    server: tuple[Endpoint, ...]
    secret: Path | None = None
    credentials: Path | None = None
    discover: bool = False


class EngineSettings(msgspec.Struct, frozen=True):
    """The media engine's RTP ports: `rtp_base` + 2n for n in 0…255, RTCP one above each."""

    rtp_address: Annotated[str, Meta(pattern=r"[0-9]{1,3}(\.[0-9]{1,3}){3}")] = "127.0.0.1"
    rtp_base: Annotated[int, Meta(ge=1024, le=65024)] = 20000


class Timers(msgspec.Struct, frozen=True):
    """D-channel timers of Q.931 §9.5, in seconds."""

    t309_s: Annotated[int, Meta(ge=1, le=90)] = 6
    """How long calls are kept while the data link is down."""


class Span(msgspec.Struct, frozen=True, kw_only=True, tag_field="driver"):
    """An E1 or T1: `profile` is the ISDN variant, `side` our side; `clock` recovered from the line or our own."""

    name: Name
    line: DigitalLine = "e1"
    clock: Literal["recovered", "local"] = "recovered"
    clock_domain: Annotated[int, Meta(ge=1, le=8)] = 1
    """Spans of one number have one clock; one of another telco, or of a PBX that is not slaved, has a number of its
    own."""
    clock_priority: Annotated[int, Meta(ge=1, le=8)] = 1
    """The lowest of the spans that work leads the box's clock, the first of equal ones."""
    signalling: Literal["pri", "r2", "cas"] = "pri"
    variant: Literal[R2Variant, CasVariant] | None = None
    """Of R2: the country's. Of CAS: E&M (em_…), an exchange towards stations (fxs_…), lines of an exchange (fxo_…)."""
    trunk: cas.Trunk | None = None
    analogue: cas.AnalogueLine | None = None
    d_channel: Annotated[int, Meta(ge=1, le=31)] | None = None
    """ISDN's timeslot; None: 16 of an E1, 24 of a T1."""
    profile: Literal["euroisdn", "euroisdn-t1", "national", "ni1", "dms100", "5ess", "4ess", "qsig"] = "euroisdn"
    side: Literal["user", "network"] = "user"
    nfas: Nfas | None = None
    """Of spans that share a D-channel."""
    channel_order: Literal["ascending", "descending", "round-robin"] = "round-robin"
    """How calls out take channels; the far end's should be the opposite."""
    dnis_digits: Annotated[int, Meta(ge=0, le=20)] = 0
    """How many digits our own numbers have where they are dialled through digit by digit; 0: they come en bloc, and R2
    waits for their end, which some variants do not tell, CAS for 5 s without a digit."""
    timers: Timers = Timers()
    echo_tail_ms: Annotated[int, Meta(ge=0, le=128)] = 64
    """Longest echo path that is cancelled; 0: no canceller, as towards a switch that has one."""
    rx_gain_db: Annotated[float, Meta(ge=-24, le=12)] = 0.0
    tx_gain_db: Annotated[float, Meta(ge=-24, le=12)] = 0.0
    dtmf: Dtmf = Dtmf()


class CesopsnSpan(Span, frozen=True, kw_only=True, tag="cesopsn"):
    """An E1 or T1 over UDP. `framing`: of a T1 with CAS, whose bits A to D are ESF's and A and B D4's."""

    local: Endpoint
    remote: Endpoint
    framing: Literal["esf", "d4"] = "esf"
    frames_per_packet: Annotated[int, Meta(ge=1, le=40)] = 8
    rtp_header: bool = False
    jitter_ms: Annotated[int, Meta(ge=2, le=60)] = 10


class DahdiSpan(Span, frozen=True, kw_only=True, tag="dahdi"):
    """An E1 or T1 of a card with a DAHDI driver.

    `clock: local`: the card gives the line its own; `recovered`: `clock_priority` is also the span's rank as the card's
    source.
    """

    card_span: Annotated[int, Meta(ge=1, le=128)]
    """As DAHDI counts them: dahdi_scan shows it."""
    crc4: bool | None = None
    """Of an E1; None: with it."""
    framing: Literal["esf", "d4"] | None = None
    """Of a T1; None: ESF."""
    code: Literal["hdb3", "b8zs", "ami"] | None = None
    """None: HDB3 of an E1, B8ZS of a T1."""
    build_out: Annotated[int, Meta(ge=0, le=7)] = 0
    """Of a T1. 0: 0–133 ft or 0 dB, 1 to 4: each 133 ft more, 5 to 7: −7.5, −15, −22.5 dB."""
    jitter_ms: Annotated[int, Meta(ge=2, le=40)] = 10


class Ds26521Span(Span, frozen=True, kw_only=True, tag="ds26521"):
    """An E1 behind a DS26521 framer on SPI. Its frames come and go by an ALSA device, its clock is the line's."""

    spi: Device
    spi_hz: Annotated[int, Meta(ge=100_000, le=10_000_000)] = 1_000_000
    spi_mode: Literal[0, 1, 2, 3] = 0
    """As the chip's straps have it."""
    reset: Gpio | None = None
    """RESETB; None: it is not wired."""
    sound_card: Annotated[int, Meta(ge=0, le=31)]
    """As ALSA counts: /dev/snd/pcmC<card>D<device>c and p."""
    device: Annotated[int, Meta(ge=0, le=31)] = 0
    jitter_ms: Annotated[int, Meta(ge=10, le=60)] = 12
    crc4: bool = True
    code: Literal["hdb3", "ami"] = "hdb3"
    impedance_ohm: Literal[75, 120] = 120


CodecName = Literal["PCMA", "PCMU", "G722", "OPUS", "G726-32"]
SrtpUse = Literal["off", "accept", "prefer", "require"]


class Sip(msgspec.Struct, frozen=True):
    """`listen`: the SIP worker; `proxy`: Kamailio, where phones register; `domain`: their realm.

    `codecs`: what phones are offered, and taken by of what they offer, the best first. `srtp`: `accept` encrypts the
    sound where a phone offers it, `prefer` offers it too and calls again without where a phone refuses that, `require`
    takes and offers nothing else. `packet_ms`: what phones are offered, and sent where they wish no other.
    """

    listen: Endpoint
    proxy: Endpoint
    domain: Realm
    codecs: tuple[CodecName, ...] = ("PCMA", "PCMU", "G722", "OPUS", "G726-32")
    srtp: SrtpUse = "accept"
    packet_ms: PacketMs = 20

    @property
    def trace(self) -> Endpoint:
        """Where the SIP worker takes Kamailio's copy of every message: the port above its own."""
        return Endpoint(self.listen.address, self.listen.port + 1)


class Extension(msgspec.Struct, frozen=True):
    """A phone. `secret` is the file with its password, mode 0600."""

    number: Number
    name: Name
    secret: Path


class DefaultRoute(msgspec.Struct, frozen=True):
    """What the branch does by itself: ring these extensions, then release with `cause` (Q.850)."""

    ring: tuple[Number, ...] = ()
    ring_s: Annotated[int, Meta(ge=1, le=300)] = 20
    cause: Cause = 17


class Route(msgspec.Struct, frozen=True):
    """How long headquarters is waited for, and what happens then; `hold`: prompts for who is held during a transfer."""

    timeout_ms: Annotated[int, Meta(ge=50, le=3000)] = 500
    default: DefaultRoute = DefaultRoute()
    hold: tuple[str, ...] = ()


class Prompts(msgspec.Struct, frozen=True):
    """Folders with prompts, searched in this order."""

    directories: tuple[Path, ...]


class Recording(msgspec.Struct, frozen=True):
    """Recording stops, with an alarm, while the data disk has less free space than this."""

    reserve_mb: Annotated[int, Meta(ge=0, le=1_000_000)] = 200


class Branch(msgspec.Struct, frozen=True, tag="branch", tag_field="role", kw_only=True):
    """The whole file."""

    role: ClassVar[str] = "branch"

    box: Serial
    name: Name
    headquarters: HeadquartersLink
    engine: EngineSettings = EngineSettings()
    spans: tuple[CesopsnSpan | DahdiSpan | Ds26521Span | Si3050Card | DahdiCard, ...]
    sip: Sip
    extensions: tuple[Extension, ...]
    peers: tuple[Peer, ...] = ()
    route: Route = Route()
    tandem: tuple[Tandem, ...] = ()
    outbound: tuple[Way, ...] = ()
    trunk_groups: tuple[TrunkGroup, ...] = ()
    test_calls: tuple[TestedNumber, ...] = ()
    prompts: Prompts
    recording: Recording = Recording()
    diagnostics: Diagnostics = diagnostics.NONE
    network: Network = Network()
    management: Management = management.NONE

    def tested(self) -> tuple[tuple[TestedNumber, bool], ...]:
        """The numbers that it calls to see, and whether each is a phone of its own."""
        phones = {phone.number for phone in self.extensions}
        return tuple((one, one.trunk is None and one.number in phones) for one in self.test_calls)


def line_workers(branch: Branch) -> dict[str, tuple[int, ...]]:
    """The branch's line workers: their spans, from 0, by the worker's name.

    One a span, named by it: what kills a worker, or a driver that hangs it, ends no call of another span. Spans that
    share a D-channel have one together, named by the first.
    """
    groups: dict[str | int, list[int]] = {}
    for number, span in enumerate(branch.spans):
        shared = span.nfas if isinstance(span, Span) else None
        groups.setdefault(shared.group if shared else number, []).append(number)
    return {f"line{spans[0] + 1}": tuple(spans) for spans in groups.values()}


def listeners(branch: Branch) -> Iterator[Listener]:
    """Every port that the branch's processes will bind."""
    yield from listen(branch.sip.proxy, ("udp", "tcp"), "Kamailio, where phones register", ("sip", "proxy"))
    yield from listen(branch.sip.listen, ("udp",), "the SIP worker", ("sip", "listen"))
    yield from listen(branch.sip.trace, ("udp",), "the trace of SIP, one above the SIP worker", ("sip", "listen"))
    for number, span in enumerate(branch.spans):
        if not isinstance(span, CesopsnSpan):
            continue
        yield from listen(span.local, ("udp",), f"span {number + 1} ({span.name})", ("spans", number, "local"))
    rtp = Endpoint(branch.engine.rtp_address, branch.engine.rtp_base)
    yield Listener("udp", rtp, "RTP of the phones", ("engine", "rtp_base"), count=512)
    yield from diagnostics.listeners(branch.diagnostics)


def check(branch: Branch) -> Iterator[Fault]:
    """Mistakes of meaning."""
    yield from clashes((*listeners(branch), *management.listeners(branch.management)))
    if not branch.headquarters.server:
        yield Fault(("headquarters", "server"), "no message server: headquarters could not be reached")
    yield from link_faults(branch.headquarters.secret, branch.headquarters.credentials)
    yield from _span_faults(branch)
    yield from _echo_faults(branch)
    cards = {number: span for number, span in enumerate(branch.spans) if isinstance(span, LineCard)}
    yield from lines.faults(cards)
    yield from repeated(lines.wires(cards), "device")
    yield from _extension_faults(branch)
    yield from _peer_faults(branch)
    yield from tandem.faults(branch.tandem, {span.name for span in branch.spans})
    yield from diagnostics.faults(branch.diagnostics)
    yield from _trunk_faults(branch)
    yield from network.faults(branch.network)
    yield from management.faults(branch.management)
    if branch.sip.trace.port > PORT_MAX:
        yield Fault(("sip", "listen"), f"port {PORT_MAX} has none above it, where SIP is traced; take a lower one")
    if not branch.sip.codecs:
        yield Fault(("sip", "codecs"), "no codec: a phone could not be spoken to")
    yield from repeated(((("sip", "codecs", n), name) for n, name in enumerate(branch.sip.codecs)), "codec")
    for place, folder in enumerate(branch.prompts.directories):
        if not folder.is_dir():
            sentence = f"{folder} is no folder; is the package with it installed?"
            yield Fault(("prompts", "directories", place), sentence, here=True)
    if branch.engine.rtp_base % 2:
        yield Fault(("engine", "rtp_base"), "must be even: RTP on even ports, RTCP one above (RFC 3550 §11)")


def _span_faults(branch: Branch) -> Iterator[Fault]:
    if not 1 <= len(branch.spans) <= SPANS_MAX:
        yield Fault(("spans",), f"{len(branch.spans)} spans; a box has 1 to {SPANS_MAX}")
    yield from repeated(((("spans", n, "name"), span.name) for n, span in enumerate(branch.spans)), "span")
    cards = [(n, span.card_span) for n, span in enumerate(branch.spans) if isinstance(span, DahdiSpan | DahdiCard)]
    yield from repeated(((("spans", n, "card_span"), str(number)) for n, number in cards), "card's span")
    chips = [(n, span.spi) for n, span in enumerate(branch.spans) if isinstance(span, Ds26521Span)]
    yield from repeated(((("spans", n, "spi"), device) for n, device in chips), "framer")
    yield from nfas.faults({n: span for n, span in enumerate(branch.spans) if isinstance(span, Span)})
    for number, span in enumerate(branch.spans):
        if isinstance(span, LineCard):
            continue
        if span.dnis_digits and span.profile not in OVERLAP_PROFILES:
            sentence = f"profile {span.profile} has no overlap receiving: numbers come en bloc; leave the key out"
            yield Fault(("spans", number, "dnis_digits"), sentence)
        if isinstance(span, CesopsnSpan) and span.clock == "local" and span.clock_domain != 1:
            sentence = "a far end that takes our clock (clock: local) has no domain of its own; leave the key out"
            yield Fault(("spans", number, "clock_domain"), sentence)
        yield from _driver_faults(number, span)
        if span.line == "t1":
            yield from _t1_faults(number, span)
        elif isinstance(span, CesopsnSpan) and span.framing == "d4":
            yield Fault(("spans", number, "framing"), "d4 is a T1's; add line: t1, or leave the key out")
        frames = span.frames_per_packet if isinstance(span, CesopsnSpan) else 1
        said = cas.Bits(span.line, span.signalling, span.variant, frames, span.dnis_digits, span.trunk, span.analogue)
        for key, sentence in cas.faults(said):
            yield Fault(("spans", number, key), sentence)


def _driver_faults(number: int, span: Span) -> Iterator[Fault]:
    if isinstance(span, DahdiSpan):
        yield from _card_faults(number, span)
    elif isinstance(span, Ds26521Span):
        yield from _framer_faults(number, span)


def _card_faults(number: int, span: DahdiSpan) -> Iterator[Fault]:
    if span.line == "e1":
        others = {"framing": span.framing is not None, "build_out": span.build_out > 0, "code": span.code == "b8zs"}
        sentence = "{} is a T1's; add line: t1, or leave the key out"
    else:
        others = {"crc4": span.crc4 is not None, "code": span.code == "hdb3"}
        sentence = "{} is an E1's; leave line: t1 out, or the key"
    for key in (key for key, said in others.items() if said):
        yield Fault(("spans", number, key), sentence.format(span.code if key == "code" else key))


def _echo_faults(branch: Branch) -> Iterator[Fault]:
    for number, span in enumerate(branch.spans):
        if 0 < span.echo_tail_ms < ECHO_TAIL_MS_LEAST:
            sentence = f"{span.echo_tail_ms} is out of range: {ECHO_TAIL_MS_LEAST} to 128, or 0 for no canceller"
            yield Fault(("spans", number, "echo_tail_ms"), sentence)


def _framer_faults(number: int, span: Ds26521Span) -> Iterator[Fault]:
    if span.line == "t1":
        yield Fault(("spans", number, "line"), "of these framers only E1s are served so far; leave the key out")
    if span.clock == "local":
        yield Fault(("spans", number, "clock"), "this framer's clock is the line's; leave the key out")


def _t1_faults(number: int, span: Span) -> Iterator[Fault]:
    last = TIMESLOTS["t1"][-1]
    if span.d_channel is not None and span.d_channel > last:
        sentence = f"{span.d_channel} is no timeslot of a T1: 1 to {last}"
        yield Fault(("spans", number, "d_channel"), sentence)
    if span.signalling == "r2":
        sentence = "R2 is spoken on E1s (Q.421); leave line: t1 out, or signalling: r2"
        yield Fault(("spans", number, "line"), sentence)
    elif span.signalling == "pri" and span.profile == "euroisdn":
        sentence = "a T1 does not speak euroisdn; add profile: national, ni1, dms100, 4ess, 5ess, euroisdn-t1 or qsig"
        yield Fault(("spans", number, "line"), sentence)


def _extension_faults(branch: Branch) -> Iterator[Fault]:
    numbers = [(("extensions", n, "number"), phone.number) for n, phone in enumerate(branch.extensions)]
    yield from repeated(numbers, "extension")
    for place, phone in enumerate(branch.extensions):
        sentence = trouble(phone.secret)
        if sentence is not None:
            yield Fault(("extensions", place, "secret"), sentence, here=True)
    known = {number for _, number in numbers}
    for place, number in enumerate(branch.route.default.ring):
        if number not in known:
            sentence = f"extension {number!r} is not among the extensions; {suggestion(number, known)}"
            yield Fault(("route", "default", "ring", place), sentence)


def _peer_faults(branch: Branch) -> Iterator[Fault]:
    extensions = {phone.number for phone in branch.extensions}
    yield from peers.faults(branch.peers, branch.box, (branch.sip.proxy, branch.sip.listen), extensions)
    yield from repeated(((("peers", n, "box"), peer.box) for n, peer in enumerate(branch.peers)), "peer")
    yield from repeated(((("peers", n, "proxy"), str(peer.proxy)) for n, peer in enumerate(branch.peers)), "proxy")


def _trunk_faults(branch: Branch) -> Iterator[Fault]:
    known = [*(span.name for span in branch.spans), *(peer.box for peer in branch.peers)]
    yield from trunks.faults(branch.trunk_groups, known)
    yield from outbound.faults(branch.outbound, {*known, *(group.name for group in branch.trunk_groups)})
    for place, group in enumerate(branch.trunk_groups):
        if group.overflow is not None and outbound.way(branch.outbound, group.overflow) is None:
            yield Fault(("trunk_groups", place, "overflow"), f"no way of outbound leads to {group.overflow}")
    yield from testing.faults(branch.tested(), known, {peer.box for peer in branch.peers}, branch.outbound)


def repeated(values: Iterable[tuple[Keys, str]], what: str) -> Iterator[Fault]:
    """A fault for every value that was there before."""
    seen: set[str] = set()
    for keys, value in values:
        if value in seen:
            yield Fault(keys, f"{what} {value!r} is there twice")
        seen.add(value)
