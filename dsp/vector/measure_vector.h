/* SPDX-License-Identifier: GPL-2.0-only */
/* What both forms of measure.c share, and the vector form, for n a multiple of 8 up to BL_MEASURE_MOST. */
#ifndef BL_MEASURE_VECTOR_H
#define BL_MEASURE_VECTOR_H

#include "measure.h"

#define MEASURE_CLIP 32256u /* largest A-law value */

static inline uint32_t measure_clipped(const int16_t *in, size_t n)
{
	uint32_t clipped = 0;

	for (size_t i = 0; i < n; i++)
		clipped += (uint32_t)(in[i] < 0 ? -in[i] : in[i]) >= MEASURE_CLIP;
	return clipped;
}

/* What follows from the sums. */
static inline void measure_finish(struct bl_measure *m, const int16_t *in, size_t n)
{
	m->samples = (uint32_t)n;
	m->clipped = m->peak >= MEASURE_CLIP ? measure_clipped(in, n) : 0;
}

void bl_measure_vector(struct bl_measure *m, const int16_t *in, size_t n);
void bl_measure_tick_vector(struct bl_measure m[], const int16_t *const in[], size_t channels);

#endif
