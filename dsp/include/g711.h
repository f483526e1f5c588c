/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * G.711 A-law and mu-law, both ways, and the transcoding between them: pure functions of n codes, no state. From 32
 * codes on the vector form works, the same bit for bit; it pays to give all channels' sound of a tick at once.
 *
 * Linear samples are 16-bit, left-justified: the 13-bit A-law values of G.711 table 1 times 8, the 14-bit mu-law values
 * of table 2 times 4. A linear value on a decision value belongs to the interval above it (as in G.191). A-law codes
 * carry the even-bit inversion of the line. Transcoding follows G.711 tables 3 and 4, not a decode and an encode: mu ->
 * A -> mu changes only the eight mu values that share an A interval with their neighbour, A -> mu -> A only eight A
 * values. `in` and `out` may be the same buffer where the item sizes are equal (transcoding), else they must not
 * overlap.
 */
#ifndef BL_G711_H
#define BL_G711_H

#include <stddef.h>
#include <stdint.h>

#define BL_ALAW_IDLE 0xD5u /* smallest positive A-law value, +8 */
#define BL_ULAW_IDLE 0xFFu /* mu-law positive zero */

void bl_alaw_decode(const uint8_t *in, int16_t *out, size_t n);
void bl_alaw_encode(const int16_t *in, uint8_t *out, size_t n);
void bl_ulaw_decode(const uint8_t *in, int16_t *out, size_t n);
void bl_ulaw_encode(const int16_t *in, uint8_t *out, size_t n);
void bl_alaw_to_ulaw(const uint8_t *in, uint8_t *out, size_t n);
void bl_ulaw_to_alaw(const uint8_t *in, uint8_t *out, size_t n);

#endif
