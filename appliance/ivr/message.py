# SPDX-License-Identifier: GPL-2.0-only
"""A message while it is spoken: how long it may last, and whether somebody says something. Pure; samples at 8 kHz."""

from appliance.wire.treatments import Voicemail

SAMPLES_S = 8000


class Message:
    """Begun at sample `since`, where a former life of ours has begun it; then somebody has spoken, for all we know."""

    def __init__(self, verb: Voicemail, since: int | None, now: int) -> None:
        self._spoken = since is not None
        self._from = now if since is None else since
        self._quiet_from = now
        self._verb = verb

    @property
    def reason(self) -> str:
        """With which its treatment ends now."""
        return "recorded" if self._spoken else "silent"

    def hear(self, now: int, *, speaks: bool) -> bool:
        """Whether it is over: nobody has spoken for too long, or somebody for as long as they may."""
        if speaks:
            self._spoken, self._quiet_from = True, now
        quiet, long = now - self._quiet_from, now - self._from
        return quiet >= self._verb.silence_s * SAMPLES_S or long >= self._verb.longest_s * SAMPLES_S
