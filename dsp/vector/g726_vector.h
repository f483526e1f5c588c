/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector forms of g726.c, n a multiple of 8: all channels but those that would be alone in a group, whose numbers
 * and count, one a rate at most, are returned. */
#ifndef BL_G726_VECTOR_H
#define BL_G726_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "g726.h"

size_t bl_g726_encode_vector(struct bl_g726 *const g[], const int16_t *const in[], uint8_t *const out[], size_t n,
                             size_t channels, size_t alone[4]);
size_t bl_g726_decode_vector(struct bl_g726 *const g[], const uint8_t *const in[], int16_t *const out[], size_t n,
                             size_t channels, size_t alone[4]);

#endif
