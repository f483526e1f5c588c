/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Silence descriptors of RFC 3389: listens to the noise in the pauses of speech and writes what cng.h reads.
 *
 * The noise's autocorrelation is summed over ticks, those of the last 160 to 320 ms of pause (the sum is halved as it
 * fills up), and reflection coefficients are found by Levinson's recursion, with a lag window that keeps them from
 * ringing and a floor 40 dB down. Level and coefficients are rounded to the nearest octet (§3.1, §3.2). A piece is a
 * whole tick; give it only those without speech. Both forms agree bit for bit.
 */
#ifndef BL_SID_H
#define BL_SID_H

#include <stddef.h>
#include <stdint.h>

#include "measure.h"

#define BL_SID_ORDER 10
#define BL_SID_OCTETS (1 + BL_SID_ORDER)
#define BL_SID_HISTORY 16 /* samples of a tick that are only looked back to, at least the order */

struct bl_sid {
	int64_t correlation[BL_SID_ORDER + 1]; /* sums over the ticks, by lag */
	uint64_t energy;
	uint32_t ticks; /* that went into them, up to 64 */
};

size_t bl_sid_size(void);
int bl_sid_init(struct bl_sid *s);
/* A tick of a pause, 40 samples; m is what bl_measure saw of it, -EINVAL when it saw another length. */
int bl_sid_process(struct bl_sid *s, const struct bl_measure *m, const int16_t *in);
/* For many channels, those that are not active. */
void bl_sid_process_many(struct bl_sid *const s[], const struct bl_measure m[], const uint8_t active[],
                         const int16_t *const in[], size_t channels);
/* The descriptor: level and up to `order` coefficients, as many as there is room for. Returns octets written, or
 * -EINVAL for an order above BL_SID_ORDER or no room, -EAGAIN when no pause was heard yet. */
int bl_sid_write(const struct bl_sid *s, uint32_t order, uint8_t *payload, size_t room);

#endif
