/* SPDX-License-Identifier: GPL-2.0-only */
#include "g711.h"

void bl_alaw_decode(const uint8_t *in, int16_t *out, size_t n);
void bl_alaw_encode(const int16_t *in, uint8_t *out, size_t n);
void bl_ulaw_decode(const uint8_t *in, int16_t *out, size_t n);
void bl_ulaw_encode(const int16_t *in, uint8_t *out, size_t n);
void bl_alaw_to_ulaw(const uint8_t *in, uint8_t *out, size_t n);
void bl_ulaw_to_alaw(const uint8_t *in, uint8_t *out, size_t n);
