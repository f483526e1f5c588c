/* SPDX-License-Identifier: GPL-2.0-only */
#include "g711.h"

#include "check.h"

#define ALL 65536

static int16_t samples[ALL], linear[2][ALL];
static uint8_t octets[ALL], codes[2][ALL];

typedef void (*decode_fn)(const uint8_t *in, int16_t *out, size_t n);
typedef void (*encode_fn)(const int16_t *in, uint8_t *out, size_t n);
typedef void (*transcode_fn)(const uint8_t *in, uint8_t *out, size_t n);

static int decoded(const char *what, decode_fn decode, size_t n)
{
	for (int form = 0; form < 2; form++) {
		(void)bl_isa_limit((enum bl_isa)form);
		decode(octets, linear[form], n);
	}
	return check_same(what, linear[0], linear[1], 2 * n);
}

static int encoded(const char *what, encode_fn encode, size_t n)
{
	for (int form = 0; form < 2; form++) {
		(void)bl_isa_limit((enum bl_isa)form);
		encode(samples, codes[form], n);
	}
	return check_same(what, codes[0], codes[1], n);
}

static int transcoded(const char *what, transcode_fn transcode, size_t n)
{
	for (int form = 0; form < 2; form++) {
		(void)bl_isa_limit((enum bl_isa)form);
		transcode(octets, codes[form], n);
	}
	return check_same(what, codes[0], codes[1], n);
}

int check_g711(void)
{
	static const size_t sizes[] = {1, 31, 32, 33, 40, 63, 64, 65, 160, 1280, ALL};
	int wrong = 0;

	for (int i = 0; i < ALL; i++) {
		samples[i] = (int16_t)(i - 32768);
		octets[i] = (uint8_t)(i + i / 256);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		wrong |= decoded("alaw_decode", bl_alaw_decode, sizes[i]);
		wrong |= decoded("ulaw_decode", bl_ulaw_decode, sizes[i]);
		wrong |= encoded("alaw_encode", bl_alaw_encode, sizes[i]);
		wrong |= encoded("ulaw_encode", bl_ulaw_encode, sizes[i]);
		wrong |= transcoded("alaw_to_ulaw", bl_alaw_to_ulaw, sizes[i]);
		wrong |= transcoded("ulaw_to_alaw", bl_ulaw_to_alaw, sizes[i]);
	}
	return wrong;
}
