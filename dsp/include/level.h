/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RMS and peak level of a sound, in dBm0, over windows of a fixed length; the reading is that of the last whole window.
 * Flat state. Sums are exact integers: no drift, and the same figure in whatever pieces the samples come.
 */
#ifndef BL_LEVEL_H
#define BL_LEVEL_H

#include <stddef.h>
#include <stdint.h>

struct bl_level_cfg {
	uint32_t window_samples; /* 1 to 480000 (a minute), default 8000 */
};

struct bl_level {
	struct bl_level_cfg cfg;
	uint32_t fill; /* samples in the window under way */
	uint32_t peak; /* its largest magnitude, 0 to 32768 */
	uint32_t clipped;
	uint64_t energy; /* its sum of squares */
	uint32_t last_peak;
	uint32_t last_clipped;
	uint64_t last_energy;
	uint64_t windows; /* whole windows so far */
};

struct bl_level_reading {
	uint64_t windows; /* whole windows so far; 0: nothing measured yet, levels are BL_DBM0_SILENCE */
	float rms_dbm0;   /* a sine reads its own level; BL_DBM0_SILENCE for all zeros */
	float peak_dbm0;  /* level of the sine that has this peak */
	uint32_t clipped; /* samples at the limit of 16 bits or of A-law (|x| ≥ 32256) */
};

size_t bl_level_size(void);
/* cfg NULL: one second. -EINVAL on a window out of range. */
int bl_level_init(struct bl_level *l, const struct bl_level_cfg *cfg);
void bl_level_reset(struct bl_level *l);
void bl_level_process(struct bl_level *l, const int16_t *in, size_t n);
void bl_level_read(const struct bl_level *l, struct bl_level_reading *reading);

#endif
