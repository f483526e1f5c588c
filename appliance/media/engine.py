# SPDX-License-Identifier: GPL-2.0-only
"""Handle on the media engine for one client: commands in, events out, status read from the shared table.

No method waits: a command is obeyed at the engine's next tick (5 ms), in the order of the calls. What is wrong by
itself raises ValueError here; what is wrong in the engine's state comes back as CommandRefused. Use one handle in one
thread. Commands of different clients given within one tick are obeyed in the order of the clients' numbers.

A port is its opener's: one that takes no events for a minute is taken for dead, and its ports are closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from appliance.media import segment as shared
from appliance.media.decode import decode
from appliance.media.events import (
    BitsStatus,
    CallerStandard,
    Client,
    Codec,
    ComfortNoise,
    CommandKind,
    ConferenceStatus,
    EngineEvent,
    EngineStatus,
    PatternStatus,
    PortStatus,
    Profile,
    SignalKind,
    Sound,
    Tap,
    ToneKind,
)
from appliance.media.segment import Segment
from appliance.media.status import (
    NO_BITS,
    bits_status,
    conference_status,
    engine_status,
    port_status,
    span_status,
    test_status,
)
from appliance.media.taps import TapReader
from drivers.model import SPANS, TIMESLOTS, TIMESLOTS_PER_SPAN, Alarm, Cas, SpanStatus, Timeslot, check_bits
from drivers.protocol import CardSettings
from dsp.dtmf import limits
from dsp.prbs import Pattern
from dsp.srtp import MasterKey

PAYLOAD_TYPES = {Codec.PCMA: 8, Codec.PCMU: 0, Codec.G722: 9}
"""Static ones (RFC 3551 §6); the others' numbers are given out by descriptions, 96 to 127."""
DYNAMIC = range(96, 128)
PACKETS_MS = (5, 10, 20)
RTP_FIRST = 256
RTP_PORTS = 256
NULL_FIRST = RTP_FIRST + RTP_PORTS
NULL_PORTS = 64
PORTS = NULL_FIRST + NULL_PORTS
CONFERENCES = 32
NOBODY = 0xFFFF
SOUNDS_MAX = 32
DIGITS_MAX = 60
FRAME_MAX = 300
MF_SIGNALS = "0123456789*#ABC"
R2_SIGNALS = 15
REPEAT_FOR_EVER = 0
STILL_THERE = 10  # the engine asks; that it is read is the answer


class EngineBusyError(Exception):
    """The command ring is full: the engine is dead or does not keep up. Nothing was sent."""


class Engine:
    """One client's handle."""

    def __init__(self, segment_fd: int, event_fd: int, client: Client) -> None:
        """Map the segment. `event_fd`: the client's eventfd, stays the caller's."""
        self.event_fd = event_fd
        self.client = client
        self._segment = Segment(segment_fd)
        self._event = self._segment.new_event()
        self._taps = TapReader(self._segment)

    @classmethod
    def from_environment(cls, client: Client) -> Engine:
        """Handle from BRANCHLINE_FDS ("segment=5,line=6"), which the supervisor sets.

        Raises:
            ValueError: the variable does not name the segment and the client.
        """
        fds = inherited_fds(os.environ.get("BRANCHLINE_FDS", ""))
        name = client.name.lower()
        if "segment" not in fds or name not in fds:
            raise ValueError(f"BRANCHLINE_FDS names no segment or no {name}")
        return cls(fds["segment"], fds[name], client)

    @property
    def samples(self) -> int:
        """The engine's sample clock now (8 kHz)."""
        return int(self._segment.header.samples)

    @property
    def generation(self) -> int:
        """Number of the engine's life; changes when it restarts."""
        return int(self._segment.header.generation)

    def attach(self) -> None:
        """Forget the events that stand in the ring: they were meant for an earlier life of this client."""
        self._segment.discard(self.client)
        self._clear_event_fd()

    def take_events(self) -> list[EngineEvent]:
        """Everything that has happened since the last call."""
        self._clear_event_fd()
        events: list[EngineEvent] = []
        while self._segment.pop(self.client, self._event):
            if self._event.kind != STILL_THERE:
                events.append(decode(self._event))
        return events

    async def events(self) -> list[EngineEvent]:
        """Wait until something has happened."""
        loop = asyncio.get_running_loop()
        while not (events := self.take_events()):
            ready = loop.create_future()
            loop.add_reader(self.event_fd, _set_once, ready)
            try:
                await ready
            finally:
                loop.remove_reader(self.event_fd)
        return events

    def take_taps(self) -> list[Tap]:
        """Everything in the tap ring, blocks of one recording joined where they are consecutive. RECORDER only."""
        return self._taps.take()

    # Spans. LINE only.

    def open_span(self, span: int, settings: CardSettings, d_channel: int | None, cas: Cas | None = None) -> None:
        """Open a span, or open it anew with other settings. `d_channel`: timeslot with HDLC frames; or CAS."""
        _check(span, 0, SPANS - 1, "span")
        if d_channel is not None:
            _check(d_channel, 1, TIMESLOTS[settings.line][-1], f"{settings.line} d_channel")
            if cas is not None:
                raise ValueError(f"d_channel={d_channel}: none beside CAS")
        command = self._segment.command(CommandKind.OPEN_SPAN, span)
        command.span.card = settings.card
        command.span.t1 = settings.line == "t1"
        command.span.d_channel = d_channel or 0
        if cas is not None:
            command.span.cas, command.span.resting_bits = True, cas.resting_bits
        command.span.clock_recovered = settings.clock_recovered
        command.span.clock_domain = settings.clock_domain
        command.span.clock_priority = settings.clock_priority
        command.span.trim_ppm = settings.trim_ppm
        shared.fill(command.span.settings, settings.encode())
        self._push(command)

    def close_span(self, span: int) -> None:
        """Close a span and all its timeslots."""
        _check(span, 0, SPANS - 1, "span")
        self._push(self._segment.command(CommandKind.CLOSE_SPAN, span))

    def send_frame(self, span: int, frame: bytes) -> None:
        """Send a D-channel frame (1 to 300 octets, without FCS)."""
        _check(span, 0, SPANS - 1, "span")
        _check(len(frame), 1, FRAME_MAX, "frame octets")
        command = self._segment.command(CommandKind.SEND_FRAME, span)
        command.frame.length = len(frame)
        shared.fill(command.frame.octets, frame)
        self._push(command)

    def span_status(self, span: int) -> SpanStatus:
        """Read a span's alarms, counters, buffer depth and clock."""
        _check(span, 0, SPANS - 1, "span")
        return span_status(self._segment, span)

    def set_bits(self, port: int, abcd: int) -> None:
        """Send bits ABCD (A is 8) of a timeslot of a span with CAS until others are set; its port may be closed."""
        check_bits(abcd, "abcd")
        command = self._segment.command(CommandKind.SET_BITS, _bearer(port))
        command.bits = abcd
        self._push(command)

    def tell_framer(self, span: int, alarms: Alarm, bits: Mapping[int, int]) -> None:
        """What a framer beside the span's card says now: alarms without RED, and ABCD that came, by timeslot.

        It stands until the framer says otherwise; bits of other timeslots stay as they came.
        """
        _check(span, 0, SPANS - 1, "span")
        command = self._segment.command(CommandKind.TELL_FRAMER, span)
        command.framer.alarms = alarms & ~Alarm.RED
        shared.fill(command.framer.bits, bytes(bits.get(slot, NO_BITS) for slot in range(TIMESLOTS_PER_SPAN)))
        self._push(command)

    def bits_status(self, port: int) -> BitsStatus | None:
        """Read a timeslot's bits; None where the span is closed or has no CAS, and for timeslot 16 of an E1."""
        return bits_status(self._segment, _bearer(port))

    def sent_bits(self, span: int) -> dict[int, int]:
        """Read ABCD that a span sends, by timeslot; none where it is closed or has no CAS."""
        _check(span, 0, SPANS - 1, "span")
        statuses = ((slot, self.bits_status(Timeslot(span, slot).port)) for slot in range(1, TIMESLOTS_PER_SPAN))
        return {slot: status.sent for slot, status in statuses if status is not None}

    # Ports.

    def open_timeslot(self, port: int) -> None:
        """Open a timeslot of an open span: idle (0xD5 of an E1, 0xFF of a T1) goes out, the DTMF detector listens."""
        _check(port, 0, RTP_FIRST - 1, "timeslot port")
        self._push(self._segment.command(CommandKind.OPEN_TIMESLOT, port))

    def open_rtp(
        self,
        port: int,
        remote: tuple[str, int] | None,
        codec: Codec = Codec.PCMA,
        packet_ms: int = 20,
        event_type: int | None = None,
        sent_event_type: int | None = None,
        *,
        payload_type: int | None = None,
        noise: ComfortNoise | None = None,
    ) -> None:
        """Bind the port's UDP pair; packets go out as soon as a remote is known. An open one begins anew.

        `payload_type`: the codec's in descriptions; None: its static one. `event_type`: payload type of telephone
        events (RFC 4733) at the codec's clock, 96 to 127; None where the peer has none: digits then come and go in the
        sound. `sent_event_type`: under which the peer wants to be sent them, where it has named another; it is heard
        under both. `noise`: of a peer that describes its silence.
        """
        _check(port, RTP_FIRST, NULL_FIRST - 1, "RTP port")
        if packet_ms not in PACKETS_MS or (codec is Codec.OPUS and packet_ms == PACKETS_MS[0]):
            raise ValueError(f"packet_ms={packet_ms}: 5, 10 or 20, and 10 or 20 of Opus")
        if event_type is not None:
            _check(event_type, DYNAMIC[0], DYNAMIC[-1], "event_type")
        if sent_event_type is not None:
            _check(sent_event_type, DYNAMIC[0], DYNAMIC[-1], "sent_event_type")
            if event_type is None:
                raise ValueError(f"sent_event_type={sent_event_type}: event_type is None, no telephone events then")
        command = self._segment.command(CommandKind.OPEN_RTP, port)
        command.rtp.packet_ms = packet_ms
        command.rtp.codec = codec
        command.rtp.payload_type = _payload_type(codec, payload_type, event_type)
        command.rtp.event_type = event_type or 0
        command.rtp.sent_event_type = sent_event_type or event_type or 0
        if noise is not None:
            taken = {event_type, sent_event_type, command.rtp.payload_type}
            command.rtp.noise_type = _noise_type(codec, noise.payload_type, taken)
            command.rtp.suppress = noise.sent
        _put_remote(command, remote)
        self._push(command)

    def secure(self, port: int, send: MasterKey, receive: MasterKey) -> None:
        """Send and believe SRTP alone from now on. Both keys are of one suite, without MKI.

        Keys given again go on; others begin anew, and for a second what still comes under those of before is believed.
        """
        _check(port, RTP_FIRST, NULL_FIRST - 1, "RTP port")
        if send.suite is not receive.suite or send.mki or receive.mki:
            raise ValueError(f"port={port}: keys of one suite without MKI are wanted")
        command = self._command(CommandKind.SECURE, port)
        command.secure.suite = send.suite
        shared.fill(command.secure.tx, send.key + send.salt)
        shared.fill(command.secure.rx, receive.key + receive.salt)
        self._push(command)

    def tell_digit(self, port: int, digit: str, duration_ms: int = 0) -> None:
        """Take a digit that the port's peer has told by SIP INFO; 0 ms: it told no length."""
        if len(_digits(digit, 1, "digit")) != 1:
            raise ValueError("digit: none")
        _check(duration_ms, 0, 65535, "duration_ms")
        command = self._command(CommandKind.TELL_DIGIT, port)
        command.info.digit = digit.upper().encode()
        command.info.duration_ms = duration_ms
        self._push(command)

    def set_rtp_remote(self, port: int, remote: tuple[str, int], packet_ms: int | None = None) -> None:
        """Send to `remote` from now on, until the first valid packet shows where the peer really is.

        `packet_ms`: of the packets that begin from now on; None: as before. The stream goes on without a gap.
        """
        _check(port, RTP_FIRST, NULL_FIRST - 1, "RTP port")
        if packet_ms is not None and packet_ms not in PACKETS_MS:
            raise ValueError(f"packet_ms={packet_ms}: 5, 10 or 20")
        command = self._segment.command(CommandKind.SET_RTP_REMOTE, port)
        command.rtp.packet_ms = packet_ms or 0
        _put_remote(command, remote)
        self._push(command)

    def close_port(self, port: int) -> None:
        """Close a port; its recordings, play, collect and connection end at this tick."""
        self._push(self._command(CommandKind.CLOSE_PORT, port))

    def connect(self, a: int, b: int) -> None:
        """Join two ports both ways, octet for octet; plays and tones on both stop, earlier connections end."""
        command = self._command(CommandKind.CONNECT, a)
        _check(b, 0, PORTS - 1, "port")
        if a == b:
            raise ValueError(f"port={a}: not with itself")
        command.peer = b
        self._push(command)

    def disconnect(self, port: int) -> None:
        """End the port's connection or listening; connected ports both go idle."""
        self._push(self._command(CommandKind.DISCONNECT, port))

    def open_null(self, port: int) -> None:
        """Open a port without a line: others hear from it what it plays."""
        _check(port, NULL_FIRST, PORTS - 1, "null port")
        self._push(self._command(CommandKind.OPEN_NULL, port))

    def listen(self, port: int, to: int) -> None:
        """Let a port hear what another one receives, one way. Ends with the other port. Itself: a loopback."""
        command = self._command(CommandKind.LISTEN, port)
        _check(to, 0, PORTS - 1, "port")
        command.peer = to
        self._push(command)

    def mute(self, port: int, *, muted: bool) -> None:
        """Let everybody else hear silence from the port, its recording too; digits are still heard."""
        command = self._command(CommandKind.MUTE, port)
        command.muted = muted
        self._push(command)

    def set_profile(self, port: int, profile: Profile, echo_tail_ms: int = 0) -> None:
        """Say what the port carries. `echo_tail_ms`: cancel a timeslot's echo of that length, 16 to 128; 0: do not.

        A canceller of the same tail keeps what it has learned of the line.
        """
        command = self._command(CommandKind.SET_PROFILE, port)
        if echo_tail_ms:
            _check(echo_tail_ms, 16, 128, "echo_tail_ms")
            _check(port, 0, RTP_FIRST - 1, "timeslot port")
        command.profile.profile, command.profile.echo_tail_ms = profile, echo_tail_ms
        self._push(command)

    def set_gain(self, port: int, rx_db: float, tx_db: float, *, automatic: bool = False) -> None:
        """Gain and loss plan: of what the port receives and of what it transmits, −24 to +12 dB by tenths.

        `automatic`: besides, bring what is received to the level of a usual talker (not on a port of data).
        """
        command = self._command(CommandKind.SET_GAIN, port)
        for name, gain_db in (("rx", rx_db), ("tx", tx_db)):
            if not -24 <= gain_db <= 12:
                raise ValueError(f"{name}_db={gain_db}: -24 to 12")
            setattr(command.gain, name, round(10 * gain_db))
        command.gain.automatic = automatic
        self._push(command)

    def set_dtmf(self, port: int, administration: str, non_operate_dbm0: float | None = None) -> None:
        """Hear digits in the port's sound by an administration's limits: dsp.dtmf.limits, whose ValueError it raises.

        The level is that of the line, before any gain.
        """
        command = self._command(CommandKind.SET_DTMF, port)
        for name, value in limits(administration, non_operate_dbm0).items():
            setattr(command.dtmf, name, value)
        self._push(command)

    def whisper(self, port: int, whisperer: int | None) -> None:
        """Let the port's party hear another port over all else; nobody else does. None: no more.

        A null port has no party.
        """
        command = self._command(CommandKind.WHISPER, port)
        if whisperer is not None:
            _check(whisperer, 0, PORTS - 1, "port")
        command.peer = NOBODY if whisperer is None else whisperer
        self._push(command)

    def join(self, port: int, conference: int, *, speaks: bool = True, hears: bool = True) -> None:
        """Make the port a party of a conference, or change what it may do there.

        One that hears leaves its bridge, and its play stops; one that only speaks, a prompt on a null port, goes on.
        """
        command = self._command(CommandKind.JOIN, port)
        _check(conference, 0, CONFERENCES - 1, "conference")
        if not speaks and not hears:
            raise ValueError(f"port={port}: neither speaks nor hears")
        command.join.conference, command.join.speaks, command.join.hears = conference, speaks, hears
        self._push(command)

    def leave(self, port: int) -> None:
        """Take the port out of its conference."""
        self._push(self._command(CommandKind.LEAVE, port))

    def play(
        self, port: int, play_id: int, sounds: Sequence[Sound], repeat: int = 1, *, stop_on_digit: bool = False
    ) -> None:
        """Play 1 to 32 sounds in a row, `repeat` times (0: for ever). Ends in one PlayEnded.

        With stop_on_digit the first digit ends it, also a digit that waits as type-ahead.
        """
        _check(len(sounds), 1, SOUNDS_MAX, "sounds")
        _check(repeat, 0, 2**32 - 1, "repeat")
        command = self._command(CommandKind.PLAY, port, play_id)
        command.play.count = len(sounds)
        command.play.repeat = repeat
        command.play.stop_on_digit = stop_on_digit
        for place, sound in zip(command.play.sounds, sounds, strict=False):
            place.offset, place.octets = sound.offset, sound.octets
        self._push(command)

    def stop(self, port: int) -> None:
        """Stop play, tone, digits and collect."""
        self._push(self._command(CommandKind.STOP, port))

    def tone(self, port: int, kind: ToneKind, zone: str = "cn") -> None:
        """Give a call progress tone until stop, connect, close or play."""
        command = self._command(CommandKind.TONE, port)
        command.tone.kind = kind
        command.tone.zone = shared.tone_zone(zone)
        self._push(command)

    def collect(
        self,
        port: int,
        collect_id: int,
        max_digits: int,
        first_digit_ms: int,
        inter_digit_ms: int,
        terminators: str = "#",
        *,
        clear_type_ahead: bool = False,
    ) -> None:
        """Gather digits, those dialled ahead first. Ends in one DigitsCollected.

        The wait for the first digit begins when a play on the port has ended. Clearing type-ahead together with a
        stop_on_digit play: collect first, then play.
        """
        _check(max_digits, 1, DIGITS_MAX, "max_digits")
        _check(first_digit_ms, 1, 3_600_000, "first_digit_ms")
        _check(inter_digit_ms, 1, 3_600_000, "inter_digit_ms")
        command = self._command(CommandKind.COLLECT, port, collect_id)
        command.collect.max_digits = max_digits
        command.collect.first_digit_ms = first_digit_ms
        command.collect.inter_digit_ms = inter_digit_ms
        command.collect.clear_type_ahead = clear_type_ahead
        shared.fill(command.collect.terminators, _digits(terminators, 15, "terminators"))
        self._push(command)

    def send_digits(
        self, port: int, send_id: int, digits: str, on_ms: int = 80, off_ms: int = 80, level_dbm0: float = -8.0
    ) -> None:
        """Send digits, in the sound or, where the port has telephone events, as those. Ends in DigitsSent.

        `level_dbm0`: of the louder (high) tone, the low one is 2 dB below.
        """
        self._send(port, send_id, _digits(digits, DIGITS_MAX, "digits"), on_ms, off_ms, level_dbm0, mf=False)

    def send_mf(
        self, port: int, send_id: int, signals: str, on_ms: int = 68, off_ms: int = 68, level_dbm0: float = -7.0
    ) -> None:
        """Send MF (Q.322) to a register on a timeslot: 0-9, * for KP, # A B C for ST. Ends in DigitsSent.

        `level_dbm0`: of each tone. KP lasts 32 ms longer.
        """
        _check(port, 0, RTP_FIRST - 1, "timeslot port")
        if len(signals) > DIGITS_MAX or not set(signals) <= set(MF_SIGNALS):
            raise ValueError(f"signals={signals!r}: up to {DIGITS_MAX} of {MF_SIGNALS}")
        self._send(port, send_id, signals.encode(), on_ms, off_ms, level_dbm0, mf=True)

    def _send(
        self, port: int, send_id: int, digits: bytes, on_ms: int, off_ms: int, level_dbm0: float, *, mf: bool
    ) -> None:
        if not digits:
            raise ValueError("digits: none")
        _check(on_ms, 20, 5000, "on_ms")
        _check(off_ms, 20, 5000, "off_ms")
        if not -50 <= level_dbm0 <= 0:
            raise ValueError(f"level_dbm0={level_dbm0}: -50 to 0")
        command = self._command(CommandKind.SEND_DIGITS, port, send_id)
        shared.fill(command.digits.digits, digits)
        command.digits.mf = mf
        command.digits.on_ms, command.digits.off_ms = on_ms, off_ms
        command.digits.level_dbm0 = level_dbm0
        self._push(command)

    def hear_signals(
        self,
        port: int,
        kinds: Collection[SignalKind],
        zone: str = "cn",
        caller: CallerStandard | None = None,
        *,
        sound: bool = False,
        echo: bool = False,
        gated: bool = False,
    ) -> None:
        """Let a timeslot hear these besides what its profile hears, told to this client by SignalHeard; none: no more.

        It begins anew: a signal that stands is told again. Until none of R2 or MF is heard nor sent, the port's echo is
        not cancelled and its DTMF not heard. `zone`: of PROGRESS. `caller`: caller ID of this kind is heard, told by
        CallerHeard. `sound`: all of it is, both ways, by SoundHeard; with `echo` what came before the canceller too,
        `gated` only while something louder than −46 dBm0 comes, and half a second after it.
        """
        _check(port, 0, RTP_FIRST - 1, "timeslot port")
        command = self._command(CommandKind.HEAR_SIGNALS, port)
        command.hear.kinds = sum(1 << kind for kind in set(kinds))
        command.hear.zone = shared.tone_zone(zone)
        command.hear.caller = 0 if caller is None else 1 + caller
        command.hear.sound = (2 + echo) * sound
        command.hear.gated = gated
        self._push(command)

    def send_signal(self, port: int, kind: SignalKind, signal: int | str) -> None:
        """Hold a register signal on a timeslot from the next tick on, over all else; 0: silence.

        R2: 1 to 15. MF: one of 0-9 * # A B C, for a minute at most.
        """
        _check(port, 0, RTP_FIRST - 1, "timeslot port")
        command = self._command(CommandKind.SEND_SIGNAL, port)
        command.signal.kind = kind
        command.signal.signal = _signal(kind, signal)
        self._push(command)

    def test(self, port: int, pattern: Pattern) -> None:
        """Send a test pattern on a clear timeslot and look for it in what comes, until stop, connect, close or play."""
        _check(port, 0, RTP_FIRST - 1, "timeslot port")
        command = self._command(CommandKind.TEST, port)
        command.test.pattern = pattern
        self._push(command)

    def insert_errors(self, port: int, errors: int) -> None:
        """Turn over so many bits of the pattern that is sent, one an octet."""
        _check(errors, 1, 1_000_000, "errors")
        command = self._command(CommandKind.INSERT_ERRORS, port)
        command.errors = errors
        self._push(command)

    def test_status(self, port: int) -> PatternStatus | None:
        """Read what a test has counted; None where there is none."""
        _check(port, 0, RTP_FIRST - 1, "timeslot port")
        return test_status(self._segment, port)

    def record(self, recording_id: int, left: int, right: int, from_sample: int) -> None:
        """Tap what is received on two ports from a sample on (or now, if that has passed), until stopped or closed."""
        command = self._command(CommandKind.RECORD, left, recording_id)
        _check(right, 0, PORTS - 1, "port")
        command.record.right = right
        command.record.from_sample = from_sample
        self._push(command)

    def stop_recording(self, recording_id: int) -> None:
        """End a recording. Ends in RecordingEnded, and TapEnd in the tap ring."""
        self._push(self._command(CommandKind.STOP_RECORDING, 0, recording_id))

    def port_status(self, port: int) -> PortStatus:
        """Read a port's levels and counters."""
        _check(port, 0, PORTS - 1, "port")
        return port_status(self._segment, port)

    def conference_status(self, conference: int) -> ConferenceStatus:
        """Read a conference's parties and its dominant speaker."""
        _check(conference, 0, CONFERENCES - 1, "conference")
        return conference_status(self._segment, conference)

    def status(self) -> EngineStatus:
        """Read the engine's own health."""
        return engine_status(self._segment)

    def _command(self, kind: CommandKind, port: int, id: int = 0) -> Any:  # noqa: A002 - the field's name
        _check(port, 0, PORTS - 1, "port")
        _check(id, 0, 2**64 - 1, "id")
        return self._segment.command(kind, port, id)

    def _push(self, command: Any) -> None:
        if not self._segment.push(self.client, command):
            raise EngineBusyError(f"client={self.client.name.lower()}: command ring full")

    def _clear_event_fd(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.event_fd)


def inherited_fds(text: str) -> dict[str, int]:
    """File descriptors named in BRANCHLINE_FDS.

    Raises:
        ValueError: an entry is not name=number.
    """
    return {name: int(fd) for name, _, fd in (entry.partition("=") for entry in text.split(",") if entry)}


def _set_once(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _check(value: int, low: int, high: int, name: str) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name}={value}: {low} to {high}")


def _bearer(port: int) -> int:
    _check(port, 0, RTP_FIRST - 1, "timeslot port")
    if port % TIMESLOTS_PER_SPAN == 0:
        raise ValueError(f"port={port}: timeslot 0 has no bits of its own")
    return port


def _signal(kind: SignalKind, signal: int | str) -> int:
    if kind in (SignalKind.PROGRESS, SignalKind.DTMF, SignalKind.VOICE):
        raise ValueError(f"kind={kind.name}: cannot be held; tones are sent by `tone`, digits by `send_digits`")
    if signal == 0:
        return 0
    if kind is SignalKind.MF:
        if not isinstance(signal, str) or len(signal) != 1 or signal not in MF_SIGNALS:
            raise ValueError(f"signal={signal!r}: one of {MF_SIGNALS}, or 0 for silence")
        return ord(signal)
    if not isinstance(signal, int) or not 1 <= signal <= R2_SIGNALS:
        raise ValueError(f"signal={signal!r}: 1 to {R2_SIGNALS}, or 0 for silence")
    return signal


def _payload_type(codec: Codec, told: int | None, events: int | None) -> int:
    static = PAYLOAD_TYPES.get(codec)
    number = static if told is None else told
    if number is None or (number != static and number not in DYNAMIC) or number == events:
        valid = "96 to 127" if static is None else f"{static}, or 96 to 127"
        raise ValueError(f"payload_type={number} event_type={events}: of {codec.name} {valid}, and of events another")
    return number


def _noise_type(codec: Codec, told: int, taken: set[int | None]) -> int:
    if codec is Codec.OPUS or told in taken or (told != ComfortNoise().payload_type and told not in DYNAMIC):
        raise ValueError(f"noise: payload_type={told}: 13, or 96 to 127 that nothing else has, and none beside Opus")
    return told


def _digits(digits: str, most: int, name: str) -> bytes:
    if len(digits) > most or set(digits.upper()) - set("0123456789ABCD*#"):
        raise ValueError(f"{name}={digits!r}: at most {most} of 0-9 A-D * #")
    return digits.upper().encode()


def _put_remote(command: Any, remote: tuple[str, int] | None) -> None:
    if remote is not None:
        _check(remote[1], 1, 65535, "UDP port")
        command.rtp.remote.ip, command.rtp.remote.port = shared.ipv4(remote[0]), remote[1]
