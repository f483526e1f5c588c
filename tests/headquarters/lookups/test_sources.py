# SPDX-License-Identifier: GPL-2.0-only
"""Real databases and HTTP servers, and what they do to a lookup: no row, no answer, an answer that is none, death."""

import asyncio
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from appliance.config.lookups import DatabaseLookup, HttpLookup, ParameterKind
from appliance.headquarters.lookups.sources import Sources
from appliance.headquarters.lookups.values import LookupFailed

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

NUMBER = "02512345678"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "crm.db"
    with sqlite3.connect(path) as store:
        store.execute("CREATE TABLE customer (number TEXT, tier TEXT, orders INTEGER, note TEXT)")
        store.execute("INSERT INTO customer VALUES (?, 'gold', 7, NULL)", (NUMBER,))
    store.close()
    return path


def customers(path: Path, **known: int) -> DatabaseLookup:
    query = "SELECT tier, orders, note FROM customer WHERE number = :number"
    return DatabaseLookup("customers", f"sqlite:///file:{path}?mode=ro&uri=true", query, **known)  # type: ignore[arg-type]


def ask(*asked: str, lookup: DatabaseLookup | HttpLookup) -> list[dict[str, str] | str]:
    """The answer to each, or why there is none."""

    async def scene() -> list[dict[str, str] | str]:
        sources = Sources((lookup,))
        told: list[dict[str, str] | str] = []
        for number in asked:
            try:
                told.append(await sources.ask(lookup.name, {"number": number}))
            except LookupFailed as error:
                told.append(str(error))
        await sources.close()
        return told

    return asyncio.run(scene())


def test_the_row_s_columns_are_text_and_no_row_is_said(database: Path) -> None:
    quoted = "' OR 1=1 --"
    assert ask(NUMBER, "110", quoted, lookup=customers(database)) == [
        {"tier": "gold", "orders": "7", "note": ""},
        "customers: no such row",
        "customers: no such row",
    ]


def test_a_database_that_is_gone_is_a_sentence_without_the_caller(database: Path) -> None:
    database.unlink()
    (told,) = ask(NUMBER, lookup=customers(database))
    assert told == "customers: unable to open database file"


def test_an_answer_is_used_again_for_its_time_and_a_failure_is_not(database: Path) -> None:
    async def scene() -> None:
        sources = Sources((customers(database, cache_s=60),))
        with pytest.raises(LookupFailed):
            await sources.ask("customers", {"number": "110"})
        known = await sources.ask("customers", {"number": NUMBER})
        with sqlite3.connect(database) as store:
            store.execute("UPDATE customer SET tier = 'silver'")
            store.execute("INSERT INTO customer VALUES ('110', 'new', 0, '')")
        store.close()
        assert await sources.ask("customers", {"number": NUMBER}) == known
        assert (await sources.ask("customers", {"number": "110"}))["tier"] == "new"
        await sources.change((customers(database),))
        assert (await sources.ask("customers", {"number": NUMBER}))["tier"] == "silver"
        await sources.close()

    asyncio.run(scene())


def test_a_database_that_does_not_answer_costs_its_time_limit_and_no_other_lookup(database: Path) -> None:
    async def scene() -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(64)
            url = f"postgresql+psycopg://nobody@127.0.0.1:{silent.getsockname()[1]}/none"
            hung = DatabaseLookup("hung", url, "SELECT 1", timeout_ms=150)
            sources = Sources((hung, customers(database)))

            async def fail() -> float:
                began = time.monotonic()
                with pytest.raises(LookupFailed, match="hung did not answer within 150 ms"):
                    await sources.ask("hung", {})
                return time.monotonic() - began

            failing = asyncio.gather(*(fail() for _ in range(20)))
            await asyncio.sleep(0.05)
            assert (await sources.ask("customers", {"number": NUMBER}))["tier"] == "gold"
            assert min(await failing) >= 0.15
            await sources.close()

    asyncio.run(scene())


class Bank(BaseHTTPRequestHandler):
    """Answers by the last part of the path."""

    seen: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization", "")))
        kind = self.path.rpartition("=")[2]
        body = {
            "list": b"[1]",
            "long": json.dumps({"x": "y" * 70_000}).encode(),
            "bad": b"\xff{",
        }.get(kind, b'{"limit": 500.25, "blocked": true, "name": null, "cards": [1], "tier": "gold"}')
        if kind == "slow":
            time.sleep(0.5)
        self.send_response(500 if kind == "broken" else 302 if kind == "moved" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """A gateway: what it was sent comes back as a member, beside what it knows."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.headers["Content-Type"], body.decode()))
        told = {
            "customer": {"tier": "gold", "limit": 500.25, "cards": [1], "home": {"city": "x"}, "known": True},
            "customer.tier": "flat",
            "tier": None,
            "long": {"x": "y" * 70_000} if b"long" in body else "no",
        }
        if b"slow" in body:
            time.sleep(0.5)
        answer = json.dumps(told).encode()
        self.send_response(503 if b"broken" in body else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[HttpLookup]:
    secret = tmp_path / "token"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    Bank.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bank)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/limit?number={{number}}"
    yield HttpLookup("limits", url, secret, timeout_ms=250)
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_members_of_the_object_are_text_and_what_is_asked_cannot_change_the_address(bank: HttpLookup) -> None:
    (told, _) = ask("1", "a/b?c=d&e", lookup=bank)
    assert told == {"limit": "500.25", "blocked": "yes", "name": "", "tier": "gold"}
    assert Bank.seen == [
        ("/limit?number=1", "Bearer correct horse"),
        ("/limit?number=a%2Fb%3Fc%3Dd%26e", "Bearer correct horse"),
    ]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("broken", "limits: answers 500"),
        ("moved", "limits: answers 302"),
        ("list", "limits: answers with what is no JSON object"),
        ("bad", "limits: answers with what is no JSON object"),
        ("long", "limits: answers with more than 65536 octets"),
        ("slow", "limits did not answer within 250 ms"),
    ],
)
def test_an_answer_that_is_none_is_a_sentence(bank: HttpLookup, number: str, why: str) -> None:
    assert ask(number, lookup=bank) == [why]


def gateway(bank: HttpLookup, parameters: dict[str, str]) -> dict[str, str] | str:
    body: dict[str, ParameterKind] = {"caller": "text", "tries": "number", "vip": "truth", "pin": "text"}

    async def scene() -> dict[str, str] | str:
        sources = Sources((msgspec.structs.replace(bank, body=body),))
        try:
            return await sources.ask(bank.name, parameters)
        except LookupFailed as error:
            return str(error)
        finally:
            await sources.close()

    return asyncio.run(scene())


def test_a_gateway_is_sent_each_member_by_its_kind_and_nothing_that_the_script_does_not_give(bank: HttpLookup) -> None:
    told = gateway(bank, {"number": "1", "caller": 'a"1', "tries": "2.50", "vip": "yes"})
    assert Bank.seen == [("application/json", '{"caller":"a\\"1","tries":2.50,"vip":true}')]
    assert told == {
        "customer.limit": "500.25",
        "customer.known": "yes",
        "customer.tier": "flat",
        "tier": "",
        "long": "no",
    }


@pytest.mark.parametrize(
    ("caller", "why"),
    [
        ("broken", "limits: answers 503"),
        ("long", "limits: answers with more than 65536 octets"),
        ("slow", "limits did not answer within 250 ms"),
        ("x" * 65_536, "limits: would be asked with more than 65536 octets"),
    ],
)
def test_a_gateway_s_answer_that_is_none_is_a_sentence(bank: HttpLookup, caller: str, why: str) -> None:
    assert gateway(bank, {"number": "1", "caller": caller}) == why


def test_what_a_gateway_s_member_cannot_be_is_a_sentence_and_asks_nobody(bank: HttpLookup) -> None:
    told = gateway(bank, {"number": "1", "tries": "735197"})
    assert isinstance(told, dict)
    assert gateway(bank, {"number": "1", "tries": "many"}) == "limits: would be asked with tries, which is no number"
    assert len(Bank.seen) == 1


def test_a_service_that_is_down_is_a_sentence() -> None:
    lookup = HttpLookup("limits", "http://127.0.0.1:9/limit?number={number}")
    (told,) = ask("1", lookup=lookup)
    assert isinstance(told, str)
    assert told.startswith("limits: ")


def test_a_lookup_that_nobody_has_configured_is_a_sentence(bank: HttpLookup) -> None:
    async def scene() -> None:
        with pytest.raises(LookupFailed, match="no lookup balance"):
            await Sources((bank,)).ask("balance", {})

    asyncio.run(scene())


def test_what_a_lookup_asks_with_is_read_from_its_query_and_address() -> None:
    query = DatabaseLookup("one", "sqlite://", "SELECT a::text FROM b WHERE c = :c AND d = :d_1 AND e = '12:30'")
    assert query.parameters == {"c": None, "d_1": None}
    assert HttpLookup("two", "https://host/{a}?b={b}").parameters == {"a": None, "b": None}
    posted = HttpLookup("three", "https://host/{a}", body={"b": "text", "n": "number"})
    assert posted.parameters == {"a": None, "b": "text", "n": "number"}
