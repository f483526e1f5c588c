/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RMS and peak level, DC offset and noise floor of a sound over windows of a fixed length; the reading is that of the
 * last whole window. Flat state. Sums are exact integers: no drift, and the same figure in whatever pieces the samples
 * come.
 *
 * The noise floor is the quietest 40 ms of the last four windows: what is left when nobody speaks. On steady noise it
 * reads 0.5 to 1 dB low, for it is a minimum. A window shorter than 40 ms has none.
 *
 * bl_level_add takes what bl_measure has seen, so that a tick's samples are read once for all; a window then ends with
 * the tick that fills it, and windows that are whole ticks read the same as by bl_level_process.
 */
#ifndef BL_LEVEL_H
#define BL_LEVEL_H

#include <stddef.h>
#include <stdint.h>

#include "measure.h"

#define BL_LEVEL_QUIET_WINDOWS 4
#define BL_LEVEL_QUIET_SAMPLES 320 /* 40 ms */

struct bl_level_cfg {
	uint32_t window_samples; /* 1 to 480000 (a minute), default 8000 */
};

struct bl_level {
	struct bl_level_cfg cfg;
	uint32_t fill; /* samples in the window under way */
	uint32_t due;  /* fill at which something ends, the 40 ms under way or the window */
	uint32_t peak; /* its largest magnitude, 0 to 32768 */
	uint32_t clipped;
	uint64_t energy; /* its sum of squares */
	int64_t sum;
	uint32_t quiet_from;        /* fill at the beginning of the 40 ms under way */
	uint32_t quiet;             /* mean square of the quietest 40 ms of the window so far */
	uint64_t quiet_from_energy; /* energy there */
	uint32_t last_quiet[BL_LEVEL_QUIET_WINDOWS];
	uint32_t last_peak;
	uint32_t last_clipped;
	uint32_t last_fill;
	uint64_t last_energy;
	int64_t last_sum;
	uint64_t windows; /* whole windows so far */
};

struct bl_level_reading {
	uint64_t windows; /* whole windows so far; 0: nothing measured yet, levels are BL_DBM0_SILENCE */
	float rms_dbm0;   /* a sine reads its own level; BL_DBM0_SILENCE for all zeros */
	float peak_dbm0;  /* level of the sine that has this peak */
	uint32_t clipped; /* samples at the limit of 16 bits or of A-law (|x| ≥ 32256) */
	float noise_dbm0; /* noise floor; BL_DBM0_SILENCE where there was none */
	float dc_offset;  /* mean sample, -32768 to 32767 */
};

size_t bl_level_size(void);
/* cfg NULL: one second. -EINVAL on a window out of range. */
int bl_level_init(struct bl_level *l, const struct bl_level_cfg *cfg);
void bl_level_reset(struct bl_level *l);
void bl_level_process(struct bl_level *l, const int16_t *in, size_t n);
/* What bl_measure saw of the next samples; for many channels m[c] belongs to l[c]. */
void bl_level_add(struct bl_level *l, const struct bl_measure *m);
void bl_level_add_many(struct bl_level *const l[], const struct bl_measure m[], size_t channels);
void bl_level_read(const struct bl_level *l, struct bl_level_reading *reading);

#endif
