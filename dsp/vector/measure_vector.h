/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector form of measure.c, for n a multiple of 8 up to BL_MEASURE_MOST. */
#ifndef BL_MEASURE_VECTOR_H
#define BL_MEASURE_VECTOR_H

#include "measure.h"

/* All but `samples` and `clipped`. */
void bl_measure_vector(struct bl_measure *m, const int16_t *in, size_t n);
void bl_measure_tick_vector(struct bl_measure m[], const int16_t *const in[], size_t channels);

#endif
