# SPDX-License-Identifier: GPL-2.0-only
"""One B-channel while a call holds it: says, keys, hears. What is said and heard is kept for the result."""

from collections.abc import Callable

from appliance.media.events import PlayEnded
from appliance.simulator.caller import AwaitQuiet, AwaitSound, Key, Script, Talk
from appliance.simulator.ear import Ear, Heard
from appliance.simulator.media import Media
from appliance.simulator.result import Moment, Said

SAMPLES_PER_S = 8000


class Circuit:
    """Opened at the seizure of the channel; `closed` is called when the last octet heard is in."""

    def __init__(self, media: Media, port: int, script: Script, closed: Callable[[], None]) -> None:
        self.digits = ""
        self.said: list[Said] = []
        self._media = media
        self._port = port
        self._closed = closed
        self._ear = Ear(keep=script.record)
        self._speaking: tuple[Talk, Moment, Callable[[], None]] | None = None
        media.open(port, self._digit_heard)
        self._recorded = script.record or any(isinstance(step, AwaitSound | AwaitQuiet) for step in script.steps)
        if self._recorded:
            media.record(port, self._ear, closed)

    def heard(self) -> Heard | None:
        """What came, if it was to be kept."""
        return self._ear.heard()

    def say(self, talk: Talk, then: Callable[[], None]) -> float:
        """Say the sounds; `then` when all are said. Returns the seconds that it takes.

        Raises OSError, SoundFormatError, ArenaFullError.
        """
        sounds = [self._media.load(path) for path in talk.sounds]
        self._speaking = (talk, self._media.now(), then)
        self._media.play(self._port, sounds, talk.repeat, self._spoken)
        return talk.repeat * sum(sound.octets for sound in sounds) / SAMPLES_PER_S

    def key(self, key: Key, then: Callable[[], None]) -> float:
        """Press the digits; `then` when they are out. Returns the seconds that it takes."""
        self._media.key(self._port, key, then)
        return len(key.digits) * (key.on_ms + key.off_ms) / 1000

    def listen(self, step: AwaitSound | AwaitQuiet, then: Callable[[], None]) -> None:
        """`then` when sound has begun or ended."""
        if isinstance(step, AwaitSound):
            self._ear.listen(loud=True, lasting_ms=step.loud_ms, then=then)
        else:
            self._ear.listen(loud=False, lasting_ms=step.quiet_ms, then=then)

    def stop_listening(self) -> None:
        """Forget what was listened for."""
        self._ear.stop_listening()

    def ring_back(self) -> None:
        """Tell the caller by tone that the called party rings."""
        self._media.ring_back(self._port)

    def stop_sound(self) -> None:
        """Say nothing more."""
        self._media.stop_sound(self._port)

    def close(self) -> None:
        """Give the channel back; `closed` follows."""
        self._media.close(self._port)
        if not self._recorded:
            self._closed()

    def _digit_heard(self, digit: str) -> None:
        self.digits += digit

    def _spoken(self, ended: PlayEnded) -> None:
        if self._speaking is None:
            return
        talk, began, then = self._speaking
        self._speaking = None
        self.said.append(Said(talk.sounds, began, ended.played_octets))
        if ended.reason == "finished":
            then()
