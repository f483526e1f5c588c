/* SPDX-License-Identifier: GPL-2.0-only */
#include "resample.h"

struct bl_resample {
	...;
};
struct bl_resample_cfg {
	uint32_t from_hz;
	uint32_t to_hz;
	...;
};
size_t bl_resample_size(void);
int bl_resample_init(struct bl_resample *r, const struct bl_resample_cfg *cfg);
void bl_resample_reset(struct bl_resample *r);
int bl_resample_process(struct bl_resample *r, const int16_t *in, int16_t *out, size_t n);
