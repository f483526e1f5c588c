/* SPDX-License-Identifier: GPL-2.0-only */
#include "cng_vector.h"

#include "cng_tables.h"
#include "pairs.h"

void bl_cng_segment_vector(const int16_t *from, const int16_t *to, int16_t *out)
{
	bl_h16 goes = bl_load_bl_h16(from), comes = bl_load_bl_h16(to);
	bl_i8 low = bl_dot_pairs(bl_zip_low(goes, comes), bl_load_bl_h16(bl_cng_joint_low));
	bl_i8 high = bl_dot_pairs(bl_zip_high(goes, comes), bl_load_bl_h16(bl_cng_joint_high));

	bl_store_bl_h16(out, bl_packed((low + 0x4000) >> 15, (high + 0x4000) >> 15));
	bl_store_bl_h16(out + 16, bl_load_bl_h16(to + 16));
	bl_store_bl_h8(out + 32, bl_load_bl_h8(to + 32));
}
