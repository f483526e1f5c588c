/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector form of a segment of cng.c. */
#ifndef BL_CNG_VECTOR_H
#define BL_CNG_VECTOR_H

#include <stdint.h>

/* BL_CNG_SEGMENT samples of `to`, the first of them on the way from `from`. */
void bl_cng_segment_vector(const int16_t *from, const int16_t *to, int16_t *out);

#endif
