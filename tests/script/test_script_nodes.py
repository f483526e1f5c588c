# SPDX-License-Identifier: GPL-2.0-only
"""What a caller meets at each node, request by request."""

import msgspec
import pytest

from appliance.script import cursor as cursors
from appliance.script.knowledge import Contact
from appliance.script.nodes import (
    Agent,
    Busy,
    Collect,
    GoToScript,
    If,
    Language,
    Menu,
    Node,
    Play,
    Queue,
    Release,
    Requalify,
    Ringing,
    Script,
    Switch,
    Text,
    Voicemail,
    Wait,
)
from appliance.script.nodes import Field as On
from appliance.script.stops import Ring, Stop
from appliance.script.walk import Walk
from appliance.wire import routes, treatments

pytestmark = pytest.mark.unit

GONE, BAD = Release(cause=1), Release(cause=2)


def script(start: str, limit: int = 100, name: str = "one", /, **nodes: Node) -> Script:
    return Script(name, "abc123", Text(start=start, nodes={"gone": GONE, "bad": BAD, **nodes}, limit=limit))


def met(one: Script, *requests: Contact) -> list[tuple[Stop, Walk]]:
    """Each request with the cursor of the one before."""
    cursor, stops = "", []
    for contact in requests:
        walk = Walk(one, cursor, contact)
        stops.append((walk.go_on(), walk))
        cursor = walk.cursor
    return stops


def pressed(digit: str) -> Contact:
    return Contact(dnis="1", ced=digit, outcome="digits")


NEW = Contact(dnis="1")
SILENT = Contact(dnis="1", ced="9", outcome="no-digits")  # the digits of an earlier treatment stay
PLAYED = Contact(dnis="1", outcome="played")

MENU = Menu(
    prompts=("press",), cases={"1": "gone", "#": "bad"}, nothing="none", invalid="other", tries=2, wrong=("sorry",)
)
ASK = treatments.Collect(prompts=("press",), max_digits=1, terminators="")
MENUS = script("menu", menu=MENU, none=Release(cause=3), other=Release(cause=4))


def test_a_menu_asks_for_one_digit_and_goes_to_its_case() -> None:
    (first, walk), (second, after) = met(MENUS, NEW, pressed("1"))
    assert first == routes.Treat(verbs=(ASK,))
    assert walk.reason == "script one treats the caller at menu"
    assert second == routes.Release(cause=1)
    assert (after.path, after.values) == (["gone"], {"menu": "1, try 1 of 2"})


def test_a_menu_takes_the_key_that_elsewhere_ends_digits() -> None:
    assert met(MENUS, NEW, pressed("#"))[-1][0] == routes.Release(cause=2)


def test_a_wrong_digit_is_told_so_and_asked_again() -> None:
    (_, again), (second, _), (third, last) = met(MENUS, NEW, pressed("7"), pressed("8"))
    del again
    assert second == routes.Treat(verbs=(treatments.Play(prompts=("sorry",)), ASK))
    assert third == routes.Release(cause=4)
    assert last.values == {"menu": "8, try 2 of 2"}


def test_silence_is_asked_again_without_the_reproach() -> None:
    (_, _), (second, _), (third, last) = met(MENUS, NEW, SILENT, SILENT)
    assert second == routes.Treat(verbs=(ASK,))
    assert third == routes.Release(cause=3)
    assert last.values == {"menu": "nothing, try 2 of 2"}


def test_the_last_try_says_whether_it_was_wrong_or_nothing() -> None:
    assert met(MENUS, NEW, pressed("7"), SILENT)[-1][0] == routes.Release(cause=3)
    assert met(MENUS, NEW, SILENT, pressed("7"))[-1][0] == routes.Release(cause=4)


def test_a_menu_that_is_entered_again_has_all_its_tries() -> None:
    loop = script("menu", menu=Menu(prompts=("press",), cases={"1": "menu"}, nothing="gone", invalid="bad", tries=2))
    stops = met(loop, NEW, pressed("7"), pressed("1"), pressed("7"), pressed("7"))
    assert [stop for stop, _ in stops][-2:] == [routes.Treat(verbs=(ASK,)), routes.Release(cause=2)]


def test_prompts_and_the_menu_after_them_go_out_as_one() -> None:
    ((stop, _),) = met(script("hello", hello=Play(prompts=("hello",), next="menu"), menu=MENU), NEW)
    assert stop == routes.Treat(verbs=(treatments.Play(prompts=("hello",)), ASK))


def test_a_voicemail_follows_its_greeting_and_a_beep_and_goes_on_by_what_became_of_it() -> None:
    night = Voicemail("card", ("away",), next="gone", failed="bad", longest_s=60, silence_s=4, shortest_s=2)
    one = script("hello", hello=Play(prompts=("hello",), next="night"), night=night)
    ((stop, walk), (kept, _)) = met(one, NEW, Contact(dnis="1", outcome="recorded"))
    said = (treatments.Play(("hello",)), treatments.Play(("away",)), treatments.Play(("beep",), barge=False))
    assert stop == routes.Treat(verbs=(*said, treatments.Voicemail("card", 60, 4, 2, "#")))
    assert walk.path == ["hello", "night"]
    assert kept == routes.Release(cause=1)
    for outcome in ("silent", "failed", "stopped"):
        assert met(one, NEW, Contact(dnis="1", outcome=outcome))[-1][0] == routes.Release(cause=2)


FAILED = Contact(dnis="1", outcome="failed")
TREATING: dict[str, Node] = {
    "play": Play(("x",), "gone"),
    "collect": Collect(("x",), "gone"),
    "wait": Wait(("x",), 5, "gone"),
    "ring": Ringing(5, "gone"),
    "menu": Menu(("x",), {"1": "gone"}, nothing="gone", invalid="gone", tries=1),
}


@pytest.mark.parametrize("kind", TREATING)
def test_a_treatment_that_failed_goes_on_to_failed_and_without_the_key_as_ever(kind: str) -> None:
    node = TREATING[kind]
    *_, (stop, walk) = met(script("it", it=msgspec.structs.replace(node, failed="bad")), NEW, FAILED)
    assert (stop, walk.values) == (routes.Release(cause=2), {"it": "the treatment failed"})
    *_, (stop, walk) = met(script("it", it=node), NEW, FAILED)
    assert (stop, walk.path) == (routes.Release(cause=1), ["gone"])


@pytest.mark.parametrize("kind", TREATING)
@pytest.mark.parametrize("outcome", ["played", "no-digits", "stopped"])
def test_what_has_not_failed_does_not_go_to_failed(kind: str, outcome: str) -> None:
    one = script("it", it=msgspec.structs.replace(TREATING[kind], failed="bad"))
    assert met(one, NEW, Contact(dnis="1", outcome=outcome))[-1][0] == routes.Release(cause=1)


def test_a_menu_whose_treatment_failed_asks_nobody_again_and_begins_anew_later() -> None:
    menu = Menu(("press",), {"1": "gone"}, nothing="none", invalid="none", tries=2, failed="wait")
    one = script("menu", menu=menu, none=Release(cause=3), wait=Wait(("song",), 5, "menu"))
    stops = met(one, NEW, FAILED, SILENT, SILENT)
    assert [walk.path[0] for _, walk in stops] == ["menu", "wait", "menu", "none"]
    assert stops[1][1].cursor.endswith("/menu=1"), "its first try again"


def test_prompts_fail_with_what_goes_out_with_them() -> None:
    nodes: dict[str, Node] = {"hello": Play(("hello",), "ask", failed="gone"), "ask": Collect(("x",), "gone")}
    assert met(script("hello", **nodes), NEW, FAILED)[-1][0] == routes.Release(cause=1), "as ever, to next"
    nodes["ask"] = Collect(("x",), "gone", failed="bad")
    assert met(script("hello", **nodes), NEW, FAILED)[-1][0] == routes.Release(cause=2)


def test_an_agent_s_phone_that_cuts_a_treatment_off_is_no_failure_of_it() -> None:
    one = script("it", it=Wait(("song",), 5, "gone", failed="bad"))
    cut = Contact(dnis="1", outcome="no-answer", stands=True)
    (_, _), (stop, walk) = met(one, NEW, cut)
    assert isinstance(stop, routes.Treat)
    assert walk.path == ["it"]


def test_wait_plays_over_and_over_then_goes_on() -> None:
    (first, _), (second, _) = met(script("w", w=Wait(prompts=("song",), seconds=30, next="gone")), NEW, PLAYED)
    assert first == routes.Treat(verbs=(treatments.Music(prompts=("song",), seconds=30),))
    assert second == routes.Release(cause=1)


def test_wait_joins_the_prompts_around_it() -> None:
    nodes: dict[str, Node] = {
        "hello": Play(prompts=("hello",), next="w"),
        "w": Wait(prompts=("song",), seconds=5, next="menu"),
        "menu": MENU,
    }
    ((stop, _),) = met(script("hello", **nodes), NEW)
    assert stop == routes.Treat(
        verbs=(treatments.Play(prompts=("hello",)), treatments.Music(prompts=("song",), seconds=5), ASK)
    )


def test_language_holds_from_then_on_over_requests_and_scripts() -> None:
    other = script("p", 100, "two", p=Play(prompts=("y",), next="gone"))
    nodes: dict[str, Node] = {
        "before": Play(prompts=("a",), next="zh"),
        "zh": Language(language="zh", next="after"),
        "after": Play(prompts=("b",), next="other"),
        "other": GoToScript(script="two"),
    }
    (first, _), (second, _), (third, walk) = met(script("before", **nodes), NEW, PLAYED, PLAYED)
    assert [stop.language for stop in (first, second) if isinstance(stop, routes.Treat)] == ["en", "zh"]
    assert third == GoToScript(script="two")
    assert walk.enter(other) == routes.Treat(verbs=(treatments.Play(prompts=("y",)),), language="zh")
    assert walk.language == "zh"


def test_busy_releases_with_cause_17_before_the_answer() -> None:
    ((stop, walk),) = met(script("b", b=Busy()), NEW)
    assert stop == routes.Release(cause=17)
    assert walk.reason == "script one releases the caller at b"


@pytest.mark.parametrize("node", [GoToScript(script="two"), Requalify(call_type="gold")])
def test_another_script_is_entered_at_its_start_and_told_by_the_cursor(node: GoToScript | Requalify) -> None:
    two = script("p", 100, "two", p=Play(prompts=("y",), next="gone"))
    ((stop, walk),) = met(script("go", go=node), NEW)
    assert stop == node
    call_type = node.call_type if isinstance(node, Requalify) else ""
    assert isinstance(walk.enter(two, call_type), routes.Treat)
    assert walk.path == ["go", "p"]
    place = cursors.read(walk.cursor)
    assert place == cursors.Cursor("two", "abc123", "p", 2, {}, call_type=call_type)
    after = Walk(two, walk.cursor, PLAYED)
    assert (after.go_on(), after.call_type) == (routes.Release(cause=1), call_type)


def test_what_a_contact_was_made_of_it_stays_in_the_scripts_that_follow() -> None:
    gold = script("go", 100, "gold", go=GoToScript(script="two"))
    two = script("p", 100, "two", p=Play(prompts=("y",), next="gone"))
    walk = Walk(script("go", go=Requalify(call_type="gold")), "", NEW)
    walk.go_on()
    assert walk.enter(gold, "gold") == GoToScript(script="two")
    walk.enter(two)
    assert walk.call_type == "gold"


def test_scripts_that_lead_to_one_another_end_by_the_limit_of_nodes() -> None:
    one = script("go", 7, go=GoToScript(script="two"))
    two = script("go", 7, "two", go=GoToScript(script="one"))
    walk = Walk(one, "", NEW)
    stop = walk.go_on()
    while isinstance(stop, GoToScript):
        stop = walk.enter({"one": one, "two": two}[stop.script])
    assert stop == routes.Release(cause=41)
    assert len(walk.path) == 7


def test_a_cursor_of_another_script_starts_this_one_and_keeps_what_was_passed() -> None:
    walk = Walk(script("menu", menu=MENU), "two/abc123/menu/5/menu=1/zh", NEW)
    stop = walk.go_on()
    assert stop == routes.Treat(verbs=(ASK,), language="zh")
    assert walk.cursor == "one/abc123/menu/6/menu=1/zh"


def test_agent_stops_with_the_id_and_goes_otherwise_when_told_so() -> None:
    node = Agent(agent="ced", otherwise="bad", ring_s=15)
    ask = Collect(prompts=("x",), max_digits=4, next="a")
    _, (stop, walk) = met(script("ask", ask=ask, a=node), NEW, pressed("1001"))
    assert stop == Ring("1001", node)
    assert walk.values == {"ced": "1001", "a": "ced: 1001"}
    assert walk.go_to(node.otherwise) == routes.Release(cause=2)


def test_an_agent_of_whom_the_expression_says_nothing_goes_otherwise() -> None:
    ((stop, walk),) = met(script("a", a=Agent(agent="text(number(ced))", otherwise="bad")), NEW)
    assert stop == routes.Release(cause=2)
    assert walk.values["a"] == "text(number(ced)): failed, number(''): that is none"


@pytest.mark.parametrize("node", [Agent(agent="'1001'", otherwise="bad"), Queue(queues=("card",), otherwise="bad")])
def test_who_rings_long_has_passed_the_node_once(node: Agent | Queue) -> None:
    stops = met(script("a", 3, a=node), *[NEW] * 9)
    assert not any(isinstance(stop, routes.Release) for stop, _ in stops)
    assert stops[-1][1].cursor == "one/abc123/a/1"


def test_a_prompt_that_leads_to_itself_ends_by_the_limit() -> None:
    stops = met(script("p", 4, p=Play(prompts=("x",), next="p")), NEW, *[PLAYED] * 4)
    assert [type(stop) for stop, _ in stops] == [routes.Treat] * 4 + [routes.Release]


@pytest.mark.parametrize(("figure", "value"), [("free", 3), ("waiting", 2), ("staffed", 9), ("expected", 120)])
def test_figures_of_a_queue_are_asked_and_noted(figure: str, value: int) -> None:
    one = script("ask", ask=If(that=f"{figure}('card') == {value}", then="gone", otherwise="bad", failed="bad"))
    told = Contact(dnis="1", queue=lambda asked, name: value if (asked, name) == (figure, "card") else 0)
    ((stop, walk),) = met(one, told)
    assert stop == routes.Release(cause=1)
    assert walk.values[f"{figure}(card)"] == str(value)
    ((stop, walk),) = met(one, Contact(dnis="1"))
    assert stop == routes.Release(cause=2)
    assert walk.values == {
        f"{figure}(card)": "unknown",
        "ask": f"{figure}('card') == {value}: failed, {figure}('card'): nobody can tell",
    }


def test_a_switch_after_a_menu_sees_its_digit() -> None:
    one = script(
        "menu",
        menu=Menu(prompts=("press",), cases={"1": "look", "2": "look"}, nothing="bad", invalid="bad"),
        look=Switch(on=On.CED, cases={"2": "gone"}, otherwise="bad"),
    )
    assert met(one, NEW, pressed("2"))[-1][0] == routes.Release(cause=1)
