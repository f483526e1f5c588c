/* SPDX-License-Identifier: GPL-2.0-only */
#include "level.h"

struct bl_level_cfg {
	uint32_t window_samples;
};

struct bl_level_reading {
	uint64_t windows;
	float rms_dbm0;
	float peak_dbm0;
	uint32_t clipped;
	float noise_dbm0;
	float dc_offset;
};

struct bl_level;
size_t bl_level_size(void);
int bl_level_init(struct bl_level *l, const struct bl_level_cfg *cfg);
void bl_level_reset(struct bl_level *l);
void bl_level_process(struct bl_level *l, const int16_t *in, size_t n);
void bl_level_read(const struct bl_level *l, struct bl_level_reading *reading);
