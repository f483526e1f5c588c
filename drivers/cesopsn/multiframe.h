/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CAS in packets: the trunk-specific structure of RFC 5086 for an E1.
 *
 * A multiframe of 16 frames goes in one packet or in fragments of 8, 4, 2 or 1 frames. A frame is timeslots 1-15 and
 * 17-31; behind the last frame come bits ABCD of these 30, two timeslots an octet, the earlier one in the high half.
 * FRG of the control word says which fragment it is.
 */
#ifndef CESOPSN_MULTIFRAME_H
#define CESOPSN_MULTIFRAME_H

#include <stdint.h>
#include <string.h>

#include "span.h"

#define MULTIFRAME 16 /* frames */
#define BEARERS 30    /* timeslots */
#define HALF 15       /* of them before timeslot 16 */
#define SIGNALLING 15 /* octets of a multiframe's bits */

enum fragment { WHOLE, FIRST, LAST, BETWEEN }; /* FRG */

static inline unsigned fragments_of(unsigned frames)
{
	return MULTIFRAME / frames;
}

static inline unsigned fragment_at(unsigned place, unsigned frames)
{
	if (fragments_of(frames) == 1)
		return WHOLE;
	return place == 0 ? FIRST : place == fragments_of(frames) - 1 ? LAST : BETWEEN;
}

static inline int fragment_fits(unsigned fragment, unsigned frames)
{
	switch (fragments_of(frames)) {
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

static inline unsigned bearer(unsigned n)
{
	return n < HALF ? n + 1 : n + 2;
}

static inline void pack_bits(const uint8_t *bits, uint8_t *out)
{
	for (unsigned i = 0; i < SIGNALLING; i++)
		out[i] = (uint8_t)((bits[bearer(2 * i)] & 0xf) << 4 | (bits[bearer(2 * i + 1)] & 0xf));
}

static inline void unpack_bits(const uint8_t *in, uint8_t *bits)
{
	for (unsigned i = 0; i < BEARERS; i++)
		bits[bearer(i)] = i % 2 ? in[i / 2] & 0xf : in[i / 2] >> 4;
}

#endif
