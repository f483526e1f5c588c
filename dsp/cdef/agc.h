/* SPDX-License-Identifier: GPL-2.0-only */
#include "agc.h"

#define BL_AGC_LIMIT ...

struct bl_agc_cfg {
	float target_dbm0;
	float least_db;
	float most_db;
};
struct bl_agc;
size_t bl_agc_size(void);
int bl_agc_init(struct bl_agc *a, const struct bl_agc_cfg *cfg);
void bl_agc_reset(struct bl_agc *a);
void bl_agc_process(struct bl_agc *a, const struct bl_measure *m, int active, const int16_t *in, int16_t *out);
float bl_agc_gain_db(const struct bl_agc *a);
