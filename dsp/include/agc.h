/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Automatic gain: brings speech to a target level, holds still in pauses, never cuts off what it has made louder.
 *
 * Level: the mean power over half a second of speech (voice activity says what is speech; frames 18 dB under the
 * loudest of late do not count), followed by a third of the difference each time, at once where the difference is above
 * 6 dB. Gain: towards target less level, 20 dB a
 * second upwards, 50 downwards, in tenths of a decibel; within half a decibel of it nothing moves. In pauses the gain
 * stays, so that noise is not pumped up; sound below BL_AGC_FAINT, and sound that does not swell by 2 dB, is no speech
 * whatever the activity detector says.
 *
 * Limiter, no delay: the peak of the tick is known before the gain is applied, so a gain above 0 dB is taken back
 * before a sample would pass BL_AGC_LIMIT, at once, and given back at 20 dB a second. Sound that needs no gain is not
 * limited. Gain rises over a tick in steps of eight samples. At a gain of 0 dB every sample passes unchanged. Integers:
 * both forms agree bit for bit.
 */
#ifndef BL_AGC_H
#define BL_AGC_H

#include <stddef.h>
#include <stdint.h>

#include "measure.h"

#define BL_AGC_LEAST (-240) /* tenths of a decibel */
#define BL_AGC_MOST 300
#define BL_AGC_FAINT (-50)  /* dBm0 */
#define BL_AGC_LIMIT 29204u /* 1 dB under full scale */

struct bl_agc_cfg {
	float target_dbm0; /* -40 to -3, default -18 */
	float least_db;    /* -24 to 0, default -12 */
	float most_db;     /* 0 to 30, default 24 */
};

/* What every tick wants comes first. */
struct bl_agc {
	uint64_t energy;  /* of the frame under way */
	uint32_t fill;    /* samples in it */
	uint32_t watched; /* peak from which on the limiter has something to do */
	int16_t full;     /* factor of the gain without the limiter, Q.10 */
	int16_t factor;   /* that of the last sample */

	int32_t gain;    /* tenths of a decibel, as all levels and gains here */
	int32_t limited; /* what the limiter takes from it */
	int32_t target, least, most;
	int32_t level;          /* dBm0 of speech */
	int32_t known;          /* 0: no level is known; then by which part of a difference it moves, 1 to 3 */
	uint32_t speech;        /* samples so far of the half second of speech under way */
	uint32_t pause;         /* frames since the last speech */
	uint64_t speech_energy; /* of the half second under way */
	uint64_t speech_peak;   /* its loudest frame */
	uint64_t loudest;       /* frame of late */
};

size_t bl_agc_size(void);
/* cfg NULL: the defaults. -EINVAL on a value out of range. */
int bl_agc_init(struct bl_agc *a, const struct bl_agc_cfg *cfg);
void bl_agc_reset(struct bl_agc *a);
/* One piece, out may be in; m is what bl_measure saw of it, active what the activity detector said. */
void bl_agc_process(struct bl_agc *a, const struct bl_measure *m, int active, const int16_t *in, int16_t *out);
/* The same of many channels. */
void bl_agc_process_many(struct bl_agc *const a[], const struct bl_measure m[], const uint8_t active[],
                         const int16_t *const in[], int16_t *const out[], size_t channels);
/* Gain now, limiter included, dB. */
float bl_agc_gain_db(const struct bl_agc *a);

#endif
