# SPDX-License-Identifier: GPL-2.0-only
"""Which process of a box lives by which keys of its file, and what a change of them costs.

A process is started again when what it reads is another; where only what it `rereads` has changed, SIGHUP is enough.
"""

from collections.abc import Iterator

import msgspec

from appliance.config.branch import Branch, DahdiSpan, Span, line_workers
from appliance.config.diagnostics import NONE
from appliance.config.files import AnyBox
from appliance.config.headquarters import Headquarters
from appliance.config.impacts import Impact
from appliance.config.lines import DahdiCard, LineCard
from appliance.config.voter import Voter

BOX = "box"
"""The name under which stands what no single process can change: everything is started again."""

NETWORK = "network"
"""What no process is started again for: the supervisor tells the engine, the image's own unit the machine's network."""


SSH = "ssh"
"""Likewise: the image's own unit tells sshd and its firewall."""


class Concern(msgspec.Struct, frozen=True):
    """What a process reads of the file."""

    impact: Impact
    reads: tuple[object, ...]
    rereads: tuple[object, ...] = ()


class Change(msgspec.Struct, frozen=True):
    """A process that is told of a change: started again, or by a signal alone."""

    name: str
    impact: Impact
    restart: bool


def concerns(box: AnyBox) -> dict[str, Concern]:
    """By the process's name, and BOX."""
    match box:
        case Branch():
            return dict(_of_branch(box)) | _of_any(box)
        case Headquarters():
            return dict(_of_headquarters(box)) | _of_any(box)
        case Voter():
            return {BOX: Concern(Impact.BOX, (box.box, box.server, box.duplex, box.credentials)), **_of_any(box)}


def changes(before: AnyBox, after: AnyBox) -> list[Change]:
    """What has to be told; processes that are new or needed no longer among them. Empty where nothing has changed."""
    old, new = concerns(before), concerns(after)
    names = [*new, *(name for name in old if name not in new)]
    found = [_change(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]
    return [change for change in found if change.name == BOX] or found


def _change(name: str, old: Concern | None, new: Concern | None) -> Change:
    if old is None or new is None:
        return Change(name, old.impact if old else Impact.NONE, restart=True)
    restart = old.reads != new.reads
    return Change(name, new.impact if restart else Impact.NONE, restart)


def _of_branch(box: Branch) -> Iterator[tuple[str, Concern]]:
    cards = tuple((n, span) for n, span in enumerate(box.spans) if isinstance(span, DahdiSpan | DahdiCard))
    held = tuple((n, _wiring(span)) for n, span in cards)
    yield BOX, Concern(Impact.BOX, (box.role, box.box, box.engine, held, box.sip.trace))
    phones = (
        *(box.box, box.sip.listen, box.sip.proxy, box.sip.domain),
        *(box.extensions, box.network.signalling_dscp),
        tuple((peer.box, peer.proxy, peer.domain, peer.secret) for peer in box.peers),
    )
    yield "kamailio", Concern(Impact.NONE, phones)
    for name, numbers in line_workers(box).items():
        spans = {number: box.spans[number] for number in numbers}
        passing = {rule.span for rule in box.tandem} & {span.name for span in spans.values()}
        reads = tuple((number, _wiring(span)) for number, span in spans.items())
        yield name, Concern(Impact.GROUP, (reads, passing), tuple(spans.values()))
    called = tuple((peer.box, peer.proxy, peer.packet_ms) for peer in box.peers)
    yield "sip", Concern(Impact.LEG, (box.box, box.engine, box.sip, called))
    workers = tuple((name, tuple(box.spans[n].name for n in numbers)) for name, numbers in line_workers(box).items())
    trunks = (box.tandem, box.outbound, box.trunk_groups, tuple(one.box for one in box.peers))
    calls = (box.box, box.route, workers, trunks, box.tested())
    yield "call", Concern(Impact.NONE, calls)
    yield "ivr", Concern(Impact.NONE, (box.box, box.prompts))
    yield "recorder", Concern(Impact.NONE, (box.box, box.recording))
    yield NETWORK, Concern(Impact.NONE, (box.network,))
    alone = (box.route.timeout_ms, box.route.default.ring, tuple(line_workers(box)))
    linked = (box.headquarters, box.network.wan())  # a connection does not outlive the address that it is from
    yield "uplink", Concern(Impact.NONE, (box.box, box.name, linked, alone, box.diagnostics != NONE))


def _wiring(span: Span | LineCard) -> Span | LineCard:
    """Without what a line worker reads again at SIGHUP."""
    if isinstance(span, LineCard):
        return span.wiring()
    return msgspec.structs.replace(span, analogue=None) if span.analogue else span


def _of_headquarters(box: Headquarters) -> Iterator[tuple[str, Concern]]:
    """Its own process follows the file by itself."""
    yield BOX, Concern(Impact.BOX, (box.role, box.box, box.server, box.duplex, box.enrolment))
    names = tuple((agent.id, agent.name) for agent in box.agents)
    yield "nats-server", Concern(Impact.NONE, (box.peripherals,))
    yield "record", Concern(Impact.NONE, (box.record,))
    yield "headquarters", Concern(Impact.NONE, (box.record,))
    yield "web", Concern(Impact.NONE, (box.web, box.record, names, box.groups()))
    if box.enrolment is not None:
        yield "enrolment", Concern(Impact.NONE, (box.fleet,))
    if box.fleet is not None:
        yield "fleet", Concern(Impact.NONE, (box.record,))


def _of_any(box: AnyBox) -> dict[str, Concern]:
    """What every role has: of diagnostics each a process of its own, where it is wanted."""
    told = box.diagnostics
    wanted = {"diagnostics": told if told != NONE else None, "snmpd": told.snmp}
    found = {name: Concern(Impact.NONE, (box.box, reads)) for name, reads in wanted.items() if reads is not None}
    return found | {SSH: Concern(Impact.NONE, (box.management,))}
