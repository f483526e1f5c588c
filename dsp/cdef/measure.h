/* SPDX-License-Identifier: GPL-2.0-only */
#include "measure.h"

#define BL_MEASURE_BAND ...
#define BL_MEASURE_MOST ...

struct bl_measure {
	uint32_t bands[8];
	uint64_t energy;
	int32_t sum;
	uint32_t peak;
	uint32_t samples;
	uint32_t clipped;
	...;
};
int bl_measure_many(struct bl_measure m[], const int16_t *const in[], size_t n, size_t channels);
