/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * G.722 with a channel in each lane of 16 bits. The mirror filters work the other way, on eight pairs of one channel at
 * a time: they have no feedback. A group that is not full works on a state of its own in the empty lanes.
 */
#include "g722_vector.h"

#include <string.h>

#include "g722_tables.h"
#include "words.h"

#define PAIRS 40 /* a tick */
#define PAST 22
#define TAPS 12
#define LANES BL_WORD_LANES
#define LEAST_LANES 2 /* one alone is faster by itself */
#define WORDS 24      /* of a band */

/* A band's state in lanes. */
struct band {
	bl_signed nb, det, s, sz, a[2], p[2];
	bl_signed b[6], r, unused;
	bl_signed d[6], unused_too[2];
};

struct tables {
	struct bl_word_table level_low, step_low, level_high, step_high, power[2], octave_low, octave_high;
};

static struct tables tables(void)
{
	static const int16_t low[16] = {16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};
	static const int16_t high[16] = {4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};
	int16_t level[16] = {0}, step[16] = {0};

	memcpy(level, bl_g722_level_high, sizeof bl_g722_level_high);
	memcpy(step, bl_g722_step_high, sizeof bl_g722_step_high);
	return (struct tables){
	        .level_low = bl_word_table(bl_g722_level_48),
	        .step_low = bl_word_table(bl_g722_step_low),
	        .level_high = bl_word_table(level),
	        .step_high = bl_word_table(step),
	        .power = {bl_word_table(bl_g722_power), bl_word_table(bl_g722_power + 16)},
	        .octave_low = bl_word_table(low),
	        .octave_high = bl_word_table(high),
	};
}

#define INLINE static inline __attribute__((always_inline))
#define SHARED static __attribute__((noinline)) /* by encoder and decoder: the state lies in memory anyway */

INLINE void adapt_zeros(struct band *s, bl_signed d)
{
	bl_signed step = (bl_signed)(d != 0) & 128;

	for (int i = 5; i >= 0; i--) {
		bl_signed unlike = (s->d[i] ^ d) >> 15;

		s->b[i] += bl_multiply_high_signed(s->b[i], bl_signed_all(-256));
		s->b[i] = bl_add_saturated(s->b[i], (step ^ unlike) - unlike);
		s->d[i] = i ? s->d[i - 1] : d;
	}
}

INLINE void adapt_poles(struct band *s, bl_signed p)
{
	bl_signed unlike = (p ^ s->p[0]) >> 15, unlike2 = (p ^ s->p[1]) >> 15;
	bl_signed slope = bl_add_saturated(s->a[0], s->a[0]), most, a2;

	slope = bl_add_saturated(slope, slope);
	slope = bl_select(unlike, slope, bl_subtract_saturated(bl_signed_all(0), slope)) >> 7;
	slope += (bl_signed_all(128) ^ unlike2) - unlike2;
	a2 = s->a[1] + bl_multiply_high_signed(s->a[1], bl_signed_all(-512));
	a2 = bl_between(bl_signed_all(-12288), bl_add_saturated(slope, a2), bl_signed_all(12288));
	most = 15360 - a2;
	s->a[0] += bl_multiply_high_signed(s->a[0], bl_signed_all(-256));
	s->a[0] = bl_add_saturated(s->a[0], (bl_signed_all(192) ^ unlike) - unlike);
	s->a[0] = bl_between(-most, s->a[0], most);
	s->a[1] = a2;
	s->p[1] = s->p[0];
	s->p[0] = p;
}

INLINE void predict(struct band *s, bl_signed d)
{
	bl_signed r = bl_add_saturated(s->s, d), sz = {0}, sp;

	adapt_poles(s, bl_add_saturated(d, s->sz));
	adapt_zeros(s, d);
	for (int i = 5; i >= 0; i--)
		sz = bl_add_saturated(sz, bl_mult15(bl_add_saturated(s->d[i], s->d[i]), s->b[i]));
	sp = bl_add_saturated(bl_mult15(s->a[0], bl_add_saturated(r, r)),
	                      bl_mult15(s->a[1], bl_add_saturated(s->r, s->r)));
	s->r = r;
	s->sz = sz;
	s->s = bl_add_saturated(sp, sz);
}

/* The octave's factor stands four bits below, the power four above, so that the upper word is the shifted power. */
INLINE void scale(struct band *s, bl_signed step, int16_t most, const struct tables *t, struct bl_word_table octave)
{
	bl_signed nb = s->nb + bl_multiply_high_signed(s->nb, bl_signed_all(-512)) + step, index, power;

	nb = bl_between(bl_signed_all(0), nb, bl_signed_all(most));
	index = (nb >> 6) & 31;
	power = bl_select((bl_signed)(index > 15), bl_word_lookup(t->power[1], index & 15),
	                  bl_word_lookup(t->power[0], index & 15));
	s->nb = nb;
	s->det = (bl_signed)(bl_multiply_high((bl_words)power << 4, (bl_words)bl_word_lookup(octave, nb >> 11)) << 2);
}

SHARED void low_goes_on(struct band *s, bl_signed upper4, const struct tables *t)
{
	bl_signed d = bl_mult15(s->det, bl_word_lookup(t->level_low, upper4));

	scale(s, bl_word_lookup(t->step_low, upper4), 18432, t, t->octave_low);
	predict(s, d);
}

SHARED void high_goes_on(struct band *s, bl_signed code, const struct tables *t)
{
	bl_signed d = bl_mult15(s->det, bl_word_lookup(t->level_high, code));

	scale(s, bl_word_lookup(t->step_high, code), 22528, t, t->octave_high);
	predict(s, d);
}

INLINE bl_signed decision(bl_signed det, int16_t level)
{
	return (bl_signed)bl_multiply_high((bl_words)det, (bl_words)bl_signed_all(level) << 4);
}

INLINE bl_signed low_code(const struct band *s, bl_signed x)
{
	bl_signed e = bl_subtract_saturated(x, s->s), minus = e >> 15, magnitude = e ^ minus;
	bl_signed interval = bl_signed_all(29);

#pragma GCC unroll 29
	for (int i = 0; i < 29; i++)
		interval += (bl_signed)(decision(s->det, bl_g722_decision[i]) > magnitude);
	return bl_select(minus, 33 + ((bl_signed)(interval < 2) & 30), bl_signed_all(61)) - interval;
}

INLINE bl_signed high_code(const struct band *s, bl_signed x)
{
	bl_signed e = bl_subtract_saturated(x, s->s), minus = e >> 15, magnitude = e ^ minus;
	bl_signed small = (bl_signed)(decision(s->det, BL_G722_DECISION_HIGH) > magnitude);

	return 2 - small + 2 * minus;
}

INLINE bl_signed limit15(bl_signed x)
{
	return bl_between(bl_signed_all(-16384), x, bl_signed_all(16383));
}

/* Taps of both halves beside each other: for the older sample of a pair and the newer, and with the older's sign
 * changed. */
INLINE bl_i8 taps(int i, int sign)
{
	int older = sign * bl_g722_qmf[TAPS - 1 - i], newer = bl_g722_qmf[i];

	return (bl_i8){0} + (int)((unsigned int)newer << 16 | (unsigned int)(older & 0xffff));
}

void bl_g722_split_vector(const int16_t *line, int16_t *low, int16_t *high, size_t pairs)
{
	for (size_t n = 0; n < pairs; n += BL_LANES) {
		bl_i8 sum = {0}, difference = {0};

		for (int i = 0; i < TAPS; i++) {
			bl_i8 pair = bl_load_bl_i8(line + 2 * (ptrdiff_t)n - 2 * i);

			sum += bl_multiply_pairs(pair, taps(i, 1));
			difference += bl_multiply_pairs(pair, taps(i, -1));
		}
		bl_store_bl_h8(low + n, bl_saturated(sum >> 14));
		bl_store_bl_h8(high + n, bl_saturated(difference >> 14));
	}
}

void bl_g722_join_vector(const int16_t *line, int16_t *out, size_t pairs)
{
	for (size_t n = 0; n < pairs; n += BL_LANES) {
		bl_i8 first = {0}, second = {0};
		bl_h8 a, b;

		for (int i = 0; i < TAPS; i++) {
			bl_i8 pair = bl_load_bl_i8(line + 2 * (ptrdiff_t)n - 2 * i);

			first += bl_multiply_pairs(pair, taps(i, 1) & ~0xffff);
			second += bl_multiply_pairs(pair, taps(i, 1) & 0xffff);
		}
		a = bl_saturated(first >> 11);
		b = bl_saturated(second >> 11);
		bl_store_bl_h8(out + 2 * n, __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
		bl_store_bl_h8(out + 2 * n + 8, __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15));
	}
}

/* Up to LANES channels and PAIRS pairs. */
static void encode(struct bl_g722_enc *const e[], const int16_t *const in[], uint8_t *const out[], size_t pairs)
{
	int16_t line[PAST + 2 * PAIRS], bands[2][LANES][PAIRS], lanes[2][PAIRS][LANES];
	const int16_t *from[2][LANES], *state[LANES];
	int16_t *to[LANES];
	struct band s[2];
	const struct tables t = tables();

	for (int c = 0; c < LANES; c++) {
		memcpy(line, e[c]->x, PAST * sizeof line[0]);
		memcpy(line + PAST, in[c], 2 * pairs * sizeof line[0]);
		memcpy(e[c]->x, line + 2 * pairs, PAST * sizeof line[0]);
		bl_g722_split_vector(line + PAST, bands[0][c], bands[1][c], pairs);
		from[0][c] = bands[0][c];
		from[1][c] = to[c] = bands[1][c];
		state[c] = &e[c]->band[0].nb;
	}
	bl_into_lanes(state, (int16_t *)s, 2 * WORDS);
	bl_into_lanes(from[0], lanes[0][0], pairs);
	bl_into_lanes(from[1], lanes[1][0], pairs);
	for (size_t n = 0; n < pairs; n++) {
		bl_signed low = low_code(&s[0], limit15(bl_signed_load(lanes[0][n])));
		bl_signed high = high_code(&s[1], limit15(bl_signed_load(lanes[1][n])));

		low_goes_on(&s[0], low >> 2, &t);
		high_goes_on(&s[1], high, &t);
		bl_signed_store(lanes[1][n], low | (high << 6));
	}
	bl_out_of_lanes(lanes[1][0], to, pairs);
	for (int c = 0; c < LANES; c++) {
		for (size_t n = 0; n < pairs; n++)
			out[c][n] = (uint8_t)bands[1][c][n];
		to[c] = &e[c]->band[0].nb;
	}
	bl_out_of_lanes((const int16_t *)s, to, 2 * WORDS);
}

static int16_t low_level(unsigned int mode, unsigned int code)
{
	return mode >= 3   ? bl_g722_level_48[code >> 2]
	       : mode == 2 ? bl_g722_level_56[code >> 1]
	                   : bl_g722_level_64[code];
}

static void take_octets(const struct bl_g722_dec *d, const uint8_t *in, int16_t *levels, int16_t *octets, size_t pairs)
{
	int16_t table[64];

	for (unsigned int code = 0; code < 64; code++)
		table[code] = low_level(d->mode, code);
	for (size_t n = 0; n < pairs; n++) {
		levels[n] = table[in[n] & 63];
		octets[n] = in[n];
	}
}

static void decode(struct bl_g722_dec *const d[], const uint8_t *const in[], int16_t *const out[], size_t pairs)
{
	int16_t line[PAST + 2 * PAIRS], bands[2][LANES][PAIRS], lanes[2][PAIRS][LANES];
	const int16_t *from[2][LANES], *state[LANES];
	int16_t *to[2][LANES];
	struct band s[2];
	const struct tables t = tables();

	for (int c = 0; c < LANES; c++) {
		take_octets(d[c], in[c], bands[0][c], bands[1][c], pairs);
		from[0][c] = to[0][c] = bands[0][c];
		from[1][c] = to[1][c] = bands[1][c];
		state[c] = &d[c]->band[0].nb;
	}
	bl_into_lanes(state, (int16_t *)s, 2 * WORDS);
	bl_into_lanes(from[0], lanes[0][0], pairs);
	bl_into_lanes(from[1], lanes[1][0], pairs);
	for (size_t n = 0; n < pairs; n++) {
		bl_signed octet = bl_signed_load(lanes[1][n]), high;
		bl_signed low = bl_add_saturated(s[0].s, bl_mult15(s[0].det, bl_signed_load(lanes[0][n])));

		low = limit15(low);
		low_goes_on(&s[0], (octet >> 2) & 15, &t);
		high_goes_on(&s[1], octet >> 6, &t);
		high = limit15(s[1].r);
		bl_signed_store(lanes[0][n], bl_add_saturated(low, high));
		bl_signed_store(lanes[1][n], bl_subtract_saturated(low, high));
	}
	bl_out_of_lanes(lanes[0][0], to[0], pairs);
	bl_out_of_lanes(lanes[1][0], to[1], pairs);
	for (int c = 0; c < LANES; c++) {
		memcpy(line, d[c]->x, PAST * sizeof line[0]);
		for (size_t n = 0; n < pairs; n++) {
			line[PAST + 2 * n] = bands[0][c][n];
			line[PAST + 2 * n + 1] = bands[1][c][n];
		}
		memcpy(d[c]->x, line + 2 * pairs, PAST * sizeof line[0]);
		bl_g722_join_vector(line + PAST, out[c], pairs);
		to[0][c] = &d[c]->band[0].nb;
	}
	bl_out_of_lanes((const int16_t *)s, to[0], 2 * WORDS);
}

size_t bl_g722_encode_vector(struct bl_g722_enc *const e[], const int16_t *const in[], uint8_t *const out[],
                             size_t pairs, size_t channels)
{
	struct bl_g722_enc nobody;
	uint8_t nowhere[PAIRS];
	size_t done = 0;

	memset(&nobody, 0, sizeof nobody);
	for (; done + LEAST_LANES <= channels; done += LANES) {
		size_t now;

		for (size_t at = 0; at < pairs; at += now) {
			struct bl_g722_enc *group[LANES];
			const int16_t *from[LANES];
			uint8_t *to[LANES];

			now = pairs - at < PAIRS ? pairs - at : PAIRS;
			for (size_t c = 0; c < LANES; c++) {
				int used = done + c < channels;

				group[c] = used ? e[done + c] : &nobody;
				from[c] = in[used ? done + c : done] + 2 * at;
				to[c] = used ? out[done + c] + at : nowhere;
			}
			encode(group, from, to, now);
		}
	}
	return done < channels ? done : channels;
}

size_t bl_g722_decode_vector(struct bl_g722_dec *const d[], const uint8_t *const in[], int16_t *const out[],
                             size_t pairs, size_t channels)
{
	struct bl_g722_dec nobody;
	int16_t nowhere[2 * PAIRS];
	size_t done = 0;

	memset(&nobody, 0, sizeof nobody);
	for (; done + LEAST_LANES <= channels; done += LANES) {
		size_t now;

		for (size_t at = 0; at < pairs; at += now) {
			struct bl_g722_dec *group[LANES];
			const uint8_t *from[LANES];
			int16_t *to[LANES];

			now = pairs - at < PAIRS ? pairs - at : PAIRS;
			for (size_t c = 0; c < LANES; c++) {
				int used = done + c < channels;

				group[c] = used ? d[done + c] : &nobody;
				from[c] = in[used ? done + c : done] + at;
				to[c] = used ? out[done + c] + 2 * at : nowhere;
			}
			decode(group, from, to, now);
		}
	}
	return done < channels ? done : channels;
}
