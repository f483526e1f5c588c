# SPDX-License-Identifier: GPL-2.0-only
"""A branch's configuration from headquarters: told what runs here, given another, and told what became of it.

What is given goes the way of a technician's commit: checked as a whole, a version with author and comment, on trial,
judged by the supervisor. All that is remembered of a push is its version, so a restart of any process loses nothing;
the same push is never taken twice, and an older one never after a newer.
"""

import asyncio
import time
from pathlib import Path

import msgspec
import structlog

from appliance import VERSION
from appliance.config import Branch, ConfigurationError, load
from appliance.config.history import History, Trying, Version, fingerprint
from appliance.uplink.enrolling.credentials import Credentials
from appliance.uplink.link import Link, LinkDownError, LinkSilentError
from appliance.uplink.secret_files import SecretFiles, Secrets
from appliance.uplink.wrapping import Unwrapper, WrappingError
from appliance.wire.alarms import AlarmRaised
from appliance.wire.configuration import Configured, Progress
from appliance.wire.envelope import Envelope, Sealer, UnknownMessageError, decode, encode
from appliance.wire.fleet import ConfigurationHeard, ConfigurationReported, PushConfiguration, Step, WrappingKey

LOOK_S = 0.5
REPORT_S = 20.0
ANSWER_S = 5.0
RETURNED = "configuration.returned"

Stamp = tuple[tuple[int, int, int], ...]
log = structlog.get_logger()


class Refusal(msgspec.Struct, frozen=True):
    """A push of which no version was made."""

    push: str
    step: Step
    sentence: str


class Pushes:
    """Of the box whose file is `file`; `heard` is to be told what the supervisor says.

    Without `credentials` it takes no secrets: there is nothing that they could be encrypted to.
    """

    def __init__(
        self, file: Path, branch: Branch, link: Link, sealer: Sealer, credentials: Credentials | None = None
    ) -> None:
        self._file, self._branch, self._link, self._sealer = file, branch, link, sealer
        self._history, self._secret_files = History(file), SecretFiles(file)
        self._unwrapper = Unwrapper(branch.box, credentials.sign) if credentials else None
        self._refused: Refusal | None = None
        self._configured: Configured | None = None
        self._why_back = ""
        self._stamp: Stamp = ()
        self._said: ConfigurationReported | None = None
        self._wanted = False
        self._now = asyncio.Event()
        self._one_by_one = asyncio.Lock()
        link.answers[f"config.{branch.box}"] = self._given

    def heard(self, envelope: Envelope) -> None:
        """One message of the supervisor's socket."""
        body = envelope.body
        if isinstance(body, Configured):
            self._configured = body
            self._now.set()
        elif isinstance(body, AlarmRaised) and body.code == RETURNED:
            self._why_back = body.sentence
            self._now.set()

    async def run(self) -> None:
        """Tell, for ever; cancel to end."""
        told_s = -REPORT_S
        await asyncio.to_thread(self._tidy)
        while True:
            try:
                if self._link.up and await self._due(told_s):
                    told_s = time.monotonic()
                    await self._tell()
            except OSError as error:  # a file that an editor has just moved away, a full disk
                log.warning("uplink.push.delayed", error=str(error))
            try:
                await asyncio.wait_for(self._now.wait(), LOOK_S)
            except TimeoutError:
                continue
            self._now.clear()
            self._stamp = ()

    def _tidy(self) -> None:
        try:
            self._secret_files.tidy()
        except OSError as error:  # what is too much does no harm, and is looked for again
            log.warning("uplink.secrets.untidy", error=str(error))

    async def _due(self, told_s: float) -> bool:
        """Whether there is something new, or it is time anyway."""
        stamp = _stamps(self._file)
        changed = stamp != self._stamp or self._wanted
        if changed:
            self._stamp = stamp
            report = await asyncio.to_thread(self.report)
            changed = report != self._said or self._wanted
        return changed or time.monotonic() - told_s >= REPORT_S

    async def _tell(self) -> None:
        report = await asyncio.to_thread(self.report)
        subject = f"config.{self._branch.box}.report"
        try:
            answer = decode(await self._link.ask(subject, encode(self._sealer.seal(report)), ANSWER_S)).body
        except (LinkDownError, LinkSilentError):  # headquarters without a fleet, or one that starts: it is said again
            return
        except UnknownMessageError as error:
            log.error("uplink.push.unknown", error=str(error))
            return
        self._said, self._wanted = msgspec.structs.replace(report, text=None), False
        if isinstance(answer, ConfigurationHeard):
            self._wanted = answer.wants_text
            if answer.order is not None:
                await self._take(answer.order)

    async def _given(self, payload: bytes) -> bytes:
        """By headquarters, unasked; what became of it is reported."""
        try:
            body = decode(payload).body
        except UnknownMessageError as error:
            log.error("uplink.push.unknown", error=str(error))
            return b""
        if isinstance(body, PushConfiguration):
            await self._take(body)
        return b""

    async def _take(self, order: PushConfiguration) -> None:
        """Once, though it may come by both ways at the same time."""
        async with self._one_by_one:
            if order.secrets and self._unwrapper and not self._unwrapper.fits(order.secrets):
                log.info("uplink.push.late", push=order.push)  # for a life of ours that is over: it is said again
            elif not await asyncio.to_thread(self._taken, order.push):
                self._refused = await asyncio.to_thread(self._committed, order)
                if self._refused is not None:
                    log.warning("uplink.push.refused", push=order.push, step=str(self._refused.step))
                await asyncio.to_thread(self._tidy)
        self._now.set()

    def _taken(self, push: str) -> bool:
        """It, or a newer one."""
        known = [one.push for one in self._history.versions() if one.push]
        return age(push) <= max(map(age, [*known, self._refused.push if self._refused else ""]))

    def _committed(self, order: PushConfiguration) -> Refusal | None:
        """A version of it, on trial; or why there is none."""
        runs = fingerprint(self._file.read_text("utf-8"))
        if runs != order.base and not order.force:
            sentence = f"the box runs {runs}, not {order.base} as headquarters thinks: it was changed here"
            return Refusal(order.push, Step.DRIFTED, sentence)
        try:
            secrets = self._secrets(order)
            with self._secret_files.reading(secrets):
                box = load(self._file, text=order.text)
        except WrappingError as error:
            return Refusal(order.push, Step.REFUSED, str(error))
        except ConfigurationError as error:
            return Refusal(order.push, Step.REFUSED, "; ".join(map(str, error.mistakes)))
        if box.role != self._branch.role or box.box != self._branch.box:
            return Refusal(order.push, Step.REFUSED, f"it is of {box.role} {box.box}, this is {self._branch.box}")
        how = Trying(
            order.drain_s, order.confirm_s, time.time(), order.healthy_s, order.push, order.push.partition(".")[0]
        )
        try:
            with self._secret_files.kept(order.text, secrets):
                made = self._history.commit(order.text, order.author, order.comment, how)
        except OSError as error:
            return Refusal(order.push, Step.REFUSED, f"it cannot be kept: {error.strerror}")
        log.info("uplink.push.taken", push=order.push, version=made.number, author=order.author)
        return None

    def _secrets(self, order: PushConfiguration) -> Secrets:
        """That came with it, all that its text needs. Raises WrappingError."""
        given: Secrets = {}
        if order.secrets is not None:
            if self._unwrapper is None:
                raise WrappingError("it comes with secrets, and the box has no certificate that they could be for")
            given = self._unwrapper.unwrapped(order.secrets, order.push)
        if wrong := self._secret_files.refusal(order.text, given):
            raise WrappingError(wrong)
        return given

    def report(self) -> ConfigurationReported:
        """What runs here, and how far the newest push has come."""
        text = self._file.read_text("utf-8")
        running, versions = self._history.running(), self._history.versions()
        pushed = next((one for one in versions if one.push), None)
        refused = self._refused
        step = refused.step if refused else self._step(pushed, running) if pushed else None
        sentence = refused.sentence if refused else self._why_back if step is Step.RETURNED else ""
        told = self._configured
        return ConfigurationReported(
            name=self._branch.name,
            software=VERSION,
            fingerprint=fingerprint(text),
            version=running.number if running else None,
            author=running.author if running else "",
            comment=running.comment if running else "",
            at=running.at if running else "",
            origin=running.origin if running else "",
            amiss=told.amiss if told else (),
            push=refused.push if refused else pushed.push if pushed else "",
            step=step,
            sentence=sentence,
            waiting=sum(calls for _, calls in told.waiting) if told else 0,
            text=text if self._wanted else None,
            wrapping=self._wrapping(),
        )

    def _wrapping(self) -> WrappingKey | None:
        if self._unwrapper is None:
            return None
        try:
            return self._unwrapper.offer()
        except OSError as error:  # without it no secrets come, and headquarters says so; all else goes on
            log.error("uplink.secrets.unsigned", error=str(error))
            return None

    def _step(self, pushed: Version, running: Version | None) -> Step:
        """Of the version that was made of it. One that somebody has replaced since had been confirmed."""
        trial = self._history.trial()
        if trial is not None and trial.version == pushed.number:
            told = self._configured
            applied = told is not None and told.progress is Progress.APPLIED and told.version == pushed.number
            return Step.TRIAL if applied else Step.KEPT
        back = running is not None and running.number < pushed.number
        return Step.RETURNED if back else Step.CONFIRMED


def age(push: str) -> int:
    """When it was made, in ms: the end of its name (`HQ-0001.12.1795469038391`)."""
    made = push.rpartition(".")[2]
    return int(made) if made.isdecimal() else 0


def _stamps(file: Path) -> Stamp:
    """Of the file, and of what is on trial."""
    found = []
    for path in (file, file.with_suffix(".versions") / "unconfirmed.json"):
        try:
            status = path.stat()
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        except FileNotFoundError:
            found.append((0, 0, 0))
    return tuple(found)
