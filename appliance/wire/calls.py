# SPDX-License-Identifier: GPL-2.0-only
"""Call events: what a branch tells of a contact, in order, for the record. Each is stored before it is sent.

Times are in the envelope (`at_ns` UTC of the origin, `mono_ns` its monotonic clock); samples are the engine's clock.
"""

import msgspec

from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.message import Message
from appliance.wire.routes import Action, Tandem


class ContactBegan(Message, frozen=True):
    """A caller reached the box, on `trunk` where he came by one; or another contact, of the channel `kind`.

    Or the box tries a `callback`: then `dnis` is the customer's number, `trunk` the way out, and `leg`, which begins
    when it is dialled, his; `origin` is the contact that asked for it, if one did.
    """

    contact: str
    leg: str
    channel: str
    dnis: str
    clid: str | None = None
    ani: str | None = None
    trunk: str | None = None
    callback: str = ""
    origin: str = ""
    kind: str = "voice"


class RouteDecided(Message, frozen=True):
    """One decision: by whom (`headquarters` or `branch`), how long it took, and why; in which queues it waits then.

    `callback`: the caller is called back instead, and that waits in the queues. `origin`: the contact whose second call
    this is, by a translation route.
    """

    contact: str
    by: str
    latency_ms: float
    action: Action | Tandem
    reason: str
    outcome: str = "offered"
    call_type: str = ""
    script: str = ""
    version: str = ""
    path: tuple[str, ...] = ()
    values: dict[str, str] = msgspec.field(default_factory=dict)
    queues: tuple[str, ...] = ()
    callback: str = ""
    origin: str = ""


class DigitsEntered(Message, frozen=True):
    """Caller-entered digits (CED); a star for each where they are secret."""

    contact: str
    ced: str


class LegBegan(Message, frozen=True):
    """Another leg of the contact was placed, on `trunk` where it is no agent's; or offered to an agent's desktop.

    Of another `kind` than voice a leg's samples count 8,000 a second since the contact began.
    """

    contact: str
    leg: str
    direction: Direction
    channel: str
    to: str
    agent: str | None = None
    token: str | None = None
    trunk: str | None = None
    kind: str = "voice"

    @property
    def taken_by(self) -> str | None:
        """The agent, or an agent's channel (`1001/chat`), as the record has them."""
        return f"{self.agent}/{self.kind}" if self.agent and self.kind != "voice" else self.agent


class LegConnected(Message, frozen=True):
    """The leg's party answered."""

    contact: str
    leg: str
    sample: int


class LegEnded(Message, frozen=True):
    """The leg is over."""

    contact: str
    leg: str
    cause: int
    by: ReleasedBy
    sample: int


class TalkBegan(Message, frozen=True):
    """Caller and agent are joined; `recording` where it is recorded. `consult`: two agents, caller held."""

    contact: str
    leg: str
    sample: int
    recording: str | None = None
    consult: bool = False


class TalkEnded(Message, frozen=True):
    """First release of either side, in engine samples: the talk's end. `samples` is its length."""

    contact: str
    sample: int
    samples: int
    consult: bool = False


class TransferBegan(Message, frozen=True):
    """The agent `by`, on `leg`, hands the caller, who is held, on to a number; `blind`: without a word to anybody."""

    contact: str
    by: str
    leg: str
    to: str
    blind: bool = False


class TransferEnded(Message, frozen=True):
    """`outcome`: completed (the agent is out), reconnected (the talk goes on), or abandoned (the caller let go).

    `agent`: who had answered the consultation; `reason` a sentence.
    """

    contact: str
    by: str
    to: str
    outcome: str
    reason: str = ""
    agent: str | None = None


class ContactEnded(Message, frozen=True):
    """The contact is over, its record complete but for the recording's sealing.

    `cause` is the caller's leg's; `by` is caller, agent, called (of a tandem call, or a customer who was called back
    and did not answer), us (the router or the branch), or fault.
    """

    contact: str
    cause: int
    by: str


class RecordingSealed(Message, frozen=True):
    """The sound is on disk under `recording`: A-law stereo WAV, `samples` a side, SHA-256 of the file.

    The recorder knows recordings, not contacts: `contact` may be empty, TalkBegan or
    VoicemailBegan names it.
    """

    contact: str
    recording: str
    samples: int
    octets: int
    sha256: str
    lost_samples: int = 0


class RecordingFailed(Message, frozen=True):
    """No sound, or not all of it, could be kept."""

    contact: str
    recording: str
    sentence: str


class VoicemailBegan(Message, frozen=True):
    """The caller has heard the beep: from about `sample` on, his message for `mailbox` is recorded as `recording`."""

    contact: str
    mailbox: str
    recording: str
    sample: int


class VoicemailEnded(Message, frozen=True):
    """The message is over; not `kept` where it is too short or nobody spoke: then it is none.

    Its exact length is RecordingSealed's. Where this is missing, by a death, it is a message as well.
    """

    contact: str
    recording: str
    samples: int
    kept: bool = True


class AgentMove(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent is in this state from then on, by the router's clock. `contact`: whose wrap-up it is."""

    agent: str
    state: str
    reason: str
    at_ns: int
    contact: str = ""


class AgentsMoved(Message, frozen=True):
    """What agents of a branch did while it decided by itself: first what each of them was when that began.

    The state '' says that headquarters knows again. `contact` is empty.
    """

    moves: tuple[AgentMove, ...]
    contact: str = ""


CallEvent = (
    ContactBegan
    | RouteDecided
    | DigitsEntered
    | LegBegan
    | LegConnected
    | LegEnded
    | TalkBegan
    | TalkEnded
    | TransferBegan
    | TransferEnded
    | ContactEnded
    | RecordingSealed
    | RecordingFailed
    | VoicemailBegan
    | VoicemailEnded
    | AgentsMoved
)
