# SPDX-License-Identifier: GPL-2.0-only
"""The fleet at work: reports of boxes, orders to them, and what administrators want of pushes.

What is decided is written before any of it leaves (`Store`); what boxes say is written in groups, since they say it
again. Everything runs in one asyncio thread but the store's and the rendering.
"""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from appliance.config.errors import ConfigurationError
from appliance.config.files import load_role
from appliance.config.fleet import Fleet as Setting
from appliance.config.headquarters import Headquarters
from appliance.config.pushed import names_in
from appliance.headquarters.fleet.groups import Groups
from appliance.headquarters.fleet.inventory import Box, Inventory
from appliance.headquarters.fleet.push import Entry, Made, Push
from appliance.headquarters.fleet.secrets import SecretsError, to_be_sent
from appliance.headquarters.fleet.states import OPEN, UNDER_WAY, Course, Move, Stage
from appliance.headquarters.fleet.store import Rows, Store
from appliance.wire.fleet import ConfigurationHeard, ConfigurationReported, PushConfiguration, Step

TICK_S = 0.25
SWEEP_S = 10.0
MARGIN_S = 120.0
"""For a box that is started again by what it was given, beyond its calls' and its health's time."""
SOME = 500
"""Orders, whose texts are read together."""
TOLD = {Step.CONFIRMED, Step.REFUSED, Step.DRIFTED, Step.RETURNED, Move.GONE, Move.CANNOT}
"""Of a box, in the audit."""

T = TypeVar("T")
Say = Callable[[str, PushConfiguration], Awaitable[None]]
log = structlog.get_logger()


class Fleet:
    """Of the headquarters whose file is `file`. `say(box, order)` publishes; `certificate_of` a box, in PEM."""

    def __init__(
        self, file: Path, box: str, store: Store, say: Say, certificate_of: Callable[[str], bytes | None]
    ) -> None:
        self.box, self.file, self.store = box, file, store
        self.inventory = Inventory(store.boxes())
        self.rows = Rows()
        self.pushes = {one.made.number: one for one in store.pushes()}
        self._leave_older()
        self._say, self._certificate_of = say, certificate_of
        self._disk = ThreadPoolExecutor(1, "fleet")
        self._turn = asyncio.Lock()
        self._setting: tuple[float, Setting] | None = None
        self._swept_s = time.monotonic()

    # What boxes say.

    async def reported(self, box: str, told: ConfigurationReported) -> ConfigurationHeard:
        """One report, and what the box is to have."""
        before = self.inventory.boxes[box].fingerprint if box in self.inventory.boxes else ""
        changed = self.inventory.reported(box, told)
        now = self.inventory.boxes[box]
        if changed:
            self.rows.boxes.setdefault(box, {}).update(changed)
        if told.text is not None:
            self.rows.texts[told.fingerprint] = told.text
        for push in self.pushes.values():
            self._step(push, now, told)
        if "fingerprint" in changed:
            self._noted(now, before, told.origin)
        wants_text = told.text is None and not self._knows(told.fingerprint)
        wanting = (one for one in self.pushes.values() if one.wants(box) and told.push != one.made.name)
        wants = None if wants_text else next(wanting, None)
        order = None if wants is None else await self._caught_up(wants, now)
        return ConfigurationHeard(wants_text=wants_text, order=order)

    def _knows(self, fingerprint: str) -> bool:
        return self.store.knows(fingerprint) or fingerprint in self.rows.texts

    def _step(self, push: Push, now: Box, told: ConfigurationReported) -> None:
        entry = push.entries.get(now.box)
        if entry is None:
            return
        if told.push != push.made.name:
            if entry.stage in UNDER_WAY and now.fingerprint != entry.after:
                self._moved(push, entry, Move.GONE, "it runs something else, and knows of no push")
        elif told.step is not None:
            self._moved(push, entry, told.step, told.sentence)

    def _moved(self, push: Push, entry: Entry, what: Move | Step, sentence: str) -> None:
        if not push.move(entry.box, what, sentence):
            return
        if entry.stage is Stage.CONFIRMED:
            self.inventory.boxes[entry.box].pushed = entry.after
            self.rows.boxes.setdefault(entry.box, {})["pushed"] = entry.after
        if entry.stage is Stage.CONFIRMED or what in TOLD:
            self.rows.add(
                time.time_ns(),
                push.made.author,
                entry.box,
                entry.stage.value,
                box=entry.box,
                push=push.made.number,
                sentence=sentence,
                before=entry.base,
                after=entry.after,
            )

    def _noted(self, now: Box, before: str, origin: str) -> None:
        """Something else runs there: ours, or somebody has changed it at the box."""
        if now.fingerprint in self.own(now.box):
            return
        what = "changed at the box" if before else "heard of"
        self.rows.add(
            time.time_ns(),
            now.author or "unknown",
            origin or now.box,
            what,
            box=now.box,
            sentence=now.comment,
            before=before,
            after=now.fingerprint,
        )
        if now.drifted():
            log.warning("fleet.box.drifted", box=now.box, author=now.author)

    def own(self, box: str) -> set[str]:
        """What pushes have given it, or gave it back."""
        entries = [one for push in self.pushes.values() if (one := push.entries.get(box)) is not None]
        given = {one.after for one in entries if one.stage in UNDER_WAY or one.stage is Stage.CONFIRMED}
        return given | {one.base for one in entries if one.stage is Stage.RETURNED}

    # Orders.

    async def _caught_up(self, push: Push, now: Box) -> PushConfiguration | None:
        """For a box that has just spoken."""
        entry = push.entries[now.box]
        if not self._ordered(push, entry, now):
            return None
        texts = await self.on_disk(lambda: self.store.texts((entry.after,)))
        await self.write()
        return await self._order(push, entry, texts[entry.after])

    def _ordered(self, push: Push, entry: Entry, now: Box) -> bool:
        """Whether an order is to leave: not where it runs already."""
        entry.base = entry.base or now.fingerprint
        if now.fingerprint == entry.after:
            push.move(entry.box, Move.ORDER)
            self._moved(push, entry, Step.CONFIRMED, "it had it already")
            return False
        if entry.stage is Stage.WAITING:
            entry.amiss = now.amiss
        push.move(entry.box, Move.ORDER)
        return True

    async def _order(self, push: Push, entry: Entry, text: str) -> PushConfiguration | None:
        """None: it cannot be given, or not before the box has spoken to this process."""
        made, box = push.made, self.inventory.boxes[entry.box]
        secrets = None
        if names_in(text):
            if box.heard_s is None:
                return None
            certificate = self._certificate_of(entry.box)
            try:
                secrets = await self.on_disk(
                    lambda: to_be_sent(self._set(), box.box, made.name, text, box.wrapping, certificate)
                )
            except (SecretsError, ConfigurationError, OSError) as error:
                self._moved(push, entry, Move.CANNOT, str(error))
                return None
        trial_s = min(made.terms.healthy_s, 60.0)
        return PushConfiguration(
            push=made.name,
            author=made.author,
            comment=made.comment,
            base=entry.base,
            text=text,
            force=made.terms.force,
            drain_s=made.terms.drain_s,
            confirm_s=made.terms.drain_s + trial_s + MARGIN_S,
            healthy_s=trial_s,
            secrets=secrets,
        )

    async def _go_on(self) -> None:
        """Orders whose turn it is, and gates that open."""
        for push in list(self.pushes.values()):
            if push.judge(time.monotonic(), self.inventory.health):
                what = f"wave {push.wave}" if push.course is Course.RUNNING else push.course.value
                self.told(push, what, "headquarters", self.box, push.reason)
                log.info("fleet.push.moved", push=push.made.number, course=push.course.value, wave=push.wave)
            await self._order_some(push)
            if push.dirty:
                self.rows.keep(push)

    async def _order_some(self, push: Push) -> None:
        turn = [(one, now) for one in push.turn() if (now := self._there(one.box)) is not None]
        orders = [entry for entry, now in turn if self._ordered(push, entry, now)]
        if push.dirty:
            self.rows.keep(push)
        for first in range(0, len(orders), SOME):
            some = orders[first : first + SOME]
            await self.write()
            texts = await self.on_disk(functools.partial(self.store.texts, [one.after for one in some]))
            for one in some:
                if (order := await self._order(push, one, texts[one.after])) is not None:
                    await self._say(one.box, order)

    def _there(self, box: str) -> Box | None:
        return None if self.inventory.health(box).away else self.inventory.boxes.get(box)

    def told(self, push: Push, what: str, by: str, origin: str, sentence: str = "") -> None:
        """Of a push as a whole, to the audit and the store."""
        self.rows.keep(push)
        self.rows.add(time.time_ns(), by, origin, what, push=push.made.number, sentence=sentence)

    # Pushes.

    @property
    def newest(self) -> Push | None:
        """The last that was begun."""
        return self.pushes[max(self.pushes)] if self.pushes else None

    async def begin(self, made: Made, entries: list[Entry], texts: dict[str, str], sources: dict[str, str]) -> Push:
        """From now on, once it is written. Boxes of it get nothing of older ones any more."""
        push, rows = Push(made, entries), Rows(texts=texts, sources=sources)
        rows.new_push = push
        rows.keep(push)
        what = f"takes back {made.back_of}" if made.back_of else "started"
        rows.add(made.at_ns, made.author, made.origin, what, push=made.number, sentence=made.comment)
        await self.write()
        await self.on_disk(lambda: self.store.write(rows))
        self.pushes[made.number] = push
        self._leave_older()
        self._forget()
        return push

    def _leave_older(self) -> None:
        """A box gets the newest alone."""
        taken: set[str] = set()
        for number in sorted(self.pushes, reverse=True):
            push = self.pushes[number]
            push.leave(push.entries.keys() & taken)
            taken |= push.entries.keys()
            if push.dirty:
                self.rows.keep(push)

    def _forget(self) -> None:
        """Pushes that give nothing any more, but the newest."""
        for number, push in tuple(self.pushes.items()):
            if push is not self.newest and push.over and not any(one.stage in OPEN for one in push.entries.values()):
                del self.pushes[number]

    # The rest.

    async def groups(self) -> Groups:
        """As the files are now. Raises ConfigurationError."""
        return await asyncio.to_thread(self._groups)

    def _groups(self) -> Groups:
        return Groups(self.file, self._set())

    def _set(self) -> Setting:
        """Of the file, as it is now. Raises ConfigurationError, OSError."""
        stamp, setting = self.file.stat().st_mtime, self._setting
        if setting is None or setting[0] != stamp:
            self._setting = setting = stamp, load_role(self.file, Headquarters).fleet or Setting()
        return setting[1]

    async def run(self) -> None:
        """Work, for ever; cancel to end."""
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self._go_on()
                self._sweep()
                await self.write()
            except SQLAlchemyError as error:
                log.error("fleet.storing.refused", error=str(error))
                await asyncio.sleep(1.0)

    def _sweep(self) -> None:
        if time.monotonic() - self._swept_s < SWEEP_S:
            return
        self._swept_s = time.monotonic()
        for one in self.inventory.silent():
            self.rows.boxes.setdefault(one.box, {})["heard_ns"] = one.heard_ns

    async def write(self) -> None:
        """What is gathered, in one transaction; kept for the next attempt where the disk refuses."""
        async with self._turn:
            rows, self.rows = self.rows, Rows()
            if not rows:
                return
            try:
                await self.on_disk(lambda: self.store.write(rows))
            except SQLAlchemyError:
                rows.add_newer(self.rows)
                self.rows = rows
                raise

    async def on_disk(self, work: Callable[[], T]) -> T:
        """In the store's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    async def close(self) -> None:
        """Write what is left."""
        try:
            await self.write()
        finally:
            self._disk.shutdown()
            self.store.close()
