# SPDX-License-Identifier: GPL-2.0-only
"""All 30 timeslots for a minute, and 1,000 short calls: what it costs, what is late, what is left over.

The twenty phones are SIPp's; they send back what they hear, so each talker measures the round trip of his own voice.
"""

import asyncio
import statistics
import time
from pathlib import Path

from appliance.simulator.caller import AwaitAnswer, AwaitRelease, AwaitSound, HangUp, Key, Rest, Script, Talk
from appliance.simulator.channels import NoChannelError
from appliance.simulator.exchange import Exchange
from appliance.simulator.result import CallResult
from tests.accept.sheet import Sheet
from tests.accept.site import NUMBER, Site, until
from tests.accept.use import Use, judge_lateness
from tests.peers.sipp import Account, SippPhones
from tests.sound.alaw import encode, ideal_pass
from tests.sound.compare import Comparison, compare, one_way_delay_ms
from tests.sound.speech import read_wav, speech, write_wav

FULL_S = 60.0
LISTENERS, TALKERS = 10, 20
VOICE_S, REST_S = 10.0, 8.0
SHORT_CALLS, SHORT_AT_ONCE, SHORT_EVERY_S = 1000, 20, 0.07
IDENTICAL = 0.99


async def run(site: Site, exchange: Exchange, sheet: Sheet) -> None:
    """Both loads on one system."""
    accounts = [Account(extension, site.secret(extension)) for extension in site.extensions]
    with SippPhones(accounts, site.proxy, "branch.test", site.folder / "sipp"):
        sheet.stage(f"30 timeslots for {FULL_S:.0f} s: {LISTENERS} in the prompt, {TALKERS} talking and recorded")
        with sheet.guarded("K4", "all 30 timeslots at once"):
            await _full(site, exchange, sheet)
        sheet.stage(f"{SHORT_CALLS} short calls, at most {SHORT_AT_ONCE} at once")
        with sheet.guarded("K1", f"{SHORT_CALLS} short calls"):
            await _short(site, exchange, sheet)


async def _full(site: Site, exchange: Exchange, sheet: Sheet) -> None:
    voice = write_wav(site.folder / "voice.wav", ideal_pass(speech(VOICE_S)))
    talker = Script(
        (AwaitAnswer(20), AwaitSound(10), Rest(0.5), Key("1"), Rest(REST_S), Talk((str(voice),)), Rest(FULL_S)),
        record=True,
    )
    # A listener keys nothing: greeting, question, and both again at the second try, then an agent; he is let go before.
    listener = Script((AwaitAnswer(20), AwaitSound(10), Rest(FULL_S)))
    talkers = [exchange.place(NUMBER, f"0251235{n:04d}", talker) for n in range(TALKERS)]
    await asyncio.sleep(REST_S - 2)
    listeners = [asyncio.create_task(_listen(exchange, n, listener)) for n in range(LISTENERS)]
    before = Use.of(site)
    await asyncio.sleep(FULL_S)
    after = Use.of(site)
    sheet.equal("K4", "timeslots in use at the end of the minute", len(exchange.busy_channels()), LISTENERS + TALKERS)
    for task in listeners:
        task.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
    exchange.clear_all()
    results = [await call.result() for call in talkers]
    await exchange.all_cleared(10)
    _cost(sheet, before, after)
    _voices(sheet, [_round_trip(result, voice) for result in results])
    await _recordings(site, sheet)


async def _listen(exchange: Exchange, n: int, script: Script) -> None:
    """Stay in the prompt: a new call whenever the script at headquarters would move on to an agent."""
    while True:
        call = exchange.place(NUMBER, f"0251236{n:04d}", script)
        try:
            await asyncio.sleep(6)
        finally:
            call.hang_up()
        await call.result()


def _cost(sheet: Sheet, before: Use, after: Use) -> None:
    cores = after.cores_since(before)
    used = ", ".join(f"{name} {100 * share:.1f}" for name, share in sorted(cores.items(), key=lambda one: -one[1]))
    sheet.note(f"per cent of a core: {used}; together {100 * sum(cores.values()):.1f}")
    judge_lateness(sheet, f"{LISTENERS + TALKERS} calls", before.engine, after.engine)
    sheet.at_most("K4", "cores used by the branch", sum(cores.values()), 1.5)


def _round_trip(result: CallResult, voice: Path) -> tuple[Comparison, float]:
    if result.heard is None or not result.said:
        raise AssertionError(f"a talker did not get through: {result.unmet}")
    comparison = compare(encode(read_wav(voice)), result.heard.octets)
    return comparison, one_way_delay_ms(result.said[0].began.ns, result.heard.from_ns, comparison)


def _voices(sheet: Sheet, measured: list[tuple[Comparison, float]]) -> None:
    worst = min(comparison.identical_share for comparison, _ in measured)
    sheet.at_least("K4", f"{TALKERS} voices there and back, worst share of blocks identical", worst, IDENTICAL)
    trips = sorted(delay for _, delay in measured)
    half = statistics.median(trips) / 2
    sheet.note(f"one way, half the round trip by an echoing phone: median {half:.1f} ms, worst {trips[-1] / 2:.1f} ms")


async def _recordings(site: Site, sheet: Sheet) -> None:
    begun = time.monotonic()
    clids = [f"0251235{n:04d}" for n in range(TALKERS)]
    here = 0
    while here < TALKERS and time.monotonic() - begun < 60:
        await asyncio.sleep(0.5)
        calls = [call for clid in clids for call in site.calls(clid)]
        here = sum(any(sound["here"] for sound in call["recordings"]) for call in calls)
    sheet.equal("V1", "recordings of the minute at headquarters", here, TALKERS)
    off = [
        abs(sound["samples"] - call["talk_samples"]) / 8
        for clid in clids
        for call in site.calls(clid)
        for sound in call["recordings"]
    ]
    sheet.at_most("V1", "longest difference between recording and talk", max(off), 20, "ms")


async def _short(site: Site, exchange: Exchange, sheet: Sheet) -> None:
    brief = Script(
        (AwaitAnswer(20), AwaitSound(10), Key("1", on_ms=60, off_ms=60), Rest(0.6), HangUp(), AwaitRelease(10))
    )
    gate = asyncio.Semaphore(SHORT_AT_ONCE)
    begun = time.monotonic()
    tasks = []
    for n in range(SHORT_CALLS):
        await gate.acquire()
        task = asyncio.create_task(_one(exchange, f"0251237{n:04d}", brief))
        task.add_done_callback(lambda _: gate.release())
        tasks.append(task)
        await asyncio.sleep(SHORT_EVERY_S)
    results = await asyncio.gather(*tasks)
    took = time.monotonic() - begun
    sheet.note(f"{SHORT_CALLS} calls in {took:.0f} s, {SHORT_CALLS / took:.1f} a second")
    sheet.equal("K1", "short calls answered", sum(result.answered is not None for result in results), SHORT_CALLS)
    await exchange.all_cleared(10)
    sheet.equal("K1", "stuck channels at the exchange", len(exchange.busy_channels()), 0)
    record = site.record()
    await until(lambda: record.totals()["all"] == record.totals()["ended"], 30, "calls without an end in the record")
    clids = {row["clid"] for row in record.calls_before(limit=100_000)}
    lost = sum(f"0251237{n:04d}" not in clids for n in range(SHORT_CALLS))
    sheet.equal("C1", "lost records", lost, 0)


async def _one(exchange: Exchange, clid: str, script: Script) -> CallResult:
    while True:
        try:
            return await exchange.call(NUMBER, clid, script)
        except NoChannelError:  # a channel that is just being cleared
            await asyncio.sleep(0.02)
