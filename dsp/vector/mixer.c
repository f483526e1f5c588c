/* SPDX-License-Identifier: GPL-2.0-only */
/* The sum stays in registers while those who speak pass, and then while those who hear do. */
#include "mixer_vector.h"

#include "pairs.h"
#include "words.h"

#define TICK BL_TICK_SAMPLES
#define EIGHTS (TICK / BL_LANES)

/*
 * The sum in 16 bits: what fits, and what is beyond, up to as much again. Of what fits one's own sound is taken, then
 * what is beyond comes to it, both saturated: the same as the sum without it, saturated.
 */
struct split {
	bl_signed fits[BL_TICK_WORDS], beyond[BL_TICK_WORDS];
};

static inline struct split split(const bl_i8 sum[EIGHTS])
{
	int16_t fits[TICK], beyond[TICK];
	struct split s;

	for (int i = 0; i < EIGHTS; i++) {
		bl_h8 cut = bl_saturated(sum[i]);

		bl_store_bl_h8(fits + i * BL_LANES, cut);
		bl_store_bl_h8(beyond + i * BL_LANES, bl_saturated(sum[i] - bl_wide_of(cut)));
	}
	for (int i = 0; i < BL_TICK_WORDS; i++) {
		s.fits[i] = bl_signed_load(fits + bl_tick_at(i));
		s.beyond[i] = bl_signed_load(beyond + bl_tick_at(i));
	}
	return s;
}

static inline void say(const int16_t *said, bl_i8 sum[EIGHTS])
{
	for (int i = 0; i < EIGHTS; i++)
		sum[i] += bl_wide_of(bl_load_bl_h8(said + i * BL_LANES));
}

/* All is loaded before any is stored: out may be own, and the last two vectors overlap. */
static inline void hear(const struct split *s, const int16_t *own, int16_t *out)
{
	bl_signed heard[BL_TICK_WORDS];

	for (int i = 0; i < BL_TICK_WORDS; i++)
		heard[i] = bl_add_saturated(bl_subtract_saturated(s->fits[i], bl_signed_load(own + bl_tick_at(i))),
		                            s->beyond[i]);
	for (int i = 0; i < BL_TICK_WORDS; i++)
		bl_signed_store(out + bl_tick_at(i), heard[i]);
}

void bl_mixer_mix_vector(const int16_t *const in[], uint64_t speaks, int16_t *const out[], uint64_t hears, size_t from)
{
	uint64_t silent = 0, only;
	bl_i8 sum[EIGHTS];
	struct split s;

	for (int i = 0; i < EIGHTS; i++)
		sum[i] = (bl_i8){0};
	for (uint64_t left = speaks; left;) {
		uint32_t p = mixer_next(&left);

		if (in[p])
			say(in[p] + from, sum);
		else
			silent |= 1ull << p;
	}
	s = split(sum);
	only = hears & (~speaks | silent);
	for (uint64_t left = hears & ~only; left;) {
		uint32_t p = mixer_next(&left);

		if (out[p])
			hear(&s, in[p] + from, out[p] + from);
	}
	while (only) {
		uint32_t p = mixer_next(&only);

		for (int i = 0; out[p] && i < BL_TICK_WORDS; i++)
			bl_signed_store(out[p] + from + bl_tick_at(i), s.fits[i]);
	}
}

/* A sample times its sign. */
static inline bl_i8 magnitudes(bl_h16 samples)
{
	return bl_dot_pairs(samples, samples >> 15 | 1);
}

void bl_mixer_measure_vector(const int16_t *const in[], uint64_t parties, uint32_t loudness[])
{
	while (parties) {
		uint32_t p = mixer_next(&parties);
		bl_i8 sums;

		if (!in[p])
			continue;
		sums = magnitudes(bl_load_bl_h16(in[p])) + magnitudes(bl_load_bl_h16(in[p] + 16)) +
		       magnitudes(bl_h16_of_half(bl_load_bl_h8(in[p] + 32)));
		loudness[p] = mixer_smoothed(loudness[p], (uint32_t)bl_total(sums), TICK);
	}
}
