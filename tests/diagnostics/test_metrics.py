# SPDX-License-Identifier: GPL-2.0-only
"""What Prometheus reads of a whole branch, and what its format demands."""

import asyncio
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from appliance.diagnostics.metrics import exposition, page
from appliance.diagnostics.metrics.exposition import sample
from appliance.diagnostics.metrics.series import PREFIX, TABLE
from tests.diagnostics.box import watched
from tests.headquarters.site import Site
from tests.ports import HOST, free_port

pytestmark = pytest.mark.timeout(60)
NAMES_LEAST = 60
SCRAPE_S = 0.02


def read(port: int, path: str = "/metrics") -> str:
    with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=5) as answer:
        return str(answer.read().decode())


@pytest.mark.system
def test_p8_a_branch_tells_60_series_and_more_of_spans_d_channels_and_calls(site: Site) -> None:
    port = free_port()

    async def scene() -> str:
        async with watched(site, f"metrics: {HOST}:{port}") as box:
            await box.told("outbox_events", "dchannel_frames_sent_total")
            call = await box.bench.network.call("95588", "02512345678")
            await call.release(cause=17)  # at once: nobody commands this worker, which would let it go by itself
            await box.told("legs_released_total")
            with pytest.raises(urllib.error.HTTPError, match="404"):
                await asyncio.to_thread(read, port, "/etc/passwd")
            return await asyncio.to_thread(read, port)

    families = {family.name: family for family in parsed(asyncio.run(scene()))}
    assert len(families) >= NAMES_LEAST, sorted(families)
    values = {(one.name, *one.labels.values()): one.value for family in families.values() for one in family.samples}
    assert values[f"{PREFIX}span_alarm", "1", "telco", "LOS"] == 0.0
    assert values[f"{PREFIX}span_signalling_up", "1", "telco"] == 1.0
    assert values[f"{PREFIX}span_channels", "1", "telco", "idle"] == 30.0
    assert values[f"{PREFIX}span_errored_seconds", "1", "telco", "near", "15m"] == 3.0
    assert values[f"{PREFIX}legs_offered_total", "line1"] == 1.0
    assert values[f"{PREFIX}legs_released_total", "line1", "17", "peer"] == 1.0
    assert values[f"{PREFIX}alarms", "process.restarted"] == 1.0
    assert values[f"{PREFIX}outbox_events",] == 2.0
    assert values[f"{PREFIX}scrape_seconds",] < SCRAPE_S


def test_a_label_with_quotation_marks_and_line_ends_is_read_back_as_it_was() -> None:
    name = 'trunk "A"\\\n中继'
    (family,) = parsed(exposition.text([sample("span_signalling_up", 1, 1, name)]))
    assert (family.type, family.samples[0].labels["name"]) == ("gauge", name)


@pytest.mark.parametrize("made", [sample("span_signaling_up", 1, 1, "a"), sample("span_signalling_up", 1, 1)])
def test_what_the_table_has_not_is_never_said(made: exposition.Sample) -> None:
    with pytest.raises((KeyError, ValueError)):
        exposition.text([made])


def test_names_are_as_prometheus_wants_them() -> None:
    names = [one.name for one in TABLE]
    assert len(set(names)) == len(names)
    assert {one.kind == "counter" for one in TABLE if one.name.endswith("_total")} == {True}
    assert [one.name for one in TABLE if one.kind == "counter" and not one.name.endswith("_total")] == []
    assert [one.name for one in TABLE if one.name.endswith(("_ms", "_us", "_percent", "_mb", "_count", "_sum"))] == []


def test_the_page_says_what_the_table_says() -> None:
    assert page.PATH.read_text() == page.page(), "run python -m appliance.diagnostics.metrics.page"
