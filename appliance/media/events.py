# SPDX-License-Identifier: GPL-2.0-only
"""What the media engine tells its clients, and what it shows of a port.

Samples are counts of the engine's 8 kHz clock; `port` is a port number: span*32+timeslot, 256+n for RTP, or 512+n for
null ports, which have no line.
"""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from drivers.model import Alarm
from dsp.prbs import PatternCounters


class Client(enum.IntEnum):
    """Who speaks with the engine; the value is the slot of its two rings."""

    LINE1 = 0
    LINE2 = 1
    LINE3 = 2
    LINE4 = 3
    LINE5 = 4
    LINE6 = 5
    LINE7 = 6
    LINE8 = 7
    SIP = 8
    CALL = 9
    IVR = 10
    RECORDER = 11
    MONITOR = 12


class ToneKind(enum.IntEnum):
    """Call progress tones (E.180)."""

    DIAL = 0
    RINGBACK = 1
    BUSY = 2
    CONGESTION = 3
    UNOBTAINABLE = 4
    WAITING = 5
    INFORMATION = 6
    """Three rising tones before an announcement (SIT)."""


class Profile(enum.IntEnum):
    """What a port carries, and so what may be done to its sound."""

    CLEAR = 0
    """Octet for octet: data (RFC 4040), a tandem."""
    VOICE = 1
    VBD = 2
    """Voice-band data (V.152): modem, fax over G.711. Echo is cancelled, without the non-linear processor."""
    T38 = 3


class Codec(enum.IntEnum):
    """Codecs of an RTP port; the name is that of descriptions (RFC 3551 §6, RFC 7587) with _ for -."""

    PCMA = 0
    PCMU = 1
    G722 = 2
    G726_16 = 3
    G726_24 = 4
    G726_32 = 5
    G726_40 = 6
    OPUS = 7


class ComfortNoise(msgspec.Struct, frozen=True):
    """RFC 3389: silence that is described. Opus has it not."""

    payload_type: int = 13
    """13, or 96 to 127 that nothing else has."""
    sent: bool = False
    """Ours is described too, not sent as sound; else the peer's alone is heard."""


class CommandKind(enum.IntEnum):
    """Names of the commands, as CommandRefused gives them back."""

    OPEN_SPAN = 1
    CLOSE_SPAN = 2
    SEND_FRAME = 3
    OPEN_TIMESLOT = 4
    OPEN_RTP = 5
    SET_RTP_REMOTE = 6
    CLOSE_PORT = 7
    CONNECT = 8
    DISCONNECT = 9
    PLAY = 10
    STOP = 11
    TONE = 12
    COLLECT = 13
    SEND_DIGITS = 14
    RECORD = 15
    STOP_RECORDING = 16
    OPEN_NULL = 17
    LISTEN = 18
    MUTE = 19
    WHISPER = 20
    JOIN = 21
    LEAVE = 22
    SET_PROFILE = 23
    SET_GAIN = 24
    SECURE = 25
    TELL_DIGIT = 26
    SET_BITS = 27
    HEAR_SIGNALS = 28
    SEND_SIGNAL = 29
    TEST = 30
    INSERT_ERRORS = 31
    TELL_FRAMER = 32
    SET_DTMF = 33


class SignalKind(enum.IntEnum):
    """What a register hears; what it holds are MF and R2's."""

    MF = 0
    """Bell MF, of R1 (Q.320): 0-9, * for KP, # for ST, A B C for the other ST."""
    R2_FORWARD = 1
    """MFC-R2 (Q.441): 1 to 15."""
    R2_BACKWARD = 2
    PROGRESS = 3
    """Call progress tones of a zone: ToneKind."""
    DTMF = 6
    """0-9, A-D, * and #, told as they begin; DigitDetected is not."""
    VOICE = 7
    """Somebody speaks, or (not on) nobody; told as it stands first."""


class CallerStandard(enum.IntEnum):
    """Modem and framing of caller ID by FSK (dsp/include/caller_id.h)."""

    BELL202 = 0
    """GR-30."""
    V23 = 1
    """EN 300 659-1."""
    V23_JP = 2
    """NTT's."""


class Sound(msgspec.Struct, frozen=True):
    """A-law sound in the arena: where it begins and how many octets (125 µs each) it has."""

    offset: int
    octets: int


class SpanAlarmChanged(msgspec.Struct, frozen=True, tag=True):
    """The set of alarms of a span is now this one. To LINE."""

    span: int
    alarms: Alarm
    sample: int


class FrameReceived(msgspec.Struct, frozen=True, tag=True):
    """A good frame came on the D-channel; without flags and FCS. To LINE."""

    span: int
    frame: bytes


class BitsChanged(msgspec.Struct, frozen=True, tag=True):
    """Bits ABCD (A is 8) of a timeslot stand so since `sample`. To LINE, whether the port is open or not.

    First as they are when the span opens, and again after RED or AIS. At most every 10 ms a timeslot; a change that is
    over before it is told is not told.
    """

    port: int
    abcd: int
    sample: int


class PlayEnded(msgspec.Struct, frozen=True, tag=True):
    """A play is over. To its issuer; exactly one for every play that was not refused."""

    port: int
    play_id: int
    reason: Literal["finished", "digit", "stopped", "closed"]
    """stopped: by stop, tone, connect, digits or another play; closed: the port closed."""
    played_octets: int


class DigitsCollected(msgspec.Struct, frozen=True, tag=True):
    """A collect is over. To its issuer; exactly one for every collect that was not refused."""

    port: int
    collect_id: int
    digits: str
    reason: Literal["full", "terminator", "timeout", "closed"]
    """closed: by stop, by another collect, or because the port closed; the digits so far are given."""
    terminator: str
    """The terminator that was dialled, else empty; it is not in `digits`."""


class DigitsSent(msgspec.Struct, frozen=True, tag=True):
    """The last digit and the pause after it are on the line, or something took their place. To the issuer."""

    port: int
    send_id: int


class DigitDetected(msgspec.Struct, frozen=True, tag=True):
    """A digit was dialled, by tones, telephone events or SIP INFO; told once, however many ways it came.

    To the client of the port's last collect, else to CALL.
    """

    port: int
    digit: str
    sample: int


class RecordingEnded(msgspec.Struct, frozen=True, tag=True):
    """A recording is over. To its issuer."""

    recording_id: int
    samples: int
    """Samples from its first to its last block."""
    lost: int
    """Samples of it that found no room in the tap ring."""
    sample: int
    """The engine's sample at which it ended."""


class RtpTimedOut(msgspec.Struct, frozen=True, tag=True):
    """No RTP packet came for 10 s on a port that has a remote. To SIP, once per silence."""

    port: int


class AnswerTone(enum.IntEnum):
    """Fax and modem tones of one frequency."""

    CNG = 1
    """1100 Hz: a fax machine calls (T.30)."""
    ANS = 2
    """2100 Hz (V.25, CED of T.30)."""
    ANS_PR = 3
    """With phase reversals: no echo canceller wanted (G.168 §7)."""
    ANSAM = 4
    """With the amplitude modulation of V.8."""
    ANSAM_PR = 5


class ToneHeard(msgspec.Struct, frozen=True, tag=True):
    """A fax or modem tone has begun or ended. To CALL."""

    port: int
    tone: AnswerTone
    on: bool


class FaxHeard(msgspec.Struct, frozen=True, tag=True):
    """The preamble of fax signalling (V.21) was heard: T.38 is asked for; until then it is data. To CALL."""

    port: int


class ProfileChanged(msgspec.Struct, frozen=True, tag=True):
    """A tone has made the port one of voice-band data; a bridged port changes with it. To CALL.

    Two seconds of silence both ways make it a voice again.
    """

    port: int
    profile: Profile


class SignalHeard(msgspec.Struct, frozen=True, tag=True):
    """A register signal or call progress tone began (on) or ended at `sample`. To the client that hears there."""

    port: int
    kind: SignalKind
    code: int
    """By its kind: the number of an R2 signal, the character of an MF one, ToneKind."""
    on: bool
    sample: int


class CallerHeard(msgspec.Struct, frozen=True, tag=True):
    """A message of caller ID came, or one that cannot be read. To the client that hears there."""

    port: int
    standard: CallerStandard
    octets: bytes
    """From message type to checksum, for dsp.caller_id.decode; empty: it could not be read."""


class SoundHeard(msgspec.Struct, frozen=True, tag=True):
    """15 ms of a timeslot from `sample` on, A-law: what came, before any gain, and what was sent (5 ms before).

    10 ms where it is heard with its echo too. To the client that hears there; left out where its ring is half full.
    """

    port: int
    heard: bytes
    sent: bytes
    sample: int
    echoed: bytes = b""
    """What came, with the echo of what was sent; empty where nobody asked for it."""


class CommandRefused(msgspec.Struct, frozen=True, tag=True):
    """A command could not be obeyed; it changed nothing. To its issuer."""

    kind: CommandKind
    port: int
    """Port, or span for commands on spans."""
    id: int
    """play_id, collect_id, send_id or recording_id of the command, else 0."""
    error: str
    """The errno's name: EINVAL a value out of range, ENOTCONN the port is closed, EADDRINUSE, …"""


EngineEvent = (
    SpanAlarmChanged
    | FrameReceived
    | BitsChanged
    | SignalHeard
    | CallerHeard
    | SoundHeard
    | PlayEnded
    | DigitsCollected
    | DigitsSent
    | DigitDetected
    | RecordingEnded
    | RtpTimedOut
    | ToneHeard
    | FaxHeard
    | ProfileChanged
    | CommandRefused
)


class TapBegin(msgspec.Struct, frozen=True):
    """The first block of this recording follows, at this sample."""

    recording_id: int
    from_sample: int


class TapSound(msgspec.Struct, frozen=True):
    """Consecutive blocks of one recording, joined; A-law, `left` and `right` of one length."""

    recording_id: int
    sample: int
    """Sample of the first octet; a gap to the end of the sound before is what the engine lost."""
    left: bytes
    right: bytes


class TapEnd(msgspec.Struct, frozen=True):
    """The recording is over; nothing of it follows."""

    recording_id: int
    samples: int


Tap = TapBegin | TapSound | TapEnd


class RtpCounters(msgspec.Struct, frozen=True):
    """RTP of one port since it was opened. Packets unless named otherwise."""

    received: int = 0
    sent: int = 0
    send_errors: int = 0
    lost: int = 0
    """RFC 3550 §6.4.1: expected less received; late packets count as received."""
    late: int = 0
    """Came after their turn: not heard."""
    duplicates: int = 0
    bad: int = 0
    """Damaged, not RTP version 2, or of a length that is no sound."""
    stray: int = 0
    """From another source or SSRC than the one held."""
    other_payload: int = 0
    """A payload type that the port does not have: ignored."""
    rtcp: int = 0
    """RTCP packets of the peer."""
    silence_samples: int = 0
    """Samples of silence put in where sound was missing."""
    resyncs: int = 0
    """Times the jitter buffer was laid out anew after a pause or another SSRC."""
    concealed_samples: int = 0
    """Samples of them that were concealed."""
    events: int = 0
    """Packets of telephone events."""
    forged: int = 0
    """What SRTP did not believe: not encrypted, forged, replayed."""


class EchoStatus(msgspec.Struct, frozen=True):
    """A line echo canceller as it stands now."""

    erl_db: float
    """Echo return loss of the line (G.168), 60 at most."""
    erle_db: float
    """What the canceller takes away besides, without the non-linear processor."""
    double_talk: bool
    disabled: bool
    """By an answer tone with phase reversals or V.8's modulation, until both ways are quiet for 250 ms (G.168 §7)."""


class PortStatus(msgspec.Struct, frozen=True):
    """A port as it stands now."""

    port: int
    kind: Literal["closed", "timeslot", "rtp", "null"]
    source: Literal["idle", "bridge", "play", "tone", "digits", "listen", "conference", "test"]
    """What it transmits."""
    muted: bool
    speaks: bool
    """Voice activity in what is received."""
    profile: Profile
    peer: int | None
    """Port it is connected with or listens to."""
    rx_dbm0: float
    """RMS level of the last second, −100 for digital silence."""
    tx_dbm0: float
    noise_dbm0: float
    """Noise floor of what is received, −100 for digital silence."""
    clipped: int
    """Samples of the last second received at the limit of the code."""
    echo: EchoStatus | None
    """Of a timeslot with a canceller; None while a register works there."""
    remote: tuple[str, int] | None
    codec: Codec | None
    """Of an RTP port."""
    jitter_ms: float
    """RFC 3550 interarrival jitter."""
    delay_ms: float
    """Time a packet waits in the jitter buffer."""
    secure: bool
    """SRTP, and nothing else."""
    loss_percent: float
    """Packets lost or too late, since the port was opened."""
    round_trip_ms: float | None
    """By RTCP; None: the peer sends none."""
    mos_lq: float
    mos_cq: float
    """E-model (G.107) of what is received: listening, and with the delay of a conversation. 0 on a port without RTP."""
    rtp: RtpCounters
    hears: tuple[SignalKind, ...] = ()
    """Signals that a register listens for; while it does, no echo is cancelled, but for PROGRESS."""
    sends: tuple[SignalKind, int] | None = None
    """Register signal that is held: its kind and code."""


class BitsStatus(msgspec.Struct, frozen=True):
    """Bits ABCD (A is 8) of a timeslot, both ways."""

    sent: int
    received: int | None
    """None: none have come yet."""


class PatternStatus(msgspec.Struct, frozen=True):
    """A bit error test of a timeslot, as it stands now."""

    synced: bool
    """The pattern comes back."""
    counters: PatternCounters


class ConferenceStatus(msgspec.Struct, frozen=True):
    """A conference as it stands now."""

    parties: int
    dominant: int | None
    """Port of who speaks loudest, or did last."""


class EngineStatus(msgspec.Struct, frozen=True):
    """The engine's own health, from the header of the segment."""

    pid: int
    generation: int
    samples: int
    ticks: int
    late_ticks: int
    """Ticks that began more than 10 ms after their time."""
    worst_lateness_us: int
    lateness_histogram: tuple[int, ...]
    """Ticks whose lateness was < 1, 2, 4, 8 … µs; the last takes the rest."""
    reference_late_ticks: int
    """The same of an idle thread with the same period and policy: the machine's own share."""
    late_alone_ticks: int
    """Late ticks while that thread was in time: the engine's own share."""
    reference_worst_us: int
    reference_histogram: tuple[int, ...]
    skipped_ticks: int
    """Ticks that were never run because the engine was dead or stopped for longer than 200 ms."""
    cpu_ns: int
    """Processor time of the media thread since it began."""
    stage_ns: dict[str, int]
    """Where that time went, by stage of the tick (elapsed time)."""
    policy: Literal["other", "fifo"]
    repaired: int
    """Entries of the table that had to be closed when the engine came back."""
    orphans: int
    """Ports closed, and bits laid to rest, because the client that opened or set them was dead."""
    clock_ppm: float
    taps_dropped: int
