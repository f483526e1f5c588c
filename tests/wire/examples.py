# SPDX-License-Identifier: GPL-2.0-only
"""One example of every message, as its golden file has it; `python -m tests.wire.examples` writes new files."""

import typing
from pathlib import Path

from appliance.wire import (
    agents,
    alarms,
    call_control,
    callbacks,
    calls,
    configuration,
    fleet,
    learning,
    legs,
    line_tests,
    link,
    performance,
    peripherals,
    remote,
    routes,
    service_messages,
    spans,
    update,
    voicemail,
)
from appliance.wire import treatments as t
from appliance.wire.envelope import Body, Envelope, encode
from appliance.wire.message import Message
from appliance.wire.numbers import NumberKind, NumberPlan, NumberType, Redirecting, RedirectingReason

GOLDEN = Path(__file__).parent / "golden"

CONTACT = "BR-0001.06h0kiqj6vsmekhb.7"
CALLER = "BR-0001.line1.06h0kiqj6vsmekhb.3"
AGENT = "BR-0001.call.06h0kiqj6vsmekhb.9"
LEG = legs.Leg(
    leg=CALLER,
    direction=legs.Direction.INCOMING,
    state=legs.LegState.OFFERED,
    channel="span 1 timeslot 5",
    port=5,
    clid="02512345678",
    dnis="95588",
    clid_kind=NumberKind(NumberType.NATIONAL, NumberPlan.ISDN),
    name="Wang Fang",
    redirecting=Redirecting("02588001234", RedirectingReason.NO_REPLY),
    original="4008001234",
    user_to_user="order 4711",
    began_ns=1_795_469_038_391_510_979,
)
VERBS = (
    t.Play(("hello-world",)),
    t.Collect(("vm-enter-num-to-call",), max_digits=1, tries=2),
    t.Music(("macroform-cold_day",), seconds=30),
    t.Ringing(seconds=6),
    t.Voicemail("card", longest_s=60, silence_s=4, shortest_s=2, terminators="#*"),
)
PLACE = routes.ContactPlace(
    5, 1_795_469_038_391_510_979, 7, "welcome/ask", 1_795_469_038_391_510_979, (("card", 0, None),)
)
PUSH = "HQ-0001.12.1795469038391"
RING = routes.RingAgent(agent="1001", extension="8001", queue="card", token="7.1001", ring_s=15)

EXAMPLES: tuple[Message, ...] = (
    service_messages.Attach(role="controller"),
    service_messages.Accepted(),
    configuration.Configured(
        progress=configuration.Progress.DRAINING,
        version=7,
        waiting=(("line1", 3),),
        until_s=1_795_469_158.0,
    ),
    update.CheckBundle(source="/media/branchline-0.2.0.raucb"),
    update.BundleChecked(good=False, version="0.0.9", sentence="it has version 0.0.9, older than 0.1.0"),
    update.InstallBundle(source="https://headquarters.example/branchline-0.2.0.raucb", allow_older=True),
    update.ConfirmUpdate(),
    update.FallBack(),
    update.UpdateTold(
        state="trial",
        slot="B",
        running="0.2.0",
        version="0.2.0",
        before="0.1.0",
        percent=100,
        doing="waits for headquarters",
        until_s=1_795_469_158.0,
    ),
    fleet.ConfigurationReported(
        name="Nanjing Road",
        software="0.6.0",
        fingerprint="9f86d081884c7d65",
        version=7,
        author="li",
        comment="longer waits",
        at="2026-11-27T03:00:00+00:00",
        amiss=("phone 8002",),
        push=PUSH,
        step=fleet.Step.TRIAL,
        waiting=1,
    ),
    fleet.PushConfiguration(
        push=PUSH, author="li", comment="longer waits", base="60303ae22b998861", text="role: branch\n", force=True
    ),
    fleet.ConfigurationHeard(wants_text=True),
    fleet.BoxesAsked(target="small", drift=True),
    fleet.BoxesTold(
        boxes=(fleet.BoxNow("BR-0001", "Nanjing Road", "small", "0.6.0", 7, "9f86d081884c7d65", "wu", drift=True),),
        changed=(fleet.BoxChanged(("BR-0001",), ("- set name X", "+ set name Y")),),
    ),
    fleet.DiffAsked(target="small"),
    fleet.DiffTold(same=3, changed=(fleet.BoxChanged(("BR-0001",), ("+ set name Y",)),), unknown=("BR-0009",)),
    fleet.StartPush(target="all", waves=("1", "all"), comment="longer waits", by="li", origin="ttyS0"),
    fleet.OrderPush(wish=fleet.PushWish.GO_ON, number=12, by="li", origin="ttyS0"),
    fleet.PushAsked(number=12),
    fleet.PushTold(
        now=fleet.PushNow(
            12,
            "small",
            "li",
            "longer waits",
            1_795_469_038_391_510_979,
            "stopped",
            1,
            (fleet.WaveNow(2, {"confirmed": 1, "returned": 1}),),
            "BR-0001 returned",
            boxes=(fleet.BoxInPush("BR-0001", 1, "returned", "worse than before"),),
        )
    ),
    fleet.AuditAsked(box="BR-0001", count=1),
    fleet.AuditTold(
        entries=(fleet.AuditEntry(1_795_469_038_391_510_979, "li", "BR-0001", "confirmed", "BR-0001", 12),)
    ),
    service_messages.Refused(code="leg.unknown", sentence="no leg BR-0001.x.y.1 here"),
    legs.Hello(process="line1", kind="legs"),
    legs.LegSnapshot(legs=(LEG,)),
    legs.LegOffered(leg=LEG),
    legs.LegPlaced(leg=LEG),
    legs.LegProceeding(leg=AGENT),
    legs.LegAlerting(leg=AGENT, inband=True),
    legs.LegAnswered(leg=AGENT, sample=81_920),
    legs.LegHeld(leg=AGENT),
    legs.LegRetrieved(leg=AGENT),
    legs.TransferAsked(leg=AGENT, to="8002", replaces="BR-0001.sip.06h0kiqj6vsmekhb.4"),
    legs.LegCharged(leg=CALLER, amount="0.45", currency="CNY", final=True),
    legs.LegReleased(leg=AGENT, cause=17, by=legs.ReleasedBy.PEER, sample=81_960, sip_status=486),
    legs.PlaceLeg(leg=AGENT, to="8001", contact=CONTACT, clid="02512345678", clid_kind=NumberKind(NumberType.NATIONAL)),
    legs.DialLeg(leg=AGENT, digits="1", complete=True),
    legs.ProceedLeg(leg=CALLER, contact=CONTACT),
    legs.AlertLeg(leg=CALLER),
    legs.AnswerLeg(leg=CALLER),
    legs.ReleaseLeg(leg=CALLER, cause=17),
    legs.TransferLeg(leg=CALLER, to=AGENT),
    legs.TransferTold(leg=AGENT, done=True),
    legs.TakeSnapshot(),
    spans.SpanChanged(
        span=spans.Span(
            span=1,
            name="telco",
            alarms=(spans.Alarm.RED, spans.Alarm.LOS),
            d_channel_up=False,
            channels={1: spans.ChannelState.IDLE, 5: spans.ChannelState.BUSY, 31: spans.ChannelState.BLOCKED},
            counters={"lost_packets": 3},
        )
    ),
    performance.SpanPerformance(
        span=1,
        name="telco",
        quarters=(
            performance.Interval(
                1_795_392_000,
                near=performance.Figures(seconds=900, es=12, ses=2, bbe=31, uas=10, slips=1),
                far=performance.Figures(seconds=888, es=1),
                clock_s=880,
                ppm_mean=12.5,
                ppm_least=12.0,
                ppm_most=13.0,
            ),
        ),
        days=(performance.Interval(1_795_392_000),),
        verdict=performance.Verdict.CABLE,
        sentence="no signal for 10 of 300 s: check the cable",
        chinese="300秒中有10秒无信号：请检查电缆",
        window_s=300,
    ),
    learning.LinesLearned(
        span=2,
        name="bank",
        lines=(
            learning.LineLearned(
                timeslot=3,
                calls=2,
                hang_up=("polarity", "tone"),
                busy_ms=(350, 350),
                caller_id="dtmf",
                place="before_ring",
                contradictions=(learning.Contradiction("caller_id", "bell202 after_ring", "dtmf before_ring"),),
                proofs=(
                    learning.Proof(
                        1_795_392_000_000_000_000,
                        "a whole message by dtmf, before ring",
                        "振铃前收到完整的DTMF来电显示",
                    ),
                ),
            ),
        ),
    ),
    line_tests.CheckLine(span=1, seconds=120, timeslots=(1, 5)),
    line_tests.LoopLine(span=1, timeslots=(31,)),
    line_tests.LineStep("signal", line_tests.Result.PASS, "a good signal, no alarm", "信号正常，无告警"),
    line_tests.LineChecked(span=1, result=line_tests.Result.FAIL),
    call_control.CallsNow(
        calls=(
            call_control.CallNow(
                contact=CONTACT,
                state="talking",
                clid="02512345678",
                dnis="95588",
                agent="1001",
                talk_s=12,
                legs=((CALLER, "telco", True), (AGENT, "", True)),
            ),
        )
    ),
    call_control.ClearCall(call=CONTACT, by="wu"),
    call_control.TestCall(to="8001", by="wu", trunk="telco", ring_s=20),
    call_control.CallTested(result=line_tests.Result.PASS, cause=16, answered_s=1.5, heard_dbm0=-18.5),
    call_control.TestCallsNow(
        calls=(
            call_control.TestCallNow(
                name="pstn",
                number="02512345678",
                trunk="telco",
                result=line_tests.Result.FAIL,
                began_ns=4_711_000_000_000,
                ended_ns=1_795_469_038_391_510_979,
                sentence="nobody answered within 20 s",
                chinese="20秒内无应答",
            ),
        )
    ),
    call_control.MakeTestCalls(named=("pstn",)),
    peripherals.AgentsChanged(
        agents=(peripherals.AgentIs("2001", peripherals.Truth.NOT_READY, "lunch"),),
    ),
    peripherals.PeripheralSnapshot(
        agents=(
            peripherals.AgentIs("2001", peripherals.Truth.AVAILABLE),
            peripherals.AgentIs("2002", peripherals.Truth.BUSY),
        ),
        legs=(peripherals.AgentLeg("2002", "PX-0001.acd.06h0kiqj6vsmekhb.4", "PX-0001.06h0kiqj6vsmekhb.2"),),
    ),
    agents.AgentAsked(agent="1001", to=agents.AgentWish.NOT_READY, reason="lunch", by="supervisor"),
    agents.AgentTold(
        now=agents.AgentNow(
            agent="1001",
            name="Li Na",
            box="BR-0001",
            extension="8001",
            state="busy",
            since_ns=1_795_469_038_391_510_979,
            then="not-ready: lunch",
            queues=("card",),
            channels=(
                agents.ChannelNow(
                    "mail", "interrupted", 1_795_469_038_391_510_979, slots=1, at_work=1, then="logged-out"
                ),
            ),
        ),
        unheard="BR-0001",
    ),
    agents.WhoDecides(by="branch", since_ns=1_795_469_038_391_510_979),
    agents.FloorAsked(),
    agents.FloorTold(
        agents=(agents.AgentNow("1001", "Li Na", "BR-0001", "8001", "available", 1_795_469_038_391_510_979),),
        queues=(agents.QueueNow("card", staffed=1, free=1, expected_s=0),),
    ),
    agents.CallAsked(
        agent="1001", to=agents.CallWish.CONSULT, number="8002", by="lina", contact=CONTACT, order="cli.6.e1"
    ),
    agents.OrderDone(order="cli.6.e1", refused="Li Na (1001) has nobody on hold"),
    agents.AgentNoted(agent="1001", text="lost card, wants a new one", by="lina"),
    agents.ContactAsked(agent="1002"),
    agents.ContactTold(
        agent="1002",
        now=agents.ContactNow(
            contact=CONTACT,
            dnis="95588",
            clid="02512345678",
            call_type="card-service",
            ced="1",
            fields={"tier": "gold"},
            notes=(agents.Note("1001", "lost card, wants a new one"),),
            transfers=("1001",),
        ),
    ),
    alarms.AlarmRaised(code="span.red", address="span 1", sentence="no signal from the telco; check the cable"),
    alarms.AlarmCleared(code="span.red", address="span 1"),
    alarms.ClearAlarms(by="wu"),
    t.RunTreatment(
        treatment="call.06h0kiqj6vsmekhb.11", port=5, verbs=VERBS, language="zh", first=1, recording=161, since=800
    ),
    t.StopTreatment(treatment="call.06h0kiqj6vsmekhb.11"),
    voicemail.MarkVoicemail(recording="00000000000000a1", mark=voicemail.Mark.HEARD, by="li.na"),
    voicemail.VoicemailMarked(recording="00000000000000a1", mark=voicemail.Mark.HEARD),
    calls.VoicemailBegan(contact=CONTACT, mailbox="card", recording="00000000000000a1", sample=8_000),
    calls.VoicemailEnded(contact=CONTACT, recording="00000000000000a1", samples=12_000, kept=False),
    t.TreatmentStep(treatment="call.06h0kiqj6vsmekhb.11", verb=1),
    t.TreatmentEnded(treatment="call.06h0kiqj6vsmekhb.11", reason="done", digits="1"),
    t.TreatmentSnapshot(running={"call.06h0kiqj6vsmekhb.11": 1}),
    remote.LineTyped(line="show spans", by="wu", role="technician", chinese=True, columns=100, within_s=15),
    remote.LineAnswered(status=0, text="no alarms\n"),
    routes.RouteRequest(
        request="call.06h0kiqj6vsmekhb.12",
        contact=CONTACT,
        dnis="95588",
        outcome="digits",
        clid="02512345678",
        ced="1",
        cursor="menu",
        refused_agents=("1002",),
        callback="1795716092533.7",
        transfer_to="95599",
        transferred_by="1001",
        kind="chat",
        because="wan has 2 of 2 calls out",
        full={"BR-0002": "wan has 2 of 2 calls out"},
        place=PLACE,
        lease=1795716092533,
        within_ms=512,
    ),
    routes.LegInterrupted(contact=CONTACT, leg=AGENT, agent="1001", over=True),
    routes.RouteAnswer(
        request="call.06h0kiqj6vsmekhb.12",
        action=RING,
        reason="longest available in card",
        call_type="card-service",
        script="welcome",
        version="5f2a",
        path=("menu", "card"),
        values={"ced": "1"},
        cursor="card",
        queues=("card",),
        epoch=1795716092533,
        callback="1795716092533.7",
        origin="PX-0001.06h0kiqj6vsmekhb.2",
        context={"tier": "gold"},
        lease=1795716092533,
        by="branch",
        place=PLACE,
        known='{"fields":"{\\"tier\\":\\"gold\\"}","call_type":"card-service"}',
    ),
    routes.RouteHeld(request="call.06h0kiqj6vsmekhb.12", seconds=6.0),
    routes.RouteSilent(request="call.06h0kiqj6vsmekhb.12", reason="headquarters did not answer within 500 ms"),
    calls.ContactBegan(
        contact=CONTACT,
        leg=CALLER,
        channel="span 1 timeslot 5",
        dnis="95588",
        clid="02512345678",
        ani="02512345678",
        callback="1795716092533.7",
        origin="BR-0001.06h0kiqj6vsmekhb.5",
    ),
    calls.RouteDecided(
        contact=CONTACT,
        by="branch",
        latency_ms=500.25,
        action=routes.Release(cause=17),
        reason="the branch's default",
        outcome="digits",
        call_type="card-service",
        script="welcome",
        version="5f2a",
        path=("menu",),
        values={"ced": "1"},
        queues=("card",),
        origin="BR-0002.06h0kiqj6vsmekhb.3",
        callback="1795716092533.7",
    ),
    callbacks.PlaceContact(
        contact="BR-0001.1795716092533.19",
        callback="1795716092533.7",
        number="02512345678",
        ring=RING,
        reason="Li Na (1001) is free; the customer has waited 250 s in card",
        origin=CONTACT,
    ),
    callbacks.AddCallback(number="02512345678", queue="card", tries=2, pause_s=60, window_s=3600, by="supervisor"),
    callbacks.CancelCallback(callback="1795716092533.7", by="supervisor"),
    callbacks.CallbackTold(
        now=callbacks.CallbackNow(
            callback="1795716092533.7",
            number="02512345678",
            queues=("card",),
            state="paused",
            priority=5,
            queued_ns=1_795_469_038_391_510_979,
            due_ns=1_795_469_338_391_510_979,
            tries=1,
            most=3,
            origin=CONTACT,
            outcome="busy",
        )
    ),
    calls.DigitsEntered(contact=CONTACT, ced="1"),
    calls.LegBegan(
        contact=CONTACT,
        leg=AGENT,
        direction=legs.Direction.OUTGOING,
        channel="sip 8001",
        to="8001",
        agent="1001",
        token="7.1001",
    ),
    calls.LegConnected(contact=CONTACT, leg=AGENT, sample=81_920),
    calls.LegEnded(contact=CONTACT, leg=AGENT, cause=16, by=legs.ReleasedBy.US, sample=161_920),
    calls.TalkBegan(contact=CONTACT, leg=AGENT, sample=81_920, recording="00000000075bcd15"),
    calls.TalkEnded(contact=CONTACT, sample=161_920, samples=80_000),
    calls.TransferBegan(contact=CONTACT, by="1001", leg=AGENT, to="8002"),
    calls.TransferEnded(
        contact=CONTACT, by="1001", to="8002", outcome="reconnected", reason="1002 did not answer", agent="1002"
    ),
    calls.ContactEnded(contact=CONTACT, cause=16, by="caller"),
    calls.RecordingSealed(
        contact=CONTACT, recording="00000000075bcd15", samples=80_000, octets=160_058, sha256="ab" * 32, lost_samples=40
    ),
    calls.RecordingFailed(contact=CONTACT, recording="00000000075bcd15", sentence="the data disk is full"),
    calls.AgentsMoved(
        moves=(
            calls.AgentMove("1001", "not-ready", "lunch", 1_795_469_038_391_510_979),
            calls.AgentMove("1001", "", "", 1_795_469_098_391_510_979),
        )
    ),
    link.LinkNow(up=True, decides="headquarters", round_trip_ms=0.75),
)


def body_types() -> tuple[type[Message], ...]:
    """Every message that an envelope can carry."""
    return typing.get_args(Body)


def sealed(body: Message) -> bytes:
    """The example in its envelope, with fixed order and times."""
    envelope = Envelope(
        id="line1.06h0kiqj6vsmekhb.e4",
        box="BR-0001",
        process="line1",
        incarnation="06h0kiqj6vsmekhb",
        seq=4,
        mono_ns=1_131_096_592_015,
        at_ns=1_795_469_038_391_510_979,
        cause="call.06h0kiqj6vsmekhb.10",
        body=typing.cast(Body, body),
    )
    return encode(envelope) + b"\n"


if __name__ == "__main__":
    for example in EXAMPLES:
        path = GOLDEN / f"{type(example).__name__}.json"
        if not path.exists():
            path.write_bytes(sealed(example))
