# SPDX-License-Identifier: GPL-2.0-only
"""Framers of a line process's spans: those of DAHDI's cards, and chips on SPI, which the process serves itself."""

import asyncio
import time
from collections.abc import Mapping

import structlog

from appliance.config.branch import DahdiSpan, Ds26521Span, Span
from appliance.config.lines import LineCard
from appliance.media.engine import EngineBusyError
from drivers.dahdi import CardFramer
from drivers.model import Cas
from drivers.protocol import Framer
from drivers.spi.devices import GpioLine, SpiDevice
from drivers.spi.ds26521 import FramerSettings
from drivers.spi.spans import SpiSpanDriver, SpiSpanSettings
from drivers.spi.tdm import TdmSettings

POLL_S = 0.01

log = structlog.get_logger()


def settings(span: Ds26521Span, bits: Cas | None) -> SpiSpanSettings:
    """The driver's settings of a configured span."""
    return SpiSpanSettings(
        spi=SpiDevice(span.spi, span.spi_hz, span.spi_mode),
        framer=FramerSettings(
            framing="crc4" if span.crc4 else "basic",
            line_code=span.code,
            signalling="cas" if bits else "ccs",
            impedance_ohm=span.impedance_ohm,
        ),
        reset=GpioLine(span.reset.chip, span.reset.line, "high") if span.reset else None,
        sound=TdmSettings(
            span.sound_card,
            span.device,
            wait_ms=span.jitter_ms,
            clock_domain=span.clock_domain,
            clock_priority=span.clock_priority,
        ),
    )


def framers(spans: Mapping[int, Span | LineCard], chips: SpiSpanDriver) -> dict[int, Framer]:
    """Those of spans that have one, by span. `chips` has its own configured."""
    found: dict[int, Framer] = {span.number: chips.framer(span.number) for span in chips.spans}
    for number, span in spans.items():
        if isinstance(span, DahdiSpan):
            crc = span.crc4 is not False and span.framing != "d4"
            found[number] = CardFramer(span.card_span, span.line, crc=crc)
    return found


async def serve(chips: SpiSpanDriver) -> None:
    """Serve the chips until cancelled. What the engine does not take now, it is told again."""
    faults: dict[int, str] = {}
    while chips.spans:
        try:
            chips.poll(time.monotonic())
        except EngineBusyError as error:
            log.debug("line.framer.untold", error=str(error))
        for span in chips.spans:
            if (fault := chips.fault(span.number)) != faults.get(span.number, ""):
                faults[span.number] = fault
                log.warning("line.framer.fault" if fault else "line.framer.served", span=span.number + 1, fault=fault)
        await asyncio.sleep(POLL_S)
