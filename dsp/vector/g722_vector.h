/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector forms of g722.c. */
#ifndef BL_G722_VECTOR_H
#define BL_G722_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "g722.h"

#define BL_G722_DECISION_HIGH 564

/* The mirror filters of one channel: pairs, a multiple of 8, whose past of 22 samples lies before `line`. */
void bl_g722_split_vector(const int16_t *line, int16_t *low, int16_t *high, size_t pairs);
void bl_g722_join_vector(const int16_t *line, int16_t *out, size_t pairs);
/* Both work on the first `pairs`, a multiple of 8, and return how many channels, from the first on, they did. */
size_t bl_g722_encode_vector(struct bl_g722_enc *const e[], const int16_t *const in[], uint8_t *const out[],
                             size_t pairs, size_t channels);
size_t bl_g722_decode_vector(struct bl_g722_dec *const d[], const uint8_t *const in[], int16_t *const out[],
                             size_t pairs, size_t channels);

#endif
