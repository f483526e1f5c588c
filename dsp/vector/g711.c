/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * G.711 on 16 or 32 codes at a time.
 *
 * A code is four bits of step and three of segment: a value is an octet made of the step, times a power of two that the
 * segment looks up, with the sign in the factor. Encoding finds the segment as the bit length of the magnitude's upper
 * part, by two look-ups of four bits each, and shifts right by a multiplication whose lower half is thrown away. A
 * buffer that is no whole number of vectors ends in one that laps over the one before.
 */
#include "g711_vector.h"

#include "octets.h"

/* Octets 16 * low nibble of the code. */
static inline bl_octets steps_times_16(bl_octets code)
{
	return (bl_octets)((bl_words)code << 4) & 0xf0;
}

static inline bl_octets upper_nibble(bl_octets code)
{
	return (bl_octets)((bl_words)code >> 4) & 0x0f;
}

static inline bl_octets negative(bl_octets mask_of_sign_bit)
{
	return (bl_octets)((int8_t __attribute__((vector_size(BL_OCTETS))))mask_of_sign_bit < 0);
}

static inline void alaw_decode_piece(const uint8_t *in, int16_t *out)
{
	/* By sign (A-law: 1 is positive) and segment: the factor's lower octet, and what lies above the step. */
	static const uint8_t factors[16] = {0xff, 0xff, 0xfe, 0xfc, 0xf8, 0xf0, 0xe0, 0xc0, 1, 1, 2, 4, 8, 16, 32, 64};
	static const uint8_t leading[16] = {0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1};
	bl_octets code = bl_octets_load(in) ^ 0x55;
	bl_octets key = upper_nibble(code);
	bl_octets low = steps_times_16(code) | 8;
	bl_octets high = bl_lookup(bl_table(leading), key);
	bl_octets factor = bl_lookup(bl_table(factors), key);
	bl_octets factor_high = ~negative(code);

	bl_words_store(out, bl_zip_first(low, high) * bl_zip_first(factor, factor_high),
	               bl_zip_second(low, high) * bl_zip_second(factor, factor_high));
}

static inline void ulaw_decode_piece(const uint8_t *in, int16_t *out)
{
	/* ((step * 8 + 132) << segment) - 132, with the sign in factor and bias. */
	static const uint8_t factors[16] = {1,    2,    4,    8,    16,   32,   64,   128,
	                                    0xff, 0xfe, 0xfc, 0xf8, 0xf0, 0xe0, 0xc0, 0x80};
	bl_octets code = ~bl_octets_load(in);
	bl_octets low = (steps_times_16(code) >> 1) + 132;
	bl_octets factor = bl_lookup(bl_table(factors), upper_nibble(code));
	bl_octets minus = negative(code), none = bl_octets_all(0);
	bl_octets bias = (minus & 0x7c) | (~minus & 0x84); /* -132 and 132 */

	bl_words_store(out, bl_zip_first(low, none) * bl_zip_first(factor, minus) - bl_zip_first(bias, minus),
	               bl_zip_second(low, none) * bl_zip_second(factor, minus) - bl_zip_second(bias, minus));
}

struct halves {
	bl_words first, second;
};

static inline bl_words signs_of(bl_words samples)
{
	return (bl_words)((bl_signed)samples >> 15);
}

struct coded {
	bl_octets length; /* bits of `upper` */
	bl_octets steps;  /* `value` shifted right by that and one */
};

/* `upper` is below 128, `value` below 8192. */
static inline struct coded segments_and_steps(struct halves upper, struct halves value)
{
	static const uint8_t length_low[16] = {0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4};
	static const uint8_t length_high[16] = {0, 5, 6, 6, 7, 7, 7, 7};
	static const uint8_t shift[16] = {0x80, 0x40, 0x20, 0x10, 8, 4, 2, 1};
	bl_octets octets = bl_narrow(upper.first, upper.second);
	bl_octets length = bl_octets_max(bl_lookup(bl_table(length_low), octets),
	                                 bl_lookup(bl_table(length_high), upper_nibble(octets)));
	bl_octets factor = bl_lookup(bl_table(shift), length), none = bl_octets_all(0);
	bl_words first = bl_multiply_high(value.first, bl_zip_first(none, factor));
	bl_words second = bl_multiply_high(value.second, bl_zip_second(none, factor));

	return (struct coded){length, bl_narrow(first, second)};
}

static inline void store_codes(uint8_t *out, bl_octets positive, struct halves signs)
{
	bl_octets minus = bl_narrow(signs.first, signs.second) & 0x80;

	bl_octets_store(out, bl_octets_in_order(positive ^ minus));
}

static inline void alaw_encode_piece(const int16_t *in, uint8_t *out)
{
	static const uint8_t segment[16] = {0, 16, 32, 48, 64, 80, 96};
	bl_words a = bl_words_load(in), b = bl_words_load(in + BL_OCTETS / 2);
	struct halves signs = {signs_of(a), signs_of(b)};
	struct halves size = {a ^ signs.first, b ^ signs.second}; /* magnitude; -1 is 0 */
	struct coded c = segments_and_steps((struct halves){size.first >> 9, size.second >> 9},
	                                    (struct halves){size.first >> 3, size.second >> 3});

	store_codes(out, (bl_lookup(bl_table(segment), c.length) + c.steps) ^ 0xd5, signs);
}

/* Magnitude, rounded up at half a step of 8, on top of the bias of 128; from the last value on it is overload. */
static inline bl_words biased_of(bl_words samples, bl_words signs)
{
	return bl_words_min((samples ^ signs) + 132, (bl_words){0} + 32767);
}

static inline void ulaw_encode_piece(const int16_t *in, uint8_t *out)
{
	/* The code's complement of segment and step: 255 - (16 * segment + steps - 16), modulo 256. */
	static const uint8_t complement[16] = {15, 255, 239, 223, 207, 191, 175, 159};
	bl_words a = bl_words_load(in), b = bl_words_load(in + BL_OCTETS / 2);
	struct halves signs = {signs_of(a), signs_of(b)};
	struct halves biased = {biased_of(a, signs.first), biased_of(b, signs.second)};
	struct coded c = segments_and_steps((struct halves){biased.first >> 8, biased.second >> 8},
	                                    (struct halves){biased.first >> 2, biased.second >> 2});

	store_codes(out, bl_lookup(bl_table(complement), c.length) - c.steps, signs);
}

#define WHOLE(name, piece, from, to)                                                                                   \
	void name(const from *in, to *out, size_t n)                                                                   \
	{                                                                                                              \
		size_t at = 0;                                                                                         \
                                                                                                                       \
		for (; at + BL_OCTETS <= n; at += BL_OCTETS)                                                           \
			piece(in + at, out + at);                                                                      \
		if (at < n)                                                                                            \
			piece(in + n - BL_OCTETS, out + n - BL_OCTETS);                                                \
	}

WHOLE(bl_alaw_decode_vector, alaw_decode_piece, uint8_t, int16_t)
WHOLE(bl_alaw_encode_vector, alaw_encode_piece, int16_t, uint8_t)
WHOLE(bl_ulaw_decode_vector, ulaw_decode_piece, uint8_t, int16_t)
WHOLE(bl_ulaw_encode_vector, ulaw_encode_piece, int16_t, uint8_t)

/* The lower half of a table of 256 codes whose upper half differs by the sign alone; `size` is the code without it. */
static inline bl_octets lookup_128(const bl_octets rows[8], bl_octets size)
{
	bl_octets bit4 = (bl_octets)((bl_words)size << 3), bit5 = (bl_octets)((bl_words)size << 2);
	bl_octets bit6 = (bl_octets)((bl_words)size << 1), pairs[4];

	for (int i = 0; i < 4; i++)
		pairs[i] = bl_octets_choose(bit4, bl_lookup(rows[2 * i + 1], size), bl_lookup(rows[2 * i], size));
	return bl_octets_choose(bit6, bl_octets_choose(bit5, pairs[3], pairs[2]),
	                        bl_octets_choose(bit5, pairs[1], pairs[0]));
}

size_t bl_g711_transcode_vector(const uint8_t table[256], const uint8_t *in, uint8_t *out, size_t n)
{
	bl_octets rows[8];
	size_t at = 0;

	for (int row = 0; row < 8; row++)
		rows[row] = bl_table(table + 16 * row);
	for (; at + BL_OCTETS <= n; at += BL_OCTETS) {
		bl_octets code = bl_octets_load(in + at);

		bl_octets_store(out + at, lookup_128(rows, code & 0x7f) | (code & 0x80));
	}
	return at;
}
