# SPDX-License-Identifier: GPL-2.0-only
"""A branch with two agents whose callers wait: what they are told, what they hear, and what headquarters knows.

Headquarters has a past in its journal: talks of TALKS_S, so that it can tell from the first caller on how long a wait
will be. They differ so much that a talk which has lasted for a while is no nearer its end: what a caller is told
follows from his place, and not from how long the machine has taken to bring him there. Its customers are in a database,
by which a caller is gold.
"""

import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from appliance.ivr.synthesis import VOICES, spoken
from appliance.ivr.words import WORDS
from appliance.router.apply import apply
from appliance.router.events import Answer, BranchHeard, CallTold, Event, LifeBegan, RouteAsked
from appliance.router.journal import Journal, path_of
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import EMPTY
from appliance.script.nodes import Node, Queue, Release, Script, Text
from appliance.simulator import caller
from appliance.simulator.call import Call
from appliance.simulator.caller import AwaitAnswer, AwaitRelease, Step
from appliance.simulator.exchange import Exchange
from appliance.simulator.phone import Phone
from appliance.simulator.result import CallResult
from appliance.wire.calls import CallEvent, ContactEnded, LegBegan, LegConnected, LegEnded
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import RingAgent, RouteRequest
from tests.accept.site import PROMPTS, Site, until
from tests.accept.talk import exchange_of, in_service
from tests.sound.alaw import Linear, decode, ideal_pass
from tests.sound.recognition import Recognition, Spoken
from tests.sound.speech import read_wav, write_wav

BOX = "BR-0001"
AGENTS = ("8001", "8002")
TALKS_S = (24, 216)
CHINESE, ENGLISH, SHUT = "95511", "95512", "95513"
GOLD = "02512340001"
MUSIC = Path("/usr/share/asterisk/moh")
LISTS = {
    "g-1": ("manolo_camp-morning_coffee", 4),
    "g-2": ("macroform-cold_day", 20),
    "o-1": ("macroform-the_simplicity", 10),
    "o-2": ("reno_project-system", 30),
}
"""List G for gold callers, list O for others: by name a second and a half of a song, from there on."""
SAID = ("digits/", "queue-", "agent", "minute", "date/minute", "seconds", "vm-goodbye", "all-circuits", "please")
"""What is spoken here, by how its name begins."""
WAITS = """\
start: who
context: {tier: {kind: text}}
nodes:
  who: {do: lookup, source: customers, ask: {number: clid}, into: {tier: tier}, next: speech, failed: speech}
  speech: {do: switch, on: dnis, cases: {"95512": english}, otherwise: chinese}
  english: {do: language, language: en, next: rank}
  chinese: {do: language, language: zh, next: rank}
  rank: {do: if, that: tier == 'gold', then: first, otherwise: card}
  first: {do: queue, queues: [card], priority: 1, next: number, otherwise: gone}
  card: {do: queue, queues: [card], next: number, otherwise: gone}
  number: {do: play, prompts: [queue-thereare, number(position()), queue-callswaiting], next: how-long}
  how-long: {do: play, prompts: [queue-holdtime, duration(expected('card'))], next: staff}
  staff: {do: play, prompts: [queue-staffed, agents(staffed('card'))], next: long}
  long: {do: if, that: expected('card') > 120, then: offer, otherwise: music}
  offer: {do: menu, prompts: [queue-callback, digits/1], cases: {"1": back}, nothing: music, invalid: music, tries: 1,
    first_digit_ms: 8000}
  back: {do: callback, queues: [card], next: thanks, failed: music}
  thanks: {do: play, prompts: [queue-called-back, vm-goodbye], next: gone}
  music: {do: if, that: tier == 'gold', then: list-g, otherwise: list-o}
  list-g: {do: wait, prompts: [g-1, g-2], seconds: 60, next: number}
  list-o: {do: wait, prompts: [o-1, o-2], seconds: 60, next: number}
  gone: {do: release}
"""
CLOSED = """\
start: chinese
nodes:
  chinese: {do: language, language: zh, next: closed}
  closed: {do: play, answer: no, prompts: [all-circuits-busy-now, please-try-call-later], next: gone}
  gone: {do: release, cause: 17}
"""
ANSWERED, RELEASED = AwaitAnswer(within_s=40), AwaitRelease(within_s=120)
WAITING = caller.Script((ANSWERED, RELEASED), record=True)


class Floor:
    """The branch with its exchange and its agents' phones."""

    def __init__(self, site: Site, exchange: Exchange, recognition: Recognition) -> None:
        self.site, self.exchange, self._recognition = site, exchange, recognition

    async def waits(self, number: str, clid: str, script: caller.Script = WAITING) -> Call:
        """Called, and in the queue."""
        call = self.exchange.place(number, clid, script)
        await self.passes(clid, "number")
        return call

    async def passes(self, clid: str, node: str) -> None:
        """This caller has come to that node of the script, or past it."""
        await until(lambda: self.passed(clid, node) is not None, 40, f"{clid} passes {node}")

    async def talks(self, clid: str) -> Call:
        """With an agent."""
        call = self.exchange.place(CHINESE, clid, caller.Script((ANSWERED, RELEASED)))
        await until(lambda: self._stage(clid) == "talking", 40, f"{clid} talks")
        return call

    def passed(self, clid: str, node: str) -> Mapping[str, str] | None:
        """What the router looked at when this caller, who is on the line, first passed that node of the script."""
        found = (one["compared"] for one in self.site.decisions(clid) if node in one["path"])
        return next(found, None)

    def asked_ms(self, clid: str) -> list[float]:
        """How long each answer to this caller's questions took, who is on the line."""
        return [one["latency_ms"] for one in self.site.decisions(clid)]

    def told_s(self, clid: str) -> int:
        """The wait that this caller, who is on the line, was told, in seconds."""
        looked_at = self.passed(clid, "how-long")
        assert looked_at is not None
        return int(looked_at["expected(card)"])

    def heard(self, result: CallResult) -> list[Spoken]:
        """The prompts in what a caller kept of his call."""
        assert result.heard is not None
        return self._recognition.of(decode(result.heard.octets))

    def _stage(self, clid: str) -> str | None:
        return next((row["stage"] for row in self.site.record().calls_now() if row["clid"] == clid), None)


@contextlib.asynccontextmanager
async def floor_of(folder: Path) -> AsyncIterator[Floor]:
    """All of it, started."""
    made = Site(folder, AGENTS)
    _configure(made)
    _has_talked(made)
    async with made as site:
        exchange = exchange_of(site)
        await exchange.start()
        try:
            await in_service(exchange, site)
            with contextlib.ExitStack() as phones:
                for number in AGENTS:
                    address = f"{number}@branch.test"
                    phones.enter_context(Phone(address, site.secret(number), site.proxy, folder / number))
                yield Floor(site, exchange, Recognition(_prompts(folder)))
        finally:
            await exchange.close()


def pressing(*steps: Step) -> caller.Script:
    """Of a caller who does that once he is answered."""
    return caller.Script((ANSWERED, *steps, RELEASED), record=True)


def _configure(site: Site) -> None:
    """The installer's files with the scripts, the database and the prompts of this bank."""
    etc = site.folder / "etc"
    scripts = etc / "scripts"
    scripts.mkdir()
    (scripts / "waits.yaml").write_text(WAITS)
    (scripts / "closed.yaml").write_text(CLOSED)
    with contextlib.closing(sqlite3.connect(etc / "customers.db")) as customers:
        customers.execute("CREATE TABLE customer (number TEXT PRIMARY KEY, tier TEXT NOT NULL)")
        customers.execute("INSERT INTO customer VALUES (?, 'gold')", (GOLD,))
        customers.commit()
    names = ", ".join(f"1{number}" for number in AGENTS)
    agents = "\n".join(f"  - {{id: 1{one}, name: Agent {one}, box: {BOX}, extension: {one}}}" for one in AGENTS)
    (etc / "headquarters.yaml").write_text(
        f"""role: headquarters
box: HQ-0001
server: {{listen: 127.0.0.1:{site.ports.nats}, secret: secrets/nats}}
web: {{listen: 127.0.0.1:{site.ports.web}}}
call_types:
  - {{name: card, dnis: [{CHINESE}, {ENGLISH}], script: waits}}
  - {{name: closed, dnis: [{SHUT}], script: closed}}
lookups:
  - name: customers
    kind: database
    url: sqlite:///{etc}/customers.db
    query: SELECT tier FROM customer WHERE number = :number
outbound: {{numbers: ["025"], branches: [{BOX}]}}
scripts: scripts
skill_groups: [{{name: card, agents: [{names}]}}]
agents:
{agents}
"""  # noqa: S608 - the query is the administrator's
    )
    branch = etc / "branch.yaml"
    text = branch.read_text().replace(f"[{PROMPTS}, prompts]", f"[prompts, {PROMPTS}]")
    branch.write_text(text.replace("timeout_ms: 500", "timeout_ms: 3000"))  # silence has tests of its own
    for language, words in WORDS.items():
        for name in sorted(words):
            if name.startswith(SAID):
                path = etc / "prompts" / language / f"{name}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(spoken(words[name].read, VOICES[language]))
    for name, (song, second) in LISTS.items():
        write_wav(etc / "prompts" / f"{name}.wav", read_wav(MUSIC / f"{song}.wav")[8000 * second :][:12_000])


def _has_talked(site: Site) -> None:
    """An hour ago: one talk after another."""
    nodes: dict[str, Node] = {"card": Queue(queues=("card",), otherwise="gone"), "gone": Release()}
    seats = {f"1{one}": Seat(f"1{one}", one, BOX, one) for one in AGENTS}
    rules = Rules(
        call_types={"1": CallType("card", "1", "card")},
        queues={"card": skill_group(*seats)},
        seats=seats,
        scripts={"card": Script("card", "1", Text(start="card", nodes=nodes))},
    )
    at_ns = time.time_ns() - 3600 * 10**9
    journal = Journal(path_of(site.headquarters.state))
    state, label = EMPTY, RingAgent(agent="", extension="", queue="", token="")

    def happens(event: Event) -> None:
        nonlocal state, label
        state, effects = apply(state, event)
        journal.append([journal.entry(event, effects)])
        for answer in (one.answer for one in effects if isinstance(one, Answer)):
            assert isinstance(answer.action, RingAgent)
            label = answer.action

    def told(then_ns: int, *events: CallEvent) -> None:
        for one in events:
            happens(CallTold(then_ns, BOX, one))

    happens(LifeBegan(at_ns, "past", rules))
    happens(BranchHeard(at_ns, BOX))
    for number, talk_s in enumerate(TALKS_S):
        contact, leg = f"c{number}", f"l{number}"
        happens(RouteAsked(at_ns, BOX, RouteRequest(request=f"r{number}", contact=contact, dnis="1"), at_ns))
        rings = LegBegan(
            contact=contact,
            leg=leg,
            direction=Direction.OUTGOING,
            channel="sip",
            to="",
            agent=label.agent,
            token=label.token,
        )
        told(at_ns, rings, LegConnected(contact=contact, leg=leg, sample=0))
        at_ns += talk_s * 10**9
        gone = LegEnded(contact=contact, leg=leg, cause=16, by=ReleasedBy.PEER, sample=0)
        told(at_ns, gone, ContactEnded(contact=contact, cause=16, by="caller"))
    assert state.handled["card"].mean_ns * len(TALKS_S) == sum(TALKS_S) * 10**9
    journal.close()


def _prompts(folder: Path) -> dict[str, Linear]:
    """What could be heard, by language and name, as an A-law line gives it."""
    own, debian = folder / "etc" / "prompts", Path(PROMPTS)
    names = [path.stem for path in (debian / "digits").glob("*.wav") if path.stem.isdigit()]
    recorded = [*(f"digits/{one}" for one in names), *(path.stem for path in debian.glob("queue-*.wav"))]
    recorded += ["minute", "minutes", "seconds", "vm-goodbye"]
    paths = {f"en/{name}": debian / f"{name}.wav" for name in recorded}
    paths |= {str(path.relative_to(own).with_suffix("")): path for path in own.rglob("*.wav")}
    return {name: ideal_pass(read_wav(path)) for name, path in paths.items()}
