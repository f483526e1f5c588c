# SPDX-License-Identifier: GPL-2.0-only
"""The shell around flow.step: treatments by id, their plays and collects in the engine, their news to call control.

A prompt that cannot be had is skipped with an alarm, because a caller is better served by the next one than by silence.
The engine's ids start at random in each life, so what a former life left running is not taken for ours.
"""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import structlog

from appliance.ivr import flow as f
from appliance.ivr.message import Message
from appliance.ivr.prompts import PromptFolders, UnknownPromptError
from appliance.media.arena import ArenaFullError, SoundFormatError
from appliance.media.engine import REPEAT_FOR_EVER, Engine
from appliance.media.events import CommandKind, CommandRefused, DigitsCollected, EngineEvent, PlayEnded, Sound, ToneKind
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Body, Envelope
from appliance.wire.service import CommandRefusedError
from appliance.wire.treatments import (
    Collect,
    RunTreatment,
    StopTreatment,
    TreatmentEnded,
    TreatmentSnapshot,
    TreatmentStep,
    Voicemail,
)

LISTEN_S = 0.1
LONG_MS = 3_600_000

log = structlog.get_logger()


class Arena(Protocol):
    """Where sounds are kept for the engine."""

    def load(self, source: Path) -> Sound:
        """The file's sound, converted at first sight."""


class _Running:
    """One treatment and the engine's ids that belong to it."""

    def __init__(self, command: RunTreatment) -> None:
        self.command = command
        self.flow = f.Flow(verbs=command.verbs, at=command.first)
        self.play_id = 0
        self.collect_id = 0
        self.message: Message | None = None
        self.timer: asyncio.TimerHandle | None = None


class Treatments:
    """All treatments of the box. `publish` reaches call control."""

    def __init__(self, engine: Engine, arena: Arena, prompts: PromptFolders, publish: Callable[[Body], None]) -> None:
        self._engine = engine
        self._arena = arena
        self._prompts = prompts
        self._publish = publish
        self._numbers = itertools.count(secrets.randbits(40) << 20)
        self._running: dict[str, _Running] = {}
        self._issued: dict[int, str] = {}  # play, collect or recording id → treatment
        self._alarms: dict[str, AlarmRaised] = {}

    def snapshot(self) -> Iterable[Body]:
        """What is running, and the alarms that stand."""
        yield TreatmentSnapshot(running={name: running.flow.at for name, running in self._running.items()})
        yield from self._alarms.values()

    def handle(self, envelope: Envelope) -> None:
        """A command of call control. Raises CommandRefusedError."""
        body = envelope.body
        if isinstance(body, RunTreatment):
            self._run(body)
        elif isinstance(body, StopTreatment):
            running = self._running.get(body.treatment)
            if running is not None:
                self._happen(running, f.Stopped())
        else:
            raise CommandRefusedError("message.unexpected", f"the IVR has no use for {type(body).__name__}")

    def engine_said(self, event: EngineEvent) -> None:
        """An event of the engine; those of other lives are dropped."""
        if isinstance(event, PlayEnded):
            self._over(event.play_id, f.PortClosed() if event.reason == "closed" else f.PlayOver())
        elif isinstance(event, DigitsCollected):
            self._dialled(event)
        elif isinstance(event, CommandRefused):
            self._refused(event)

    def _run(self, command: RunTreatment) -> None:
        if not command.verbs or not 0 <= command.first < len(command.verbs):
            raise CommandRefusedError("treatment.verbs", f"no verb number {command.first} in {len(command.verbs)}")
        if command.treatment in self._running:
            return
        running = _Running(command)
        self._running[command.treatment] = running
        self._carry_out(running, *f.begin(command.verbs, command.first))

    def _dialled(self, event: DigitsCollected) -> None:
        running = self._running.get(self._issued.get(event.collect_id, ""))
        if running is None or running.message is None or event.reason == "closed":
            self._over(event.collect_id, f.PortClosed() if event.reason == "closed" else f.DigitsIn(event.digits))
        elif event.reason == "terminator":
            self._over(event.collect_id, f.MessageOver(running.message.reason))
        else:  # what is dialled besides is part of the message
            del self._issued[event.collect_id]
            self._await_end(running, clear=False)

    def _refused(self, event: CommandRefused) -> None:
        recording = event.kind is CommandKind.RECORD
        if recording and event.error == "EEXIST":
            return  # a former life of ours has begun it
        log.warning("ivr.engine.refused", command=event.kind.name, port=event.port, error=event.error)
        if event.error == "ENOTCONN":
            self._over(event.id, f.PortClosed())
        else:
            self._over(event.id, f.MessageOver("failed") if recording else f.Stopped())

    def _over(self, issued: int, event: f.Event) -> None:
        running = self._running.get(self._issued.pop(issued, ""))
        current = running is not None and issued in {running.play_id, running.collect_id, running.command.recording}
        if running is not None and current:
            self._happen(running, event)

    def _happen(self, running: _Running, event: f.Event) -> None:
        try:
            after, actions = f.step(running.flow, event)
        except f.NoTransitionError as error:
            log.debug("ivr.event.unexpected", treatment=running.command.treatment, error=str(error))
            return
        self._carry_out(running, after, actions)

    def _carry_out(self, running: _Running, after: f.Flow, actions: tuple[f.Action, ...]) -> None:
        running.flow = after
        for action in actions:
            match action:
                case f.SayStep(verb):
                    self._publish(TreatmentStep(treatment=running.command.treatment, verb=verb))
                case f.PlayPrompts(prompts, barge, for_ever):
                    self._play(running, prompts, barge=barge, for_ever=for_ever)
                case f.GiveRingingTone():
                    self._engine.tone(running.command.port, ToneKind.RINGBACK)
                case f.CollectDigits(verb):
                    self._collect(running, verb)
                case f.TakeMessage(verb):
                    self._take_message(running, verb)
                case f.StartTimer(seconds):
                    loop = asyncio.get_running_loop()
                    running.timer = loop.call_later(seconds, self._happen, running, f.TimeUp())
                case f.Quiet():
                    self._quiet(running)
                case f.End(reason, digits):
                    self._end(running, reason, digits)

    def _quiet(self, running: _Running) -> None:
        if running.timer is not None:
            running.timer.cancel()
            running.timer = None
        running.play_id = running.collect_id = 0
        self._engine.stop(running.command.port)
        if running.message is not None:
            running.message = None
            self._issued.pop(running.command.recording, None)
            self._engine.stop_recording(running.command.recording)

    def _end(self, running: _Running, reason: str, digits: str) -> None:
        if running.timer is not None:
            running.timer.cancel()
        name = running.command.treatment
        self._running.pop(name, None)
        self._publish(TreatmentEnded(treatment=name, reason=reason, digits=digits))

    def _issue(self, running: _Running) -> int:
        number = next(self._numbers)
        self._issued[number] = running.command.treatment
        return number

    def _play(self, running: _Running, prompts: tuple[str, ...], *, barge: bool, for_ever: bool = False) -> None:
        sounds = self._sounds(prompts, running.command.language)
        if not sounds:
            # Not from inside a step: the treatment must have taken its new place first.
            asyncio.get_running_loop().call_soon(self._happen, running, f.PlayOver())
            return
        running.play_id = self._issue(running)
        repeat = REPEAT_FOR_EVER if for_ever else 1
        self._engine.play(running.command.port, running.play_id, sounds, repeat, stop_on_digit=barge)

    def _collect(self, running: _Running, verb: Collect) -> None:
        running.collect_id = self._issue(running)
        self._engine.collect(
            running.command.port,
            running.collect_id,
            verb.max_digits,
            verb.first_digit_ms,
            verb.inter_digit_ms,
            verb.terminators,
        )
        if sounds := self._sounds(verb.prompts, running.command.language):
            running.play_id = self._issue(running)
            self._engine.play(running.command.port, running.play_id, sounds, stop_on_digit=True)

    def _take_message(self, running: _Running, verb: Voicemail) -> None:
        command, now = running.command, self._engine.samples
        running.message = Message(verb, command.since, now)
        self._issued[command.recording] = command.treatment
        self._engine.record(command.recording, command.port, command.port, now)
        self._await_end(running, clear=True)
        self._listen(running)

    def _await_end(self, running: _Running, *, clear: bool) -> None:
        """A digit ends the message, or is of it; what was dialled before the beep is neither."""
        verb = running.command.verbs[running.flow.at]
        ends = verb.terminators if isinstance(verb, Voicemail) else ""
        running.collect_id = self._issue(running)
        self._engine.collect(
            running.command.port, running.collect_id, 1, LONG_MS, LONG_MS, ends, clear_type_ahead=clear
        )

    def _listen(self, running: _Running) -> None:
        if running.message is None:
            return
        speaks = self._engine.port_status(running.command.port).speaks
        if running.message.hear(self._engine.samples, speaks=speaks):
            self._happen(running, f.MessageOver(running.message.reason))
        else:
            running.timer = asyncio.get_running_loop().call_later(LISTEN_S, self._listen, running)

    def _sounds(self, prompts: tuple[str, ...], language: str) -> list[Sound]:
        sounds = []
        for prompt in prompts:
            try:
                sounds.append(self._arena.load(self._prompts.find(prompt, language)))
            except (UnknownPromptError, SoundFormatError, ArenaFullError, OSError) as error:
                self._missing(prompt, str(error))
        return sounds

    def _missing(self, prompt: str, sentence: str) -> None:
        if prompt not in self._alarms:
            log.error("ivr.prompt.missing", prompt=prompt, sentence=sentence)
            alarm = AlarmRaised(code="ivr.prompt-missing", address=prompt, sentence=sentence)
            self._alarms[prompt] = alarm
            self._publish(alarm)
