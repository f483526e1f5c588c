/* SPDX-License-Identifier: GPL-2.0-only */
#include "g711.h"

#include "g711_tables.h"

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

void bl_alaw_decode(const uint8_t *in, int16_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = bl_alaw_linear[in[i]];
}

void bl_alaw_encode(const int16_t *in, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = bl_alaw_code[magnitude(in[i]) >> 4] ^ sign_of(in[i]);
}

void bl_ulaw_decode(const uint8_t *in, int16_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = bl_ulaw_linear[in[i]];
}

void bl_ulaw_encode(const int16_t *in, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = bl_ulaw_code[(magnitude(in[i]) + 4) >> 3] ^ sign_of(in[i]);
}

void bl_alaw_to_ulaw(const uint8_t *in, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = bl_alaw_ulaw[in[i]];
}

void bl_ulaw_to_alaw(const uint8_t *in, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = bl_ulaw_alaw[in[i]];
}
