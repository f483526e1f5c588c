# SPDX-License-Identifier: GPL-2.0-only
"""The page's server: what it shows is there within a second, and what it must not do it does not do."""

import asyncio
import csv
import hashlib
import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client
from sqlalchemy import update

from appliance.call.contact import CallState, Contact, Party
from appliance.call.events import Routed
from appliance.call.routing import decided
from appliance.config import read_secret
from appliance.headquarters.reports import schema, store
from appliance.headquarters.reports.writer import Writer
from appliance.headquarters.web import sound
from appliance.uplink.connection import USER
from appliance.wire.calls import ContactBegan, ContactEnded, RecordingSealed, VoicemailBegan
from appliance.wire.envelope import Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.performance import Figures, Interval, SpanPerformance, Verdict
from appliance.wire.routes import RouteAnswer, RouteRequest
from tests.headquarters.site import BOX, Site, until
from tests.headquarters.test_agent_times import Move
from tests.headquarters.test_counting import recount
from tests.headquarters.test_intake import connected
from tests.headquarters.told import ANSWERED, TEN_NS, WAITED, S, story
from tests.router.test_router_apply import QUEUED, WELCOME

ALL = ("nats-server", "headquarters", "web", "uplink")
CONTACT = f"{BOX}.x.1"


def get(site: Site, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", site.web_port, timeout=5)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def serves(site: Site) -> bool:
    try:
        return get(site, "/")[0].status == 200
    except (OSError, http.client.HTTPException):  # before anybody listens a connection may meet itself
        return False


def sections(site: Site, within_s: float = 10) -> Iterator[tuple[str, Any]]:
    """(name, content) as the stream tells them."""
    connection = http.client.HTTPConnection("127.0.0.1", site.web_port, timeout=5)
    connection.request("GET", "/live")
    answer, name, end = connection.getresponse(), "", time.monotonic() + within_s
    while time.monotonic() < end:
        field, _, value = answer.readline().decode().rstrip().partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)
    connection.close()


def first(site: Site, wanted: str, so: Any) -> Any:
    for name, content in sections(site):
        if name == wanted and so(content):
            return content
    raise AssertionError(f"{wanted} did not come to be so")


@pytest.mark.system
def test_a_call_is_on_the_page_while_it_is_made_and_afterwards_with_its_recording(site: Site) -> None:
    site.start(*ALL)
    until(lambda: serves(site), 10, "the page is served")
    site.tell(ContactBegan(contact=CONTACT, leg="L1", channel="span 1 timeslot 5", dnis="95588", clid="139"))
    assert first(site, "now", bool)[0]["stage"] == "offered"
    tone = b"RIFF" + bytes(range(256)) * 3000
    folder = site.branch_state / "recordings"
    folder.mkdir(exist_ok=True)
    (folder / "00ff.wav").write_bytes(tone)
    digest = hashlib.sha256(tone).hexdigest()
    sealed = RecordingSealed(contact=CONTACT, recording="00ff", samples=384_002, octets=len(tone), sha256=digest)
    message = VoicemailBegan(contact=CONTACT, mailbox="card", recording="00ff", sample=0)
    site.tell(message, ContactEnded(contact=CONTACT, cause=17, by="us"), sealed)
    row = first(site, "before", lambda rows: rows and rows[0]["recording"])[0]
    assert (row["cause"], row["by"], row["recording"]) == (17, "us", "00ff")
    row = first(site, "voicemail", lambda rows: rows and rows[0]["here"])[0]
    assert (row["mailbox"], row["clid"], row["heard_ns"]) == ("card", "139", None)
    until((folder / "00ff.wav.sent").exists, 5, "the branch knows that its recording has arrived")
    answer, octets = get(site, "/recordings/00ff.wav", Range="bytes=4-9")
    assert (answer.status, octets, answer.headers["Content-Range"]) == (206, tone[4:10], f"bytes 4-9/{len(tone)}")
    assert get(site, "/recordings/00ff.wav")[1] == tone
    story = json.loads(get(site, f"/api/calls/{CONTACT}")[1])
    assert story["recordings"][0]["sha256"] == digest
    for asked in ("L1", "139"):
        assert json.loads(get(site, f"/api/calls/{asked}")[1])["contact"] == CONTACT
    answer, octets = get(site, "/api/calls/1390")
    assert (answer.status, json.loads(octets)["detail"]) == (
        404,
        "1390: no such call in the record; did you mean 139?",
    )
    assert get(site, "/api/calls/139?number=2")[0].status == 404


@pytest.mark.system
def test_a2_why_by_the_api_is_what_the_router_has_decided_and_kept(site: Site) -> None:
    """A question of a branch, its answer as call control tells it to the record, and what another program reads."""
    site.start(*ALL)
    until(lambda: serves(site), 10, "the page is served")
    until(lambda: "headquarters.intake.opened" in site.log_of("headquarters"), 10, "headquarters listens")
    question = RouteRequest(request="r1", contact=CONTACT, dnis="95588", ced="1", outcome="digits", cursor=QUEUED)
    question = msgspec.structs.replace(question, refused_agents=("1001",))

    async def asked() -> RouteAnswer:
        async with connected(site) as client:
            sealed = encode(Sealer(Identity.take(BOX, "call")).seal(question))
            body = decode((await client.request(f"route.request.{BOX}", sealed, timeout=5)).data).body
            assert isinstance(body, RouteAnswer)
            return body

    answer = asyncio.run(asked())
    caller = Contact(
        contact=CONTACT, state=CallState.ROUTING, caller=Party("L1", "line1"), dnis="95588", outcome="digits"
    )
    began = ContactBegan(contact=CONTACT, leg="L1", channel="span 1 timeslot 5", dnis="95588", clid="139")
    site.tell(began, decided(caller, Routed(answer, 2.5)), ContactEnded(contact=CONTACT, cause=16, by="caller"))
    until(lambda: get(site, f"/api/calls/{CONTACT}")[0].status == 200, 10, "the record has the call")
    until(lambda: json.loads(get(site, f"/api/calls/{CONTACT}")[1])["ended_ns"], 10, "and its end")
    (one,) = json.loads(get(site, f"/api/calls/{CONTACT}")[1])["decisions"]
    assert one["path"] == ["choose", "card"]
    assert one["compared"] == {"ced": "1"}
    assert one["candidates"] == [
        {"queue": "card", "agent": "1001", "verdict": "refused this contact", "chosen": False},
        {"queue": "card", "agent": "1002", "verdict": "available since the start", "chosen": True},
    ]
    assert one["reason"] == "Wang Wei (1002) has been available longest in card"
    assert (one["by"], one["latency_ms"], one["outcome"]) == ("headquarters", 2.5, "digits")
    assert (one["call_type"], one["script"], one["version"]) == ("card-service", "welcome", WELCOME.version)
    assert (one["action"]["do"], one["action"]["agent"]) == ("ring-agent", "1002")
    (ended,) = one["followed"]
    assert (ended["what"], ended["cause"], ended["by"]) == ("ended", 16, "caller")


@pytest.mark.system
def test_a_span_s_verdict_and_its_quarters_are_on_the_page(site: Site) -> None:
    site.start("nats-server", "headquarters", "web")
    until(lambda: serves(site), 10, "the page is served")
    quarter = Interval(1_795_392_000, near=Figures(seconds=900, es=3))
    told = SpanPerformance(
        span=1,
        name="telco",
        quarters=(quarter,),
        days=(),
        verdict=Verdict.CLOCK,
        sentence="2 slips",
        chinese="滑码",
        window_s=300,
    )
    assert get(site, f"/api/performance/{BOX}/1")[0].status == 404

    async def tell() -> None:
        client = Client()
        await client.connect(
            f"nats://127.0.0.1:{site.nats_port}", user=USER, password=read_secret(site.config.server.secret)
        )
        await client.publish(f"line.{BOX}.performance", encode(Sealer(Identity.take(BOX, "line1")).seal(told)))
        await client.publish(f"line.{BOX}.performance", b"rubbish")
        await client.close()

    until(lambda: "headquarters.intake.opened" in site.log_of("headquarters"), 10, "headquarters listens")
    asyncio.run(tell())
    (verdict,) = first(site, "verdicts", bool)
    assert (verdict["box"], verdict["span"], verdict["verdict"], verdict["sentence"]) == (BOX, 1, "clock", "2 slips")
    answer = json.loads(get(site, f"/api/performance/{BOX}/1")[1])
    assert answer["quarters"] == [{"start_s": 1_795_392_000, "near": {"seconds": 900, "es": 3}}]
    for path in (f"{BOX}/2", "BR-0002/1", "*/1", "a.b/1", f"{BOX}/x"):
        assert get(site, f"/api/performance/{path}")[0].status == 404, path


@pytest.mark.system
def test_statistics_are_given_to_other_programs_as_json_and_csv(site: Site) -> None:
    writer = Writer(store.open_writer(store.path_of(site.state)))
    writer.store(story(*ANSWERED))
    writer.store(story(*WAITED, contact="BR-0001.x.2", at_ns=TEN_NS + 1200 * S))
    with (site.folder / "headquarters.yaml").open("a") as file:
        file.write("teams: [{name: early, agents: [1001]}]\n")
    site.start("web")
    until(lambda: serves(site), 10, "the page is served")
    asked = f"from_ns={TEN_NS}&to_ns={TEN_NS + 3600 * S}"
    first_row, second_row = json.loads(get(site, f"/api/intervals/queue?{asked}")[1])
    assert (first_row["name"], first_row["start"], first_row["answered"]) == ("gold", "2026-11-24T10:00:00Z", 1)
    assert (first_row["service_level_negative"], first_row["average_answer_wait_ms"]) == ("100.00", 5000)
    assert (second_row["start"], second_row["abandoned_queue"]) == ("2026-11-24T10:15:00Z", 1)
    assert second_row["service_level_handled"] is None
    (row,) = json.loads(get(site, f"/api/intervals/queue?{asked}&interval=day")[1])
    assert (row["offered"], row["service_level_ignored"], row["longest_abandon_wait_ms"]) == (2, "50.00", 30_000)
    answer, page = get(site, f"/api/intervals/agent?{asked}&format=csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    (agent,) = csv.DictReader(page.decode().splitlines())
    assert (agent["name"], agent["talk_samples"], agent["service_level_ignored"]) == ("1001", "480000", "")
    assert {row[f"service_level_{form}"] for form in ("negative", "positive")} == {"50.00"}
    assert (row["transferred"], row["average_handle_ms"]) == (0, 60_000)
    (team,) = json.loads(get(site, f"/api/intervals/team?{asked}&interval=day")[1])
    assert (team["name"], team["answered"]) == ("early", int(agent["answered"]))
    assert answer.headers["X-Counted"] is None
    with writer._engine.begin() as record:
        record.execute(update(schema.counting).values(checked_ns=-1, upto=""))
    assert get(site, f"/api/intervals/queue?{asked}")[0].headers["X-Counted"] == "0.000"
    recount(writer)
    assert get(site, f"/api/intervals/queue?{asked}")[0].headers["X-Counted"] is None
    writer.agents_moved([(1, [Move("1001", "available", "", TEN_NS)])])
    (spent,) = json.loads(get(site, f"/api/intervals/agent-time?{asked}&interval=day")[1])
    assert (spent["name"], spent["login_ns"], spent["occupancy"]) == ("1001", 3600 * S, "0.00")
    assert b"1001,2026-11-24T10:45:00Z" in get(site, f"/api/intervals/agent-time?{asked}&format=csv")[1]
    assert b"did you mean 'queue'?" in get(site, f"/api/intervals/queues?{asked}")[1]
    for wrong, told in (
        (f"{asked}&interval=20m", "'20m' is not known"),
        (f"{asked}&format=cvs", "did you mean 'csv'?"),
        (f"from_ns={TEN_NS + 1}&to_ns={TEN_NS + 3600 * S}", "on a border of five minutes"),
        (f"from_ns={TEN_NS}&to_ns={TEN_NS}", "one day at most"),
    ):
        answer, page = get(site, f"/api/intervals/queue?{wrong}")
        assert answer.status == 400, wrong
        assert told in json.loads(page)["detail"]


@pytest.mark.system
def test_headquarters_silence_and_a_missing_branch_are_told(site: Site) -> None:
    site.start("nats-server", "headquarters", "web")
    until(lambda: serves(site), 10, "the page is served")
    assert first(site, "branches", bool) == [{"box": BOX, "name": "", "heard_ns": 0}]
    first(site, "health", lambda health: health["headquarters"] and health["record"])
    site.kill("headquarters")
    first(site, "health", lambda health: not health["headquarters"])


@pytest.mark.system
def test_the_page_is_for_this_host_and_loads_nothing_from_elsewhere(site: Site) -> None:
    site.start("web")
    until(lambda: serves(site), 10, "the page is served")
    for path in ("/", "/static/page.js", "/api/calls?before=1", "/nowhere"):
        policy = get(site, path)[0].headers["Content-Security-Policy"]
        assert policy is not None, path
        assert policy.startswith("default-src 'none'; script-src 'self'")
    assert get(site, "/", Host="evil.example")[0].status == 421
    assert get(site, "/", Host="localhost:9000")[0].status == 200
    for path in ("/static/../app.py", "/static/%2e%2e%2fapp.py", "/recordings/..%2f..%2frecord.db", "/recordings/.wav"):
        assert get(site, path)[0].status == 404, path


@pytest.mark.unit
@pytest.mark.parametrize(
    ("header", "part"),
    [("bytes=0-", (0, 99)), ("bytes=10-19", (10, 19)), ("bytes=90-200", (90, 99)), ("bytes=-10", (90, 99))],
)
def test_rfc9110_14_1_2_byte_ranges(header: str, part: tuple[int, int]) -> None:
    assert sound.wanted(header, 100) == part


@pytest.mark.unit
@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0", "bytes=20-10"])
def test_rfc9110_15_5_17_range_not_satisfiable(header: str) -> None:
    assert sound.wanted(header, 100) is None


@pytest.mark.unit
@given(st.text(max_size=30))
def test_rfc9110_14_2_any_other_range_header_is_ignored(header: str) -> None:
    try:
        part = sound.wanted(header, 100)
    except ValueError:
        return
    assert part is None or 0 <= part[0] <= part[1] < 100


def post(site: Site, path: str, body: bytes, kind: str = "application/json") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", site.web_port, timeout=5)
    connection.request("POST", path, body, {"Content-Type": kind})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


@pytest.mark.system
def test_a_branch_s_form_is_served_and_checks_what_is_filled_in(site: Site) -> None:
    site.start("nats-server", "headquarters", "web")
    until(lambda: serves(site), 10, "the page is served")
    assert b"configuration.js" in get(site, "/configuration")[1]
    assert json.loads(get(site, "/api/configuration/form")[1])["fields"]["spans"]["key"] == "name"
    status, told = post(site, "/api/configuration/check", b'{"role": "branch", "box": "B 1"}')
    assert (status, told["text"]) == (200, 'role: branch\nbox: "B 1"\n')
    assert ["spans"] in [fault["path"] for fault in told["faults"]]
    assert post(site, "/api/configuration/open", b'"box: [1, 2"')[1]["faults"][0]["line"] == 1
    for body, kind in (
        (b'{"role": 1}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"a": ' * 30 + b'"b"' + b"}" * 30, "application/json"),
        (b"not json", "application/json"),
        (b'{"role": "branch"}', "text/plain"),
    ):
        assert post(site, "/api/configuration/check", body, kind)[0] == 400, body[:20]
    assert post(site, "/api/configuration/check", b'{"a": "' + b"x" * 1_100_000 + b'"}')[0] == 413
