/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector forms of g711.h, for n of at least BL_G711_VECTOR_MIN; the same codes and samples, bit for bit. */
#ifndef BL_G711_VECTOR_H
#define BL_G711_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#define BL_G711_VECTOR_MIN 32

void bl_alaw_decode_vector(const uint8_t *in, int16_t *out, size_t n);
void bl_alaw_encode_vector(const int16_t *in, uint8_t *out, size_t n);
void bl_ulaw_decode_vector(const uint8_t *in, int16_t *out, size_t n);
void bl_ulaw_encode_vector(const int16_t *in, uint8_t *out, size_t n);
/* The first n / 32 * 32 codes; returns how many those are. */
size_t bl_g711_transcode_vector(const uint8_t table[256], const uint8_t *in, uint8_t *out, size_t n);

#endif
