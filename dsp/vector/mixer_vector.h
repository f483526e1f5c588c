/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector forms of mixer.c, for n a multiple of 8. */
#ifndef BL_MIXER_VECTOR_H
#define BL_MIXER_VECTOR_H

#include <stddef.h>
#include <stdint.h>

/* The sum of `count` parties. */
void bl_mixer_sum_vector(const int16_t *const in[], size_t count, int32_t *sum, size_t n);
/* The sum of the samples' magnitudes. */
uint32_t bl_mixer_magnitudes_vector(const int16_t *in, size_t n);
/* The sum without `own` (NULL: all of it), saturated. */
void bl_mixer_take_out_vector(const int32_t *sum, const int16_t *own, int16_t *out, size_t n);

#endif
