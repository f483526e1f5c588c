# SPDX-License-Identifier: GPL-2.0-only
"""A call event reaches the record exactly once, whoever dies, freezes or comes back older in between."""

import shutil
import sqlite3

import pytest

from appliance.supervisor.crashes import Crashes, Death, kept
from appliance.supervisor.redaction import Redactor
from tests.headquarters.site import BOX, Site, contacts, until

pytestmark = pytest.mark.system

ALL = ("nats-server", "headquarters", "uplink")
# Those of contacts: a branch that was alone for long tells what its agents did, too.
TOLD = "SELECT count(*) FROM event WHERE contact <> ''"
TWICE = "SELECT count(*) FROM (SELECT 1 FROM event WHERE contact <> '' GROUP BY contact, type HAVING count(*) > 1)"


def all_stored_once(site: Site, events: int, within_s: float = 10) -> float:
    took = until(lambda: site.stored(TOLD) >= events, within_s, f"{events} events are stored")
    until(lambda: site.waiting() == 0, 5, "the outbox is empty")
    assert site.stored(TOLD) == events
    assert site.stored(TWICE) == 0
    return took


def test_a_thousand_events_of_an_afternoon_offline_arrive_when_headquarters_is_there(site: Site) -> None:
    site.tell(*contacts(0, 500))
    site.start(*ALL)
    until(lambda: site.stored() > 0, 10, "the first event is stored")
    assert all_stored_once(site, 1000) < 5
    assert site.stored("SELECT count(*) FROM contact WHERE ended_ns IS NOT NULL AND began_ns IS NOT NULL") == 500


@pytest.mark.parametrize("victim", ["uplink", "headquarters", "record", "nats-server"])
def test_killed_in_the_middle_of_a_backlog(site: Site, victim: str) -> None:
    site.tell(*contacts(0, 600))
    site.start(*ALL)
    until(lambda: site.stored() > 0, 10, "the first event is stored")
    site.kill(victim)
    site.tell(*contacts(600, 50))
    site.start(victim)
    all_stored_once(site, 1300)


def test_frozen_headquarters_thawed_after_the_answer_was_given_up(site: Site) -> None:
    site.start(*ALL)
    site.tell(*contacts(0, 5))
    all_stored_once(site, 10)
    site.freeze("nats-server", "headquarters")
    site.tell(*contacts(5, 20))
    until(lambda: '"up": false' in site.log_of("uplink"), 5, "a dead link is known")
    site.thaw("nats-server", "headquarters")
    all_stored_once(site, 50)


def test_an_outbox_restored_from_an_older_copy_swallows_nothing_and_doubles_nothing(site: Site) -> None:
    outbox = site.branch_state / "outbox.db"
    site.tell(*contacts(0, 30))
    store = sqlite3.connect(outbox)
    store.execute("VACUUM INTO ?", (str(site.folder / "older.db"),))
    store.close()
    site.start(*ALL)
    all_stored_once(site, 60)
    site.tell(*contacts(30, 10))
    all_stored_once(site, 80)
    site.kill("uplink")
    for left in outbox.parent.glob("outbox.db*"):
        left.unlink()
    shutil.copy(site.folder / "older.db", outbox)
    site.tell(*contacts(40, 10))
    site.start("uplink")
    all_stored_once(site, 100)


def test_a_report_of_a_crash_that_is_told_twice_is_at_headquarters_once(site: Site) -> None:
    folder = site.branch_state / "crashes"
    ours = Crashes(folder, BOX, Redactor)
    first = ours.keep(Death("line1", "ended by signal 11", 12.0, 1, b"Segmentation fault\n"))
    site.start(*ALL)
    until(lambda: list(folder.glob("*.sent")), 10, "headquarters has the report")
    for mark in folder.glob("*.sent"):
        mark.unlink()  # as if the uplink had died before it could note the answer
    second = ours.keep(Death("sip", "ended by signal 6", 3.0, 1, b"Aborted\n"))
    until(lambda: len(list(folder.glob("*.sent"))) == 2, 10, "both are acknowledged")
    assert kept(site.state / "crashes") == [second, first]
