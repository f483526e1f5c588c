# SPDX-License-Identifier: GPL-2.0-only
"""libpri's events into ours, where one stands for one. Those that end calls or restart channels are `link.py`'s."""

from collections.abc import Callable
from decimal import Decimal

from appliance.signalling.pri import events, numbers
from appliance.signalling.pri._pri import ffi, lib
from appliance.signalling.pri.calls import Call
from appliance.wire.numbers import UNKNOWN_KIND, Redirecting

PRESENTATION, RESTRICTED = 0x60, 0x20  # octet 3a of Calling party number: presentation indicator (Q.931 §4.5.10)
MULTIPLIER_ONE = 3  # Q.956.2: 0 is a thousandth, 6 a thousand
EXPLICIT = 0x10000  # in libpri's channel numbers: octet 3.1 names the interface (Q.931 §4.5.13)
SCREENED = {1, 3}  # screening indicator: user provided and passed; network provided


def channel_of(encoded: int, implied: int | None) -> int | None:
    """The timeslot in libpri's channel number; None for none or any.

    With several interfaces (NFAS) their number stands above bit 7; `implied`: theirs that is not named.
    """
    number = encoded & 0xFF
    if encoded <= 0 or number in (0, 0xFF):
        return None
    if implied is None:
        return number
    return (encoded >> 8 & 0x7F if encoded & EXPLICIT else implied) << 8 | number


def text(octets: "ffi.CData") -> str | None:
    """A digit string; None where empty."""
    return ffi.string(octets).decode("latin-1") or None


def setup_received(call: Call, ring: "ffi.CData") -> events.SetupReceived:
    """PRI_EVENT_RING."""
    return events.SetupReceived(
        call=call.number,
        channel=channel_of(ring.channel, call.implied),
        exclusive=not ring.flexible,
        dnis=text(ring.callednum) or "",
        clid=text(ring.callingnum),
        presented=not ring.callingpres & PRESENTATION,
        verified=(ring.callingpres & 3) in SCREENED,
        ani=text(ring.callingani),
        bearer=numbers.BEARERS.get(ring.ctype),
        complete=bool(ring.complete),
        dnis_kind=numbers.kind_of(ring.calledplan),
        clid_kind=numbers.kind_of(ring.callingplan) if text(ring.callingnum) else UNKNOWN_KIND,
        name=text(ring.callingname),
        redirecting=_redirecting(ring),
        original=text(ring.origcallednum),
        user_to_user=text(ring.useruserinfo),
        restricted=ring.callingpres & PRESENTATION == RESTRICTED,
    )


def _redirecting(ring: "ffi.CData") -> Redirecting | None:
    number = text(ring.redirectingnum)
    if number is None:
        return None
    shown = not lib.branchline_redirecting_presentation(ring.subcmds) & PRESENTATION
    return Redirecting(
        number if shown else None, numbers.reason_of(ring.redirectingreason), numbers.kind_of(ring.callingplanrdnis)
    )


def charges(call: Call, subcommands: "ffi.CData") -> list[events.ChargeReceived]:
    """The advice of charge that came with a message."""
    found = []
    for n in range(0 if subcommands == ffi.NULL else subcommands.counter_subcmd):
        for advice, final in (
            (lib.branchline_aoc_d(subcommands, n), False),
            (lib.branchline_aoc_e(subcommands, n), True),
        ):
            charge = None if advice == ffi.NULL else _charge(call, advice, final=final)
            found += [] if charge is None else [charge]
    return found


def _charge(call: Call, advice: "ffi.CData", *, final: bool) -> events.ChargeReceived | None:
    if advice.charge == lib.PRI_AOC_DE_CHARGE_FREE:
        return events.ChargeReceived(call.number, final=final)
    if advice.charge == lib.PRI_AOC_DE_CHARGE_UNITS:
        recorded = advice.recorded.unit
        units = sum(max(0, recorded.item[n].number) for n in range(recorded.num_items))
        return events.ChargeReceived(call.number, units=units, final=final)
    if advice.charge == lib.PRI_AOC_DE_CHARGE_CURRENCY:
        money = advice.recorded.money
        amount = format(Decimal(money.amount.cost).scaleb(money.amount.multiplier - MULTIPLIER_ONE), "f")
        return events.ChargeReceived(call.number, amount=amount, currency=text(money.currency), final=final)
    return None


def _agree(call: Call, encoded: int) -> int | None:
    channel = channel_of(encoded, call.implied)
    call.channel = channel or call.channel
    return channel


def _inband(progress_mask: int) -> bool:
    return bool(progress_mask & lib.PRI_PROG_INBAND_AVAILABLE)


def _setup_acknowledged(call: Call, event: "ffi.CData") -> events.Event:
    return events.SetupAcknowledged(call.number, _agree(call, event.setup_ack.channel))


def _proceeding(call: Call, event: "ffi.CData") -> events.Event:
    said = event.proceeding
    return events.ProceedingReceived(call.number, _agree(call, said.channel), _inband(said.progressmask))


def _progress(call: Call, event: "ffi.CData") -> events.Event:
    return events.ProgressReceived(call.number, _inband(event.proceeding.progressmask))


def _alerting(call: Call, event: "ffi.CData") -> events.Event:
    said = event.ringing
    return events.AlertingReceived(call.number, _agree(call, said.channel), _inband(said.progressmask))


def _connect(call: Call, event: "ffi.CData") -> events.Event:
    return events.ConnectReceived(call.number, _agree(call, event.answer.channel))


def _disconnect(call: Call, event: "ffi.CData") -> events.Event:
    return events.DisconnectReceived(call.number, event.hangup.cause)


def _hold(call: Call, _event: "ffi.CData") -> events.Event:
    return events.HoldReceived(call.number)


def _retrieve(call: Call, event: "ffi.CData") -> events.Event:
    said = event.retrieve
    return events.RetrieveReceived(call.number, channel_of(said.channel, call.implied), exclusive=not said.flexible)


# Number of the event: (where it keeps its call, what it becomes).
OF_CALLS: dict[int, tuple[str, Callable[[Call, "ffi.CData"], events.Event]]] = {
    lib.PRI_EVENT_SETUP_ACK: ("setup_ack", _setup_acknowledged),
    lib.PRI_EVENT_PROCEEDING: ("proceeding", _proceeding),
    lib.PRI_EVENT_PROGRESS: ("proceeding", _progress),
    lib.PRI_EVENT_RINGING: ("ringing", _alerting),
    lib.PRI_EVENT_ANSWER: ("answer", _connect),
    lib.PRI_EVENT_HANGUP_REQ: ("hangup", _disconnect),
    lib.PRI_EVENT_HOLD: ("hold", _hold),
    lib.PRI_EVENT_RETRIEVE: ("retrieve", _retrieve),
}
