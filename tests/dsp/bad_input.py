# SPDX-License-Identifier: GPL-2.0-only
"""Calls of the core that no caller should make, each in its turn: `python -m tests.dsp.bad_input`.

A process of its own, for one that is not refused ends it. Prints each call before it is made, and says what was wrong
with its answer.
"""

import errno
import mmap
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from drivers.model import SPANS
from dsp import _core

ffi, lib = _core.ffi, _core.lib

MAY_BE_NULL: dict[str, tuple[int, ...]] = {
    "bl_agc_init": (1,),
    "bl_bank_init": (1,),
    "bl_caller_id_dtmf_init": (1,),
    "bl_dtmf_init": (1,),
    "bl_dtmf_tx_init": (1,),
    "bl_echo_init": (1,),
    "bl_emodel_r": (1,),
    "bl_g722_dec_init": (1,),
    "bl_hdlc_rx_init": (1,),
    "bl_hdlc_tx_init": (1,),
    "bl_level_init": (1,),
    "bl_mf_tx_init": (1,),
    "bl_opus_dec_process": (1,),
    "bl_r2_tx_init": (1,),
    "bl_rtcp_build": (3, 5),
    "bl_srtp_ctx_close": (0,),
    "bl_telephone_event_rx_init": (1,),
    "bl_telephone_event_tx_init": (1,),
    "bl_vad_init": (1,),
}
"""Arguments of which a header says what NULL means."""

ANSWERS_NO = {
    "bl_caller_id_dtmf_time",
    "bl_digit_relay_muted",
    "bl_digit_relay_next",
    "bl_event_pop",
    "bl_rtcp_due",
    "bl_telephone_event_rx_tick",
    "bl_telephone_event_tx_busy",
    "bl_telephone_event_tx_tick",
    "bl_tone_active",
}
"""An int that is yes or no: whoever asks in a loop must come to its end."""

NOT_CHECKED = {
    "bl_dtmf_tx_process",
    "bl_fsk_rx_process",
    "bl_fsk_tx_process",
    "bl_hdlc_rx_process",
    "bl_hdlc_tx_process",
    "bl_jitter_get",
    "bl_jitter_put",
    "bl_jitter_put_held",
    "bl_mf_tx_process",
}
"""A compare is 2 to 6 % of what they do in a tick; their headers say so."""

OURS = {"bl_hdlc_frame_to_python"}
"""Python's own, which C calls."""

BAD = object()
"""The argument of a row that is to be refused."""

OPUS_ENC = {"rate_hz": 8000, "bit_rate": 24000, "complexity": 2, "loss_percent": 5, "fec": 1}
MOST, HUGE = 2**32 - 1, 2**63

LOOKED_AT = 1 << 16
"""Octets of an argument that must be as they were."""


@dataclass(frozen=True, slots=True)
class Call:
    """One that is to be refused."""

    text: str
    make: Callable[[], Any]
    answer: Callable[[Any], bool] = field(default=lambda answer: answer == -errno.EINVAL)


class _Zeros:
    """Memory for an argument of any type, zeros until it is written to."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, lib.bl_segment_size())
        self.at = ffi.from_buffer(self._memory)

    def untouched(self) -> bool:
        """Whether nothing was."""
        return not any(self._memory[:LOOKED_AT])


def _functions() -> Iterator[tuple[str, Any]]:
    """Those of the core that take pointers, with their type."""
    for name in sorted(dir(lib)):
        kind = getattr(ffi.typeof(getattr(lib, name)), "args", None) if name.startswith("bl_") else None
        if kind and name not in OURS and any(one.kind == "pointer" for one in kind):
            yield name, ffi.typeof(getattr(lib, name))


def _is_refusal(name: str, result: Any) -> Callable[[Any], bool]:
    if result.kind == "void":
        return lambda answer: answer is None
    if result.kind == "pointer":
        return lambda answer: answer == ffi.NULL
    if result.cname == "int" and name not in ANSWERS_NO:
        return lambda answer: answer == -errno.EINVAL
    return lambda answer: answer in (0, b"\0")


def _argument(kind: Any, zeros: _Zeros) -> Any:
    if kind.kind == "pointer":
        return ffi.cast(kind, zeros.at)
    return b"\1" if kind.cname == "char" else 1


def _without(name: str, function: Any, null: int) -> Callable[[], Any]:
    def make() -> Any:
        zeros = [_Zeros() for _ in function.args]
        arguments = [_argument(kind, memory) for kind, memory in zip(function.args, zeros, strict=True)]
        arguments[null] = ffi.NULL
        answer = getattr(lib, name)(*arguments)
        if null not in MAY_BE_NULL.get(name, ()):
            assert all(memory.untouched() for memory in zeros), "it has written something"
        return answer

    return make


def null_calls() -> Iterator[Call]:
    """Every function, every pointer in its turn; where NULL means something, the call need only come back."""
    for name, function in _functions():
        for i, kind in enumerate(function.args):
            if kind.kind != "pointer" or name in NOT_CHECKED:
                continue
            text, make = f"{name}, argument {i} NULL", _without(name, function, i)
            if i in MAY_BE_NULL.get(name, ()):
                yield Call(text, make, lambda _: True)
            else:
                yield Call(text, make, _is_refusal(name, function.result))


_kept: list[Any] = []


def _zeros(octets: int) -> Any:
    """Those that live as long as this process."""
    _kept.append(ffi.new("char[]", octets))
    return _kept[-1]


def _room(name: str) -> Any:
    return ffi.cast(f"struct {name} *", _zeros(getattr(lib, f"{name}_size")()))


def _made(name: str, *settings: Any) -> Any:
    """A block in order."""
    block = _room(name)
    assert getattr(lib, f"{name}_init")(block, *settings) == 0, name
    return block


def configuration_calls() -> Iterator[Call]:
    """Every block whose settings are all ones: numbers out of range, floats that are none."""
    for name, function in _functions():
        if not name.endswith("_init") or len(function.args) < 2 or "_cfg" not in function.args[1].cname:
            continue
        cfg = ffi.new(function.args[1].cname.replace("*", "").strip() + " *")
        ffi.memmove(cfg, b"\xff" * ffi.sizeof(cfg[0]), ffi.sizeof(cfg[0]))
        more = [0] * (len(function.args) - 2)
        block = ffi.cast(function.args[0], _zeros(1 << 20))
        yield Call(f"{name}, settings of ones", partial(getattr(lib, name), block, cfg, *more))


@dataclass(frozen=True, slots=True)
class Row:
    """A function and what one of its arguments may not be."""

    name: str
    arguments: tuple[Any, ...]
    bad: tuple[Any, ...]
    answer: int = -errno.EINVAL

    def calls(self) -> Iterator[Call]:
        """One of each."""
        for bad in self.bad:
            arguments = [bad if one is BAD else one for one in self.arguments]
            yield Call(f"{self.name}({bad})", partial(getattr(lib, self.name), *arguments), self.answer.__eq__)


def _sound_rows() -> list[Row]:
    """Blocks of sound: lengths, parties, levels."""
    sound, octets, present = ffi.new("int16_t[2000]"), ffi.new("uint8_t[4000]"), ffi.new("uint64_t *")
    sounds, outs = ffi.new("int16_t *[64]", [sound] * 64), ffi.new("int16_t *[64]")
    mixer, jitter, skew = _made("bl_mixer"), _made("bl_jitter"), _made("bl_skew")
    echo, g722 = _made("bl_echo", ffi.NULL), _made("bl_g722_enc")
    g726 = _made("bl_g726", ffi.new("struct bl_g726_cfg *", [24000, 0]))
    resample = _made("bl_resample", ffi.new("struct bl_resample_cfg *", [48000, 8000]))
    levels = (lib.BL_GAIN_LEAST - 1, lib.BL_GAIN_MOST + 1, -(2**31), 2**31 - 1)
    return [
        Row("bl_gain_init", (_room("bl_gain"), BAD), levels),
        Row("bl_gain_set", (_made("bl_gain", 0), BAD), levels),
        Row("bl_mixer_set", (mixer, BAD, 1, 1), (64, MOST)),
        Row("bl_mixer_process", (mixer, sounds, outs, BAD), (0, 4, 7, 41, 168, HUGE)),
        Row("bl_echo_process", (echo, sound, sound, sound, BAD), (1, 39, 41, HUGE + 1)),
        Row("bl_echo_set_mode", (echo, BAD), (-1, 99, 2**31 - 1)),
        Row("bl_jitter_put", (jitter, 0, octets, BAD), (0, 481, HUGE)),
        Row("bl_jitter_put_held", (jitter, 0, octets, BAD, MOST), (0, 481, HUGE)),
        Row("bl_jitter_get", (jitter, octets, BAD, present), (0, 65, HUGE)),
        Row("bl_cng_set", (_made("bl_cng", 1), octets, BAD), (0,)),
        Row("bl_g722_enc_process", (g722, sound, octets, BAD), (1, 79, HUGE + 1)),
        Row("bl_g726_encode", (g726, sound, octets, BAD), (1, 79, HUGE + 1)),
        Row("bl_g726_decode", (g726, octets, sound, BAD), (1, 79, HUGE + 1)),
        Row("bl_resample_process", (resample, sound, sound, BAD), (1, 7, 41)),
        Row("bl_measure_many", (ffi.new("struct bl_measure[64]"), sounds, 1, BAD), (HUGE,)),
        Row("bl_skew_set", (skew, BAD), (float("nan"), float("inf"), 1e9, -1e9)),
        Row("bl_skew_want", (skew, BAD), (0, HUGE), 0),
        Row("bl_skew_process", (skew, sound, BAD, sound, 40), (0, 1000, HUGE)),
        Row("bl_skew_process", (skew, sound, 40, sound, BAD), (0, 1000, HUGE)),
        Row("bl_sid_write", (_made("bl_sid"), BAD, octets, 20), (99, MOST)),
        Row("bl_sid_write", (_made("bl_sid"), 1, octets, BAD), (0,)),
    ]


def _signal_rows() -> list[Row]:
    """Tones, digits, callers, bits."""
    octets, sound = ffi.new("uint8_t[4000]"), ffi.new("int16_t[2000]")
    message, result = ffi.new("struct bl_caller_id_message *"), ffi.new("struct bl_caller_id_result *")
    dtmf, mf = _made("bl_dtmf_tx", ffi.NULL), _made("bl_mf_tx", ffi.NULL)
    hdlc, tone = _made("bl_hdlc_tx", ffi.NULL), _made("bl_tone")
    caller = _made("bl_caller_id", ffi.new("struct bl_caller_id_cfg *", [0, -40]))
    return [
        Row("bl_dtmf_tx_send", (dtmf, BAD, 1), (b"x", b"\0", b"\xff")),
        Row("bl_dtmf_tx_send", (dtmf, b"1" * 1000, BAD), (1000,), -errno.ENOBUFS),
        Row("bl_mf_tx_send", (mf, BAD, 1), (b"x", b"\0", b"\xff")),
        Row("bl_mf_tx_send", (mf, b"1" * 1000, BAD), (1000,), -errno.ENOBUFS),
        Row("bl_r2_tx_send", (_made("bl_r2_tx", ffi.NULL), BAD), (16, MOST)),
        Row("bl_tone_start", (tone, BAD, 0), (-1, 9999, 2**31 - 1)),
        Row("bl_tone_start", (tone, 0, BAD), (-1, 9999, 2**31 - 1)),
        Row("bl_tone_play", (tone, ffi.new("struct bl_tone_step[64]"), BAD, 1), (0, 64, HUGE)),
        Row("bl_prbs_tx_init", (_room("bl_prbs_tx"), BAD), (99, MOST)),
        Row("bl_prbs_rx_init", (_room("bl_prbs_rx"), BAD), (99, MOST)),
        Row("bl_hdlc_tx_send", (hdlc, octets, BAD), (0,)),
        Row("bl_hdlc_tx_send", (hdlc, octets, BAD), (lib.BL_HDLC_FRAME_MAX + 1, HUGE), -errno.EMSGSIZE),
        Row("bl_caller_id_process", (caller, sound, BAD, result), (41, HUGE)),
        Row("bl_caller_id_decode", (octets, BAD, 0, message), (0, 1, 4)),
        Row("bl_caller_id_decode", (octets, 10, BAD, message), (99, MOST)),
        Row("bl_caller_id_encode", (message, BAD, 0, octets, 100), (99, MOST)),
        Row("bl_caller_id_ntt_step", (_made("bl_caller_id_ntt"), BAD, 0), (99, MOST)),
        Row("bl_caller_id_dtmf_digit", (_made("bl_caller_id_dtmf", ffi.NULL), BAD, 0, result), (b"x", b"\0", b"\xff")),
        Row("bl_caller_id_dtmf_encode", (message, BAD, ffi.new("char[100]"), 100), (99, MOST)),
    ]


def _packet_rows() -> list[Row]:
    """RTP and what is in it, RTCP, SDES, Opus."""
    octets, sound, text = ffi.new("uint8_t[4000]"), ffi.new("int16_t[2000]"), ffi.new("char[100]")
    event, report = ffi.new("struct bl_telephone_event_report *"), ffi.new("struct bl_rtcp_report *")
    events, sdes = _made("bl_telephone_event_tx", ffi.NULL), ffi.new("struct bl_sdes *")
    encoder = _made("bl_opus_enc", ffi.new("struct bl_opus_enc_cfg *", OPUS_ENC))
    decoder = _made("bl_opus_dec", ffi.new("struct bl_opus_dec_cfg *", [8000]))
    leg = ffi.new("struct bl_leg *", {"codec": 255})
    return [
        Row("bl_rtp_parse", (ffi.new("struct bl_rtp_packet *"), octets, BAD), (0, 11, 12), -errno.EBADMSG),
        Row("bl_rtcp_parse", (report, 0, octets, BAD), (0, 7, 11), -errno.EBADMSG),
        Row("bl_rtcp_write", (octets, BAD, report), (0, 3), -errno.ENOBUFS),
        Row("bl_telephone_event_parse", (event, octets, BAD), (0, 3, 5, HUGE), -errno.EBADMSG),
        Row("bl_telephone_event_tx_press", (events, BAD), (-1, 256, 2**31 - 1)),
        Row("bl_telephone_event_tx_send", (events, BAD, 1), (b"x", b"\0", b"\xff")),
        Row("bl_red_parse", (ffi.new("struct bl_red_block[4]"), 4, octets, BAD), (0,), -errno.EBADMSG),
        Row("bl_sdes_parse", (sdes, text, BAD), (0, 1, 100), -errno.EBADMSG),
        Row("bl_sdes_build", (sdes, text, BAD), (100,)),
        Row("bl_sdes_suite", (text, BAD), (0, 100), 0),
        Row("bl_leg_quality", (leg, BAD), (ffi.new("struct bl_leg_quality *"),)),
        Row("bl_opus_enc_process", (encoder, sound, BAD, octets, 100), (0, 1, 79, 81, 400, HUGE)),
        Row("bl_opus_enc_process", (encoder, sound, 80, octets, BAD), (0, 2), -errno.ENOBUFS),
        Row("bl_opus_dec_process", (decoder, ffi.NULL, 0, sound, BAD), (0, 7, HUGE)),
    ]


def _segment_rows() -> list[Row]:
    """Clients that no segment has."""
    table = ffi.cast("struct bl_segment *", _Zeros().at)
    command, event, none = ffi.new("struct bl_command *"), ffi.new("struct bl_event *"), (lib.BL_CLIENTS, MOST)
    return [
        Row("bl_command_push", (table, BAD, command), none),
        Row("bl_event_pop", (table, BAD, event), none, 0),
    ]


def size_calls() -> Iterator[Call]:
    """Lengths and enumerations that cannot be, of blocks that are in order."""
    for row in (*_sound_rows(), *_signal_rows(), *_packet_rows(), *_segment_rows()):
        yield from row.calls()


def _is_nothing(answer: Any) -> bool:
    return not answer


def status_calls() -> Iterator[Call]:
    """Spans and ports that are none: nothing is shown of them."""
    table = ffi.cast("struct bl_segment *", _Zeros().at)
    span, port = ffi.new("struct bl_span_status *"), ffi.new("struct bl_port_status *")

    def shown(ask: Callable[[Any, int, Any], None], n: int, status: Any, name: str) -> Any:
        ffi.memmove(status, b"\xff" * ffi.sizeof(status[0]), ffi.sizeof(status[0]))
        ask(table, n, status)
        return getattr(status, name)

    for n in (SPANS, MOST):
        yield Call(f"bl_span_status({n})", partial(shown, lib.bl_span_status, n, span, "open"), _is_nothing)
    for n in (lib.BL_PORTS, MOST):
        yield Call(f"bl_port_status({n})", partial(shown, lib.bl_port_status, n, port, "kind"), _is_nothing)
    for client in (lib.BL_CLIENTS, MOST):
        yield Call(f"bl_event_discard({client})", partial(lib.bl_event_discard, table, client), _is_nothing)


SUITES = (null_calls, configuration_calls, size_calls, status_calls)


def main() -> int:
    """All of them; 1 if one was not refused as it is to be."""
    wrong = 0
    for suite in SUITES:
        for call in suite():
            print(call.text, flush=True)
            try:
                answer = call.make()
            except AssertionError as said:
                answer = str(said)
            if not call.answer(answer):
                wrong += 1
                print(f"WRONG {call.text}: {answer}", flush=True)
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
