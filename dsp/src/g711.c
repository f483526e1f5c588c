/* SPDX-License-Identifier: GPL-2.0-only */
#include "g711.h"

#include "g711_tables.h"
#include "g711_vector.h"
#include "isa.h"

#define SIGN 0x80u

/* Magnitude of a sample; -1 is 0, so that a value on a decision value belongs to the interval above it on both sides.
 */
static unsigned int magnitude(int16_t sample)
{
	return (unsigned int)(sample < 0 ? ~sample : sample);
}

static uint8_t sign_of(int16_t sample)
{
	return sample < 0 ? SIGN : 0u;
}

static int vector_pays(size_t n)
{
	return n >= BL_G711_VECTOR_MIN && bl_isa() == BL_ISA_VECTOR;
}

void bl_alaw_decode(const uint8_t *in, int16_t *out, size_t n)
{
	if (!in || !out)
		return;
	if (vector_pays(n)) {
		bl_alaw_decode_vector(in, out, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = bl_alaw_linear[in[i]];
}

void bl_alaw_encode(const int16_t *in, uint8_t *out, size_t n)
{
	if (!in || !out)
		return;
	if (vector_pays(n)) {
		bl_alaw_encode_vector(in, out, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = bl_alaw_code[magnitude(in[i]) >> 4] ^ sign_of(in[i]);
}

void bl_ulaw_decode(const uint8_t *in, int16_t *out, size_t n)
{
	if (!in || !out)
		return;
	if (vector_pays(n)) {
		bl_ulaw_decode_vector(in, out, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = bl_ulaw_linear[in[i]];
}

void bl_ulaw_encode(const int16_t *in, uint8_t *out, size_t n)
{
	if (!in || !out)
		return;
	if (vector_pays(n)) {
		bl_ulaw_encode_vector(in, out, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = bl_ulaw_code[(magnitude(in[i]) + 4) >> 3] ^ sign_of(in[i]);
}

static void transcode(const uint8_t table[256], const uint8_t *in, uint8_t *out, size_t n)
{
	size_t done = vector_pays(n) ? bl_g711_transcode_vector(table, in, out, n) : 0;

	for (size_t i = done; i < n; i++)
		out[i] = table[in[i]];
}

void bl_alaw_to_ulaw(const uint8_t *in, uint8_t *out, size_t n)
{
	if (!in || !out)
		return;
	transcode(bl_alaw_ulaw, in, out, n);
}

void bl_ulaw_to_alaw(const uint8_t *in, uint8_t *out, size_t n)
{
	if (!in || !out)
		return;
	transcode(bl_ulaw_alaw, in, out, n);
}
