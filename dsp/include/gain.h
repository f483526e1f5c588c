/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fixed gain or loss of one direction: the gain and loss plan of a trunk, -24.0 to +12.0 dB by tenths, and mute.
 *
 * Exact: a sample times a Q.13 factor of dsp/tables/gain_tables.h, rounded to the nearest (halves up), cut off where
 * 16 bits end. At 0 dB every sample passes unchanged. A muted direction is silence; an idle timeslot carries the code
 * of silence, which is what the encoders of g711.h make of zero: 0xD5 in A-law, 0xFF in µ-law (G.711 tables 1 and 2).
 * A change is heard at once, without a ramp. Both forms agree bit for bit.
 */
#ifndef BL_GAIN_H
#define BL_GAIN_H

#include <stddef.h>
#include <stdint.h>

#define BL_GAIN_LEAST (-240) /* tenths of a decibel */
#define BL_GAIN_MOST 120
#define BL_IDLE_ALAW 0xD5
#define BL_IDLE_ULAW 0xFF

struct bl_gain {
	int16_t factor; /* Q.13 */
	uint16_t muted;
};

size_t bl_gain_size(void);
/* -EINVAL out of range. Does not touch mute. */
int bl_gain_set(struct bl_gain *g, int32_t tenths_db);
int bl_gain_init(struct bl_gain *g, int32_t tenths_db);
void bl_gain_mute(struct bl_gain *g, int muted);
/* Any number of samples; out may be in. */
void bl_gain_process(const struct bl_gain *g, const int16_t *in, int16_t *out, size_t n);
/* One piece of n samples of every channel, in place. */
void bl_gain_process_many(const struct bl_gain *const g[], int16_t *const sound[], size_t n, size_t channels);

#endif
