/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CAS in packets: the trunk-specific structure of RFC 5086 §5.4.
 *
 * A multiframe, 16 frames of an E1 or 24 of a T1, goes in one packet or in fragments of an even part of its frames. A
 * frame is timeslots 1-15 and 17-31, or 1-24; behind the last frame come bits ABCD of these, two timeslots an octet,
 * the earlier one in the high half. FRG of the control word says which fragment it is.
 *
 * A T1 framed as D4 goes like one of ESF: 24 frames are two superframes, and each has bits A and B.
 */
#ifndef CESOPSN_MULTIFRAME_H
#define CESOPSN_MULTIFRAME_H

#include <stdint.h>
#include <string.h>

#include "span.h"

#define MULTIFRAME_LEAST 16 /* frames */
#define SIGNALLING_MAX 15   /* octets of a multiframe's bits */
#define T1_TIMESLOTS 24
#define HALF 15 /* timeslots of an E1 before timeslot 16, and behind it */

enum fragment { WHOLE, FIRST, LAST, BETWEEN }; /* FRG */

static inline unsigned multiframe_of(const struct bl_span *span)
{
	return span->settings.t1 ? 24 : MULTIFRAME_LEAST;
}

static inline unsigned bearers_of(const struct bl_span *span)
{
	return span->settings.t1 ? T1_TIMESLOTS : 2 * HALF;
}

static inline unsigned signalling_of(const struct bl_span *span)
{
	return bearers_of(span) / 2;
}

/* Without CAS a packet may be longer than a multiframe. */
static inline unsigned fragments_of(const struct bl_span *span, unsigned frames)
{
	return span->settings.cas ? multiframe_of(span) / frames : 1;
}

static inline unsigned fragment_at(unsigned place, unsigned fragments)
{
	if (fragments == 1)
		return WHOLE;
	return place == 0 ? FIRST : place == fragments - 1 ? LAST : BETWEEN;
}

static inline int fragment_fits(unsigned fragments, unsigned fragment)
{
	switch (fragments) {
	case 1:
		return fragment == WHOLE;
	case 2:
		return fragment == FIRST || fragment == LAST;
	default:
		return fragment != WHOLE;
	}
}

static inline int has_signalling(unsigned fragment)
{
	return fragment == WHOLE || fragment == LAST;
}

/* `frame` is timeslots 1 to 31. */
static inline void pack_frame(const uint8_t *frame, uint8_t *out)
{
	memcpy(out, frame, HALF);
	memcpy(out + HALF, frame + BL_CAS_TIMESLOT, HALF);
}

/* Nothing is heard in timeslot 16. */
static inline void unpack_frame(const uint8_t *in, uint8_t *frame)
{
	memcpy(frame, in, HALF);
	frame[BL_CAS_TIMESLOT - 1] = 0;
	memcpy(frame + BL_CAS_TIMESLOT, in + HALF, HALF);
}

/* The n-th timeslot that has bits. */
static inline unsigned bearer(const struct bl_span *span, unsigned n)
{
	return span->settings.t1 || n < HALF ? n + 1 : n + 2;
}

/* A and B of the same timeslot twice: those of `ab` in its lower half. */
static inline unsigned twice(unsigned ab)
{
	return (ab & 3) << 2 | (ab & 3);
}

static inline void pack_bits(const struct bl_span *span, int d4, uint8_t *out)
{
	for (unsigned i = 0; i < bearers_of(span); i++) {
		unsigned bits = span->cas.tx[bearer(span, i)] & 0xf;

		bits = d4 ? twice(bits >> 2) : bits;
		out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | bits : bits << 4);
	}
}

/* Of D4 the later superframe's count. */
static inline void unpack_bits(struct bl_span *span, int d4, const uint8_t *in)
{
	for (unsigned i = 0; i < bearers_of(span); i++) {
		unsigned bits = i % 2 ? in[i / 2] & 0xf : in[i / 2] >> 4;

		span->cas.rx[bearer(span, i)] = (uint8_t)(d4 ? twice(bits) : bits);
	}
}

#endif
