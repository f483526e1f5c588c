/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace: what lately came into the engine and left it, always on, for whoever asks afterwards.
 *
 * Three rings in the segment, so that no flood of packets drives out signalling. The newest record takes the oldest
 * one's place; nothing waits for a reader, and there may be any number of them. `at_ns` is the nominal time of the tick
 * (CLOCK_MONOTONIC): what came within its 5 ms has the same. No payload of RTP is kept, hence no sound and no digit.
 */
#ifndef BL_TRACE_H
#define BL_TRACE_H

#include <stdatomic.h>
#include <stdint.h>

#include "hdlc.h"
#include "rtp.h"
#include "sizes.h"

/*
 * Slots, powers of two. A full box is 240 calls of three minutes, 1.3 new ones a second.
 * Frames: a call of ISDN has 8 messages and their acknowledgements, a quiet link of Q.921 four frames each T203 (10 s).
 * 1.3 · 16 and 8 · 0.4 a second: 22 minutes in 10 MiB.
 * Bits: a call of R2 or E&M has ten changes. 1.3 · 10 a second: 84 minutes in 1 MiB.
 * RTP: 50 packets a second each way. 240 · 100 a second: 87 s in 64 MiB; 30 calls have 12 minutes, in packets of 5 ms
 * a quarter of that.
 */
#define BL_TRACE_FRAMES 32768
#define BL_TRACE_BITS 65536
#define BL_TRACE_RTP 2097152

enum bl_trace_kind { BL_TRACE_OF_FRAMES, BL_TRACE_OF_BITS, BL_TRACE_OF_RTP, BL_TRACE_KINDS };

/* What all records begin with. Without padding, as they are: Python unpacks them in bulk. */
struct bl_trace_head {
	int64_t at_ns;
	uint16_t port;   /* frames: the span */
	uint8_t sent;    /* 0: it was received */
	uint8_t bits;    /* ABCD */
	uint16_t octets; /* frames: of it; RTP: of the whole datagram */
	uint16_t remote_port;
};

struct bl_trace_frame {
	struct bl_trace_head head;
	uint8_t octets[BL_HDLC_FRAME_MAX + 4]; /* without flags and FCS */
};

struct bl_trace_rtp {
	struct bl_trace_head head;
	uint32_t remote_ip;
	uint8_t header[BL_RTP_HEADER];
};

/* Which records a reader wants. */
struct bl_trace_wanted {
	uint8_t kind; /* enum bl_trace_kind */
	uint16_t port;
	int64_t from_ns, until_ns;
};

struct bl_trace {
	_Alignas(64) _Atomic uint64_t written[BL_TRACE_KINDS]; /* records since the segment was made */
	struct bl_trace_frame frames[BL_TRACE_FRAMES];
	struct bl_trace_head bits[BL_TRACE_BITS];
	struct bl_trace_rtp rtp[BL_TRACE_RTP];
};

/*
 * Copy up to `count` records that are wanted, oldest first, from the `place`-th ever written on (0: all there are),
 * which goes on behind them. Returns how many; fewer than `count`: there are no more. What is overwritten meanwhile is
 * left out.
 */
size_t bl_trace_read(const struct bl_trace *t, const struct bl_trace_wanted *wanted, uint64_t *place, void *out,
                     size_t count);

#endif
