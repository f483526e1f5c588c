/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector forms of g726.c: all channels, n a multiple of 8. */
#ifndef BL_G726_VECTOR_H
#define BL_G726_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "g726.h"

void bl_g726_encode_vector(struct bl_g726 *const g[], const int16_t *const in[], uint8_t *const out[], size_t n,
                           size_t channels);
void bl_g726_decode_vector(struct bl_g726 *const g[], const uint8_t *const in[], int16_t *const out[], size_t n,
                           size_t channels);

#endif
