# SPDX-License-Identifier: GPL-2.0-only
"""A contact in the simulation: its recorded day, how far it has come in it, and what has become different."""

import msgspec

from appliance.router.events import CallTold, RouteAsked
from appliance.router.replay.recording import Chain, Did, Told
from appliance.router.replay.story import Story, Treated, collects, story
from appliance.wire.calls import LegBegan
from appliance.wire.routes import Action, RingAgent, RouteRequest, Treat

_replace = msgspec.structs.replace


class Difference(msgspec.Struct):
    """The first decision of a contact that is not what it was; 0 and no reason where there was, or will be, none."""

    contact: str
    recorded_ns: int = 0
    recorded: str = ""
    draft_ns: int = 0
    draft: str = ""


class Caller:
    """`place` is the next step of its chain, `recorded_ns` when it made the last one that day.

    `generation` counts what it waits for, so that what it does not wait for any more is known.
    """

    def __init__(self, contact: str, chain: Chain, began_ns: int) -> None:
        self.contact, self.chain = contact, chain
        self.place = self.generation = self.rung = self.asked = 0
        self.recorded_ns = began_ns
        self.in_step = self.follows = True
        self.talks = self.gone = False
        self.difference: Difference | None = None
        self.told: Told | None = None
        self.legs: list[str] = []
        asked = next(
            (step.event for step in chain if isinstance(step, Did) and isinstance(step.event, RouteAsked)), None
        )
        self.request: RouteRequest | None = asked.request if asked is not None else None
        self.box = next((step.event.box for step in chain if isinstance(step, Did)), "")
        self._renamed: dict[str, str] = {}
        self._story: Story | None = None
        self._treats: list[Treat] = []

    @property
    def story(self) -> Story:
        """Its own quantities."""
        if self._story is None:
            self._story = story(self.chain)
        return self._story

    @property
    def next(self) -> Told | Did | None:
        """The next recorded step."""
        return self.chain[self.place] if self.place < len(self.chain) else None

    def move(self, at_ns: int) -> None:
        """The next step is made now."""
        self.recorded_ns = self.chain[self.place].at_ns
        self.place += 1
        self.in_step = self.in_step and at_ns == self.recorded_ns

    def hear(self, told: Told) -> None:
        """It is told so."""
        self.told = told
        if isinstance(told.action, Treat) and not told.waits:
            self._treats.append(told.action)

    def as_recorded(self, told: Told) -> bool:
        """Whether the recording has the same for it next; what that was called there is known then."""
        recorded = self.next
        if not isinstance(recorded, Told) or recorded.waits != told.waits or not _alike(recorded.action, told.action):
            return False
        self._rename(recorded.cursor, told.cursor)
        if isinstance(recorded.action, RingAgent) and isinstance(told.action, RingAgent):
            self._rename(recorded.action.token, told.action.token)
        return True

    def renamed(self, event: RouteAsked | CallTold, late_ns: int) -> RouteAsked | CallTold:
        """The recorded event as it is here: so much later, with the cursor and the token that were given here."""
        if late_ns == 0 and not self._renamed:
            return event
        if isinstance(event, RouteAsked):
            request = event.request
            here = _replace(request, cursor=self._renamed.get(request.cursor, request.cursor))
            return RouteAsked(event.at_ns + late_ns, event.box, here, event.day_ns + late_ns)
        told = event.event
        if isinstance(told, LegBegan) and told.token is not None:
            told = _replace(told, token=self._renamed.get(told.token, told.token))
        return CallTold(event.at_ns + late_ns, event.box, told)

    def treated(self, treat: Treat) -> Treated | None:
        """How it took this treatment that day, else how it answered its question of this number."""
        earlier, own = self._treats[:-1], self.story.treated
        same = [one for one in own if one.treat.verbs == treat.verbs]
        number = sum(one.verbs == treat.verbs for one in earlier)
        if number < len(same):
            return same[number]
        if not collects(treat):
            return None
        asked = [one for one in own if collects(one.treat)]
        number = sum(map(collects, earlier))
        return asked[number] if number < len(asked) else None

    def _rename(self, recorded: str, here: str) -> None:
        if recorded != here:
            self._renamed[recorded] = here
        else:
            self._renamed.pop(recorded, None)


def _alike(recorded: Action, here: Action) -> bool:
    """But for the token."""
    if isinstance(recorded, RingAgent) and isinstance(here, RingAgent):
        return recorded == _replace(here, token=recorded.token)
    return recorded == here
