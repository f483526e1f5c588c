# SPDX-License-Identifier: GPL-2.0-only
"""Three interfaces, one D-channel and one to back it up (Q.931 §4.5.13, §5.8.9; T1.607 for the change-over)."""

from pathlib import Path

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.interface import Interface
from appliance.signalling.pri.link import Profile, Setup, Side, Timers
from appliance.signalling.pri.nfas import Group
from tests.signalling.pri import capture
from tests.signalling.pri.group_pair import GroupPair
from tests.signalling.pri.wire import TROUBLES, Trouble

pytestmark = pytest.mark.unit

NET, USER = Side.NETWORK, Side.USER
PRIMARY, BACKUP, BEARERS_ONLY = 0, 1, 2
NFAS = sorted(set(Profile) - {Profile.QSIG})
CALL_PROCEEDING = 0x02
SETUP, SERVICE, SERVICE_ACKNOWLEDGE = 0x05, 0x07, 0x0F


class Groups(GroupPair[Interface]):
    """Both sides in service."""

    def __init__(
        self,
        profile: Profile = Profile.NATIONAL,
        trouble: Trouble = TROUBLES["clean"],
        seed: str = "",
        backup: int | None = BACKUP,
    ) -> None:
        super().__init__(trouble, seed)
        timers = Timers(t309_s=6.0, t316_s=5.0)
        self.groups = {
            side: Group(side, timers, profile, primary=PRIMARY, backup=backup, clock=lambda: self.now) for side in Side
        }
        self.connect({side: {n: Interface(group, n) for n in range(3)} for side, group in self.groups.items()})
        assert all(end.established and end.d_channel_up for *_, end in self.all())

    def ring(self, interface: int, timeslot: int = 5) -> tuple[events.CallNumber, events.CallNumber]:
        """The network calls: (its number of the call, the user's)."""
        setup = Setup(timeslot, "95588", "02512345678")
        call = self.do(lambda: self.ends[NET][interface].setup(setup))
        return call, self.last(USER, events.SetupReceived).call

    def talk(self, interface: int, timeslot: int = 5) -> tuple[events.CallNumber, events.CallNumber]:
        """A call from the network in state active on both sides."""
        call, ours = self.ring(interface, timeslot)
        self.do(lambda: self.ends[USER][interface].proceeding(ours, timeslot))
        self.do(lambda: self.ends[USER][interface].answer(ours))
        return call, ours

    def clear(self, interface: int, call: tuple[events.CallNumber, events.CallNumber]) -> None:
        """The network hangs up."""
        net, user = self.ends[NET][interface], self.ends[USER][interface]
        self.do(lambda: net.release(call[0], 16))
        self.do(lambda: user.release(call[1], 16))
        for side, number in zip((NET, USER), call, strict=True):
            assert self.last(side, events.CallCleared).call == number

    def cleared(self) -> int:
        """Calls that ended, on either side."""
        return self.count(NET, events.CallCleared) + self.count(USER, events.CallCleared)


@pytest.fixture
def pri() -> Groups:
    return Groups()


@pytest.mark.parametrize("profile", NFAS)
def test_q931_4_5_13_calls_on_every_interface_go_over_one_d_channel(profile: Profile) -> None:
    pri = Groups(profile)
    talks = [(interface, pri.talk(interface)) for interface in range(3)]
    offered = [event for event in pri.heard[USER] if isinstance(event, events.SetupReceived)]
    assert [event.channel for event in offered] == [5, 5, 5]
    assert pri.ends[USER][2].take_events() == []
    for interface, call in talks:
        pri.clear(interface, call)
    assert pri.messages(BACKUP, NET) == pri.messages(BACKUP, USER) == [], "the other stands by"


def test_q931_4_5_13_tshark_reads_the_interface_of_each_call(pri: Groups, tmp_path: Path) -> None:
    for interface in range(3):
        pri.clear(interface, pri.talk(interface))
    path = capture.write(tmp_path / "d.pcap", pri.wires[PRIMARY].sent)
    read = capture.read(path, "q931.message_type", "q931.channel.interface_id", "q931.channel.number", "_ws.malformed")
    setups = [row[1:3] for row in read if row[0] and int(row[0], 0) == SETUP]
    assert setups == [["0", "5"], ["1", "5"], ["2", "5"]]
    assert not any(row[3] for row in read)


def test_tshark_reads_what_the_backup_carries(pri: Groups, tmp_path: Path) -> None:
    call = pri.talk(BEARERS_ONLY)
    pri.cut(PRIMARY)
    pri.clear(BEARERS_ONLY, call)
    pri.clear(BACKUP, pri.talk(BACKUP, 9))
    path = capture.write(tmp_path / "d.pcap", pri.wires[BACKUP].sent)
    read = capture.read(path, "q931.message_type", "q931.channel.interface_id", "q931.channel.number", "_ws.malformed")
    said = [row for row in read if row[0]]
    assert [row[1:3] for row in said if int(row[0], 0) == SETUP] == [["1", "9"]]
    assert {int(row[0], 0) for row in said} >= {SERVICE, SERVICE_ACKNOWLEDGE, SETUP, 0x45, 0x4D, 0x5A}
    assert not any(row[3] for row in read)


@pytest.mark.parametrize(
    ("profile", "trouble"),
    [
        *((profile, "clean") for profile in NFAS),
        *((Profile.NATIONAL, trouble) for trouble in sorted(set(TROUBLES) - {"clean"})),
    ],
)
def test_the_change_over_drops_no_call_and_calls_go_on(profile: Profile, trouble: str) -> None:
    pri = Groups(profile, TROUBLES[trouble], f"{profile}{trouble}")
    talks = {interface: pri.talk(interface) for interface in (BACKUP, BEARERS_ONLY)}
    pri.pass_s(3.0)
    pri.cut(PRIMARY)
    pri.pass_s(30.0)
    assert pri.cleared() == 0
    assert [end.established for *_, end in pri.all()] == [True] * 6
    assert [end.d_channel_up for *_, end in pri.all()] == [False, True, True] * 2
    fresh = pri.talk(BEARERS_ONLY, 6)
    assert SETUP in pri.messages(BACKUP, NET)
    for call in (talks[BEARERS_ONLY], fresh):
        pri.clear(BEARERS_ONLY, call)
    pri.clear(BACKUP, talks[BACKUP])


def test_a_d_channel_that_is_mended_stands_by_and_takes_over_in_its_turn(pri: Groups) -> None:
    call = pri.talk(BEARERS_ONLY)
    pri.cut(PRIMARY)
    pri.mend(PRIMARY)
    assert all(end.d_channel_up for *_, end in pri.all())
    assert [group.in_use for group in pri.groups.values()] == [BACKUP, BACKUP], "nothing swings back by itself"
    pri.cut(BACKUP)
    assert [group.in_use for group in pri.groups.values()] == [PRIMARY, PRIMARY]
    assert pri.cleared() == 0
    pri.clear(BEARERS_ONLY, call)


def test_a_ringing_call_is_answered_over_the_backup(pri: Groups) -> None:
    call, ours = pri.ring(BEARERS_ONLY)
    pri.do(lambda: pri.ends[USER][BEARERS_ONLY].alerting(ours))
    pri.cut(PRIMARY)
    pri.do(lambda: pri.ends[USER][BEARERS_ONLY].answer(ours))
    assert pri.last(NET, events.ConnectReceived).call == call
    pri.pass_s(10.0)
    assert pri.cleared() == 0


@pytest.mark.parametrize("silent_s", [0.4, 3.0], ids=["until RED", "longer"])
def test_an_answer_that_the_d_channel_took_with_it_is_said_again(pri: Groups, silent_s: float) -> None:
    call, ours = pri.ring(BEARERS_ONLY)
    pri.do(lambda: pri.ends[USER][BEARERS_ONLY].alerting(ours))
    pri.wires[PRIMARY].cut = True
    pri.pass_s(0.1)
    pri.do(lambda: pri.ends[USER][BEARERS_ONLY].answer(ours))
    pri.pass_s(silent_s)
    assert not pri.count(NET, events.ConnectReceived)
    pri.cut(PRIMARY)
    assert pri.last(NET, events.ConnectReceived).call == call
    pri.pass_s(30.0)
    assert pri.cleared() == 0
    assert pri.count(NET, events.ConnectReceived) == 1


def test_q931_5_8_8_a_a_number_that_was_being_dialled_is_cleared() -> None:
    pri = Groups(Profile.EUROISDN)
    call = pri.do(lambda: pri.ends[NET][BEARERS_ONLY].setup(Setup(5, "95", complete=False)))
    theirs = pri.last(USER, events.SetupReceived).call
    pri.do(lambda: pri.ends[USER][BEARERS_ONLY].setup_acknowledge(theirs, 5))
    pri.wires[PRIMARY].cut = True
    pri.ends[NET][BEARERS_ONLY].dial(call, "5")
    pri.cut(PRIMARY)
    assert pri.last(USER, events.DisconnectReceived).cause == 41
    sent = [frame[8] for _, frame in pri.wires[BACKUP].frames() if not frame[2] & 1 and frame[4] == 0x08]
    assert 0x7B not in sent, "the digit is not said twice"


def test_what_was_lost_while_neither_stood_is_not_said_later(pri: Groups) -> None:
    call, ours = pri.ring(BEARERS_ONLY)
    pri.wires[PRIMARY].cut = pri.wires[BACKUP].cut = True
    pri.do(lambda: pri.ends[USER][BEARERS_ONLY].proceeding(ours, 5))
    pri.cut(PRIMARY)
    pri.cut(BACKUP)
    assert {event.call for event in pri.heard[NET] if isinstance(event, events.CallCleared)} == {call}
    said = [pri.messages(number, USER).count(CALL_PROCEEDING) for number in (PRIMARY, BACKUP)]
    assert sum(said) >= 2, "once on each, and lost"
    pri.mend(BACKUP)
    pri.mend(PRIMARY)
    pri.cut(BACKUP)
    assert [pri.messages(number, USER).count(CALL_PROCEEDING) for number in (PRIMARY, BACKUP)] == said
    assert pri.cleared() == 2


def test_q921_5_6_7_a_d_channel_that_falls_silent_without_red_is_given_up(pri: Groups) -> None:
    call = pri.talk(BEARERS_ONLY)
    pri.wires[PRIMARY].cut = True
    pri.pass_s(20.0)  # T203, then N200 times T200
    assert [group.in_use for group in pri.groups.values()] == [BACKUP, BACKUP]
    assert pri.cleared() == 0
    pri.clear(BEARERS_ONLY, call)


@pytest.mark.parametrize(("seconds", "cleared"), [(3.0, 0), (7.0, 2)])
def test_q931_5_8_9_t309_runs_while_neither_d_channel_stands(pri: Groups, seconds: float, cleared: int) -> None:
    pri.talk(BEARERS_ONLY)
    pri.wires[PRIMARY].cut = True
    pri.cut(BACKUP)
    for ends in pri.ends.values():
        ends[PRIMARY].deactivate()
    pri.pass_s(seconds)
    assert pri.cleared() == cleared
    assert all(event.cause == 27 for event in pri.heard[USER] if isinstance(event, events.CallCleared))
    pri.mend(BACKUP)
    assert all(end.established for *_, end in pri.all())
    assert pri.cleared() == cleared


@pytest.mark.parametrize(("seconds", "cleared"), [(4.0, 0), (7.0, 2)])
def test_an_interface_that_is_red_loses_its_own_calls_after_t309(pri: Groups, seconds: float, cleared: int) -> None:
    lost, kept = pri.talk(BEARERS_ONLY), pri.talk(BACKUP)
    pri.cut(BEARERS_ONLY)
    pri.pass_s(seconds)
    assert pri.cleared() == cleared
    assert {event.call for event in pri.heard[NET] if isinstance(event, events.CallCleared)} <= {lost[0]}
    pri.mend(BEARERS_ONLY)
    pri.clear(BACKUP, kept)


def test_q931_5_8_9_an_alarm_that_changes_while_an_interface_is_red_does_not_extend_t309(pri: Groups) -> None:
    pri.talk(BEARERS_ONLY)
    pri.cut(BEARERS_ONLY)
    pri.pass_s(4.0)
    for ends in pri.ends.values():
        ends[BEARERS_ONLY].deactivate()
    pri.pass_s(3.0)
    assert pri.cleared() == 2


def test_without_a_backup_t309_is_the_link_s_and_nothing_is_left() -> None:
    pri = Groups(backup=None)
    for interface in (PRIMARY, BEARERS_ONLY):
        pri.talk(interface)
    pri.cut(PRIMARY)
    pri.pass_s(7.0)
    assert pri.cleared() == 4
    assert {event.cause for event in pri.heard[NET] if isinstance(event, events.CallCleared)} == {27}
    for group in pri.groups.values():
        assert not group.link._calls.on(None)
    pri.mend(PRIMARY)
    pri.clear(BEARERS_ONLY, pri.talk(BEARERS_ONLY))


@pytest.mark.parametrize("profile", [Profile.NATIONAL, Profile.FOUR_ESS, Profile.FIVE_ESS])
def test_t1_607_service_says_which_d_channel_is_used(profile: Profile) -> None:
    pri = Groups(profile)
    pri.cut(PRIMARY)
    for side in Side:
        assert sorted(set(pri.messages(BACKUP, side))) == [SERVICE, SERVICE_ACKNOWLEDGE]
        assert pri.ends[side][BACKUP].damaged == 0


def test_service_out_of_a_d_channel_is_acknowledged_and_not_followed(pri: Groups) -> None:
    group = pri.groups[NET]
    group.data_links[BACKUP].say(bytes.fromhex("43 02 00 00 07 01 01 c2 18 02 ec 81"))
    pri.settle()
    assert pri.messages(BACKUP, USER) == [SERVICE_ACKNOWLEDGE]
    assert pri.groups[USER].in_use == PRIMARY


@pytest.mark.parametrize("profile", [Profile.DMS100, Profile.EUROISDN_T1])
def test_a_profile_without_service_follows_the_first_message(profile: Profile) -> None:
    pri = Groups(profile)
    call = pri.talk(BEARERS_ONLY)
    pri.ends[NET][PRIMARY].deactivate()  # RED is seen there alone
    pri.do(lambda: pri.ends[NET][BEARERS_ONLY].release(call[0], 16))
    assert pri.groups[USER].in_use == BACKUP
    pri.do(lambda: pri.ends[USER][BEARERS_ONLY].release(call[1], 16))
    assert pri.cleared() == 2


def test_q931_5_5_a_restart_is_of_one_channel_of_one_interface(pri: Groups) -> None:
    kept = pri.talk(BACKUP)
    pri.talk(BEARERS_ONLY)
    pri.do(lambda: pri.ends[USER][BEARERS_ONLY].restart([5]))
    assert pri.last(NET, events.RestartReceived) == events.RestartReceived(5)
    assert pri.last(USER, events.RestartAcknowledged) == events.RestartAcknowledged(5)
    assert pri.cleared() == 2
    pri.clear(BACKUP, kept)


@pytest.mark.parametrize(
    ("octets", "cleared"),
    [
        ("08 02 00 00 46 18 02 e8 82 79 01 86", {BEARERS_ONLY}),
        ("08 02 00 00 46 79 01 87", {BACKUP, BEARERS_ONLY}),
    ],
    ids=["one", "all"],
)
def test_q931_4_5_25_a_restart_of_one_interface_or_all(pri: Groups, octets: str, cleared: set[int]) -> None:
    talks = {interface: pri.talk(interface)[1] for interface in (BACKUP, BEARERS_ONLY)}
    pri.groups[NET].data_links[PRIMARY].say(bytes.fromhex(octets))
    pri.settle()
    ended = {event.call for event in pri.heard[USER] if isinstance(event, events.CallCleared)}
    assert ended == {talks[interface] for interface in cleared}
    restarted = [event for event in pri.heard[USER] if isinstance(event, events.RestartReceived)]
    assert restarted == [events.RestartReceived(None)] * (1 if len(cleared) == 1 else 3)


def test_q931_5_2_3_a_setup_on_an_interface_that_is_not_there_is_refused(pri: Groups) -> None:
    call = pri.groups[NET].link.setup(Setup(7 << 8 | 5, "95588"))
    pri.groups[NET].note(call, pri.ends[NET][PRIMARY])
    pri.settle()
    assert pri.last(NET, events.CallCleared) == events.CallCleared(call, 82, by_peer=True)
    assert not pri.count(USER, events.SetupReceived)


def test_q931_4_5_13_a_channel_without_an_interface_is_the_d_channel_s_own(pri: Groups) -> None:
    setup = "08 02 00 01 05 04 03 80 90 a2 18 03 a9 83 85 70 06 81 39 35 35 38 38"
    pri.groups[NET].data_links[PRIMARY].say(bytes.fromhex(setup))
    pri.settle()
    offered = pri.last(USER, events.SetupReceived)
    pri.do(lambda: pri.ends[USER][PRIMARY].proceeding(offered.call, 5))
    sent = [frame[4:].hex(" ") for side, frame in pri.wires[PRIMARY].frames() if side is USER and frame[8:9] == b"\x02"]
    assert sent == ["08 02 80 01 02 18 04 e9 80 83 85"]


def test_qsig_has_no_word_for_an_interface() -> None:
    with pytest.raises(ValueError, match="one D-channel a span"):
        Group(USER, profile=Profile.QSIG)
