/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector form of sid.c. */
#ifndef BL_SID_VECTOR_H
#define BL_SID_VECTOR_H

#include <stdint.h>

/* correlation[lag] of the samples of a tick behind its history with those `lag` before, for lags 0 to BL_SID_ORDER. */
void bl_sid_correlate_vector(const int16_t *in, int32_t correlation[]);

#endif
