/* SPDX-License-Identifier: GPL-2.0-only */
/* What both forms of cng.c share, and the vector form of a segment. */
#ifndef BL_CNG_VECTOR_H
#define BL_CNG_VECTOR_H

#include "cng.h"

#define CNG_PLACES (BL_CNG_CYCLE - BL_CNG_SEGMENT - BL_CNG_JOINT + 1)

static inline uint32_t cng_any(struct bl_cng *c)
{
	c->seed = c->seed * 1664525u + 1013904223u;
	return c->seed >> 16;
}

static inline uint32_t cng_least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The next segment begins somewhere else; places read from memory that may be torn are bounded here. */
static inline void cng_next_segment(struct bl_cng *c)
{
	c->before = cng_least(c->place, CNG_PLACES - 1) + BL_CNG_SEGMENT;
	c->place = cng_any(c) * CNG_PLACES >> 16;
}

/* A whole segment of each channel that has ended its last one and is heard; the others are left as they are. How many
 * of those are heard. */
size_t bl_cng_segments_vector(struct bl_cng *const c[], int16_t *const out[], size_t channels);

#endif
