# SPDX-License-Identifier: GPL-2.0-only
"""What the configuration says of signalling by bits, made: circuits, resting bits; analogue lines while they work."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

from appliance.config import Branch, ConfigurationError
from appliance.config.branch import Span
from appliance.config.cas import AnalogueLine, Trunk
from appliance.config.files import load_role
from appliance.config.lines import LineCard, Si3050Card
from appliance.line.circuits import CircuitMaker
from appliance.line.worker import LineWorker
from appliance.signalling.cas import channel
from appliance.signalling.cas.circuit import trunks
from appliance.signalling.cas.events import Digits
from appliance.signalling.cas.station_circuit import stations
from appliance.signalling.cas.variant import Variant, load
from appliance.signalling.fxo import settings as fxo
from appliance.signalling.r2.channel import Wants
from appliance.signalling.r2.circuit import circuits as r2_circuits
from appliance.signalling.r2.variant import load as r2_load
from drivers.spi.line_modes import IMPEDANCES

log = structlog.get_logger()


def circuits(span: Span) -> CircuitMaker:
    """What is spoken on a configured span that signals by bits."""
    name, dnis_digits = span.variant or "", span.dnis_digits
    if span.signalling == "r2":
        return r2_circuits(r2_load(name.upper()), Wants(dnis_digits=dnis_digits) if dnis_digits else Wants())
    spoken = load(name)
    if span.analogue is not None:
        return stations(spoken, analogue(span.analogue, spoken))
    trunk = span.trunk or Trunk()
    if not dnis_digits and not trunk.number:  # numbers end by themselves
        dnis_digits = channel.Wants().dnis_digits
    wants = channel.Wants(Digits(trunk.digits), dnis_digits, trunk.ani, trunk.gives_way)
    return trunks(spoken, wants, trunk.zone)


def analogue(line: AnalogueLine, variant: Variant | None = None, card: LineCard | None = None) -> fxo.Settings:
    """What is known of a configured line; of a channel bank by its variant, of a card, whose lines are loop start."""
    told = msgspec.to_builtins(line)
    del told["number"]
    learns = [key for key in ("caller_id", "hang_up", "impedance") if "learn" in told[key]]
    for key in learns:
        del told[key]
    impedance = told.pop("impedance", None)
    told["acim"] = IMPEDANCES.index(impedance) if impedance in IMPEDANCES else None
    told["learns"] = [key for key in learns if key != "impedance" or isinstance(card, Si3050Card)]
    return msgspec.convert({**told, "ground_start": variant is not None and "ground" in variant.bits}, fxo.Settings)


def own_number(span: Span) -> str:
    """What was called where callers tell no number."""
    return (span.analogue and span.analogue.number) or (span.trunk and span.trunk.number) or ""


def reread(spans: Mapping[int, Span | LineCard], worker: LineWorker) -> None:
    """SIGHUP: analogue lines are from now on what the file says of them; all else takes a restart.

    `spans` are the worker's, by number from 0. A file with a mistake changes nothing.
    """
    try:
        branch = load_role(Path(os.environ["BRANCHLINE_CONFIG"]), Branch)
    except ConfigurationError as error:
        log.error("line.configuration.refused", error=str(error))
        return
    for number, old in spans.items():
        now = branch.spans[number] if number < len(branch.spans) else old
        changed = _lines(old, now)
        for timeslot, (settings, called) in changed.items():
            worker.change_line(number, settings, called, timeslot)
        log.info("line.configuration.changed" if changed else "line.configuration.kept", span=number + 1)


def _lines(old: Span | LineCard, now: Span | LineCard) -> dict[int | None, tuple[fxo.Settings, str]]:
    """Analogue lines as they are to be, by timeslot, None: all; nothing where all else is not as it was."""
    if isinstance(now, LineCard):
        alike = isinstance(old, LineCard) and now.wiring() == old.wiring()
        return {slot: (analogue(line, card=now), line.number) for slot, line in now.known().items()} if alike else {}
    if now.analogue is None or msgspec.structs.replace(now, analogue=old.analogue) != old:
        return {}
    return {None: (analogue(now.analogue, load(now.variant or "")), now.analogue.number)}
