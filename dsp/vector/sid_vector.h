/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector form of sid.c. */
#ifndef BL_SID_VECTOR_H
#define BL_SID_VECTOR_H

#include <stddef.h>
#include <stdint.h>

/* correlation[lag] of n samples, a multiple of 8 up to 40, with those before them, for lags 0 to BL_SID_ORDER. */
void bl_sid_correlate_vector(const int16_t *now, size_t n, int32_t correlation[]);

#endif
