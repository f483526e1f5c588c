# SPDX-License-Identifier: GPL-2.0-only
"""The box between a telco and a PBX that the site keeps: what passes it, and what the contact center takes out."""

from pathlib import Path

from tests.accept.sheet import Sheet
from tests.processes.tandem_site import started
from tests.processes.test_tandem import SCENES


async def run(sheet: Sheet, folder: Path) -> None:
    """A system of its own, with an exchange on both sides; a line for each scene."""
    sheet.stage("telco, box, PBX")
    with sheet.guarded("K6", "tandem: telco, box and PBX run"):
        async with started(folder) as site:
            for scene in SCENES:
                promise = f"tandem: {scene.__name__.replace('_', ' ')}"
                with sheet.guarded("K6", promise):
                    await scene(site)
                    sheet.holds("K6", promise, truth=True)
            sheet.equal("K6", "tandem: calls left over", site.telco.network.holds + site.pbx.network.holds, 0)
