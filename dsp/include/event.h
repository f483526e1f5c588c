/* SPDX-License-Identifier: GPL-2.0-only */
/* What the engine tells its clients, and what it gives the recorder. */
#ifndef BL_EVENT_H
#define BL_EVENT_H

#include <stdint.h>

#include "hdlc.h"
#include "sizes.h"

/*
 * Who speaks with the engine; a line worker is BL_LINE + its span. In this order they are obeyed in a tick: who opens
 * a port before who is told of it.
 */
enum bl_client { BL_LINE, BL_SIP = BL_LINE + BL_SPANS, BL_CALL, BL_IVR, BL_RECORDER, BL_MONITOR };

enum bl_event_kind {
	BL_SPAN_ALARM_CHANGED = 1, /* port = span, count = alarms */
	BL_FRAME_RECEIVED,         /* port = span, octets */
	BL_PLAY_ENDED,             /* reason = enum bl_play_end, count = octets played */
	BL_DIGITS_COLLECTED,       /* reason = enum bl_collect_end, octets = digits, count = terminator or 0 */
	BL_DIGITS_SENT,
	BL_DIGIT_DETECTED,  /* octets = digit */
	BL_RECORDING_ENDED, /* count = samples, lost */
	BL_RTP_TIMED_OUT,
	BL_COMMAND_REFUSED, /* count = kind of command, reason = errno */
	BL_STILL_THERE,     /* to be read, which is the answer */
	BL_TONE_HEARD,      /* reason = enum bl_answer_tone, count = 1: it has begun, 0: it has ended */
	BL_FAX_HEARD,       /* the preamble of V.21: T.38 is asked for */
	BL_PROFILE_CHANGED, /* by a tone; reason = enum bl_profile */
	BL_BITS_CHANGED,    /* of a span with CAS; reason = bits ABCD that stand now */
	BL_SIGNAL_HEARD, /* reason = enum bl_heard_kind or bl_ear, id = its code, count = 1: from `sample` on, 0: not */
	BL_CALLER_HEARD, /* count = enum bl_caller_id_standard, reason = enum bl_caller_id_error, octets as heard */
	BL_SOUND_HEARD,  /* octets = as many parts as are told, each A-law of BL_SOUND_TICKS / parts */
};

/* Parts: what came, without its echo; what was sent; what came with its echo. */
#define BL_SOUND_TICKS 6u

enum bl_play_end { BL_PLAY_FINISHED, BL_PLAY_DIGIT, BL_PLAY_STOPPED, BL_PLAY_CLOSED };
enum bl_collect_end { BL_COLLECT_FULL, BL_COLLECT_TERMINATOR, BL_COLLECT_TIMEOUT, BL_COLLECT_CLOSED };

struct bl_event {
	uint16_t kind;
	uint16_t port;
	uint16_t reason;
	uint16_t length;
	uint64_t id;
	uint64_t sample;
	uint64_t count;
	uint64_t lost;
	uint8_t octets[BL_HDLC_FRAME_MAX + 4];
};

enum bl_tap_kind { BL_TAP_BEGIN = 1, BL_TAP_BLOCK, BL_TAP_END };

/* 104 octets without padding: Python unpacks them in bulk. */
struct bl_tap {
	uint64_t recording_id;
	uint64_t sample; /* begin, block: of the first octet; end: length of the recording in samples */
	uint16_t octets; /* block: of each side */
	uint8_t kind;
	uint8_t unused;
	uint32_t unused2;
	uint8_t left[BL_TICK_SAMPLES];
	uint8_t right[BL_TICK_SAMPLES];
};

#endif
