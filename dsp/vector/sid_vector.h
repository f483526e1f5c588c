/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector form of sid.c. */
#ifndef BL_SID_VECTOR_H
#define BL_SID_VECTOR_H

#include <stdint.h>

/* To correlation[lag] what the samples of a tick behind its history make with those `lag` before: 0 to BL_SID_ORDER. */
void bl_sid_correlate_vector(const int16_t *in, int64_t correlation[]);

#endif
