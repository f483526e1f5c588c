/* SPDX-License-Identifier: GPL-2.0-only */
#include "cng_vector.h"

#include "cng_tables.h"
#include "pairs.h"

/* Eight samples: both noises side by side, as their weights are. */
static inline bl_i8 joined(const int16_t *from, const int16_t *to, const int16_t *weights)
{
	bl_i8 sides = (bl_wide_of(bl_load_bl_h8(from)) & 0xffff) | bl_wide_of(bl_load_bl_h8(to)) << 16;

	return (bl_pairs((bl_h16)sides, bl_load_bl_h16(weights)) + 0x4000) >> 15;
}

void bl_cng_joint_vector(const int16_t *from, const int16_t *to, int16_t *out)
{
	bl_store_saturated(out, joined(from, to, bl_cng_joint),
	                   joined(from + BL_LANES, to + BL_LANES, bl_cng_joint + 2 * BL_LANES));
}
