/* SPDX-License-Identifier: GPL-2.0-only */
#include "cng_vector.h"

#include "cng_tables.h"
#include "pairs.h"

/* BL_CNG_SEGMENT samples of `to`, the first of them on the way from `from`. */
static inline void segment(const int16_t *from, const int16_t *to, int16_t *out)
{
	bl_h16 goes = bl_load_bl_h16(from), comes = bl_load_bl_h16(to);
	bl_i8 low = bl_dot_pairs(bl_zip_low(goes, comes), bl_load_bl_h16(bl_cng_joint_low));
	bl_i8 high = bl_dot_pairs(bl_zip_high(goes, comes), bl_load_bl_h16(bl_cng_joint_high));

	bl_store_bl_h16(out, bl_packed((low + 0x4000) >> 15, (high + 0x4000) >> 15));
	bl_store_bl_h16(out + 16, bl_load_bl_h16(to + 16));
	bl_store_bl_h8(out + 32, bl_load_bl_h8(to + 32));
}

size_t bl_cng_segments_vector(struct bl_cng *const c[], int16_t *const out[], size_t channels)
{
	size_t left = 0;

	for (size_t i = 0; i < channels; i++) {
		if (!out[i])
			continue;
		if (c[i]->done < BL_CNG_SEGMENT) {
			left++;
			continue;
		}
		cng_next_segment(c[i]);
		segment(c[i]->cycle + c[i]->before, c[i]->cycle + c[i]->place, out[i]);
	}
	return left;
}
