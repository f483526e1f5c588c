/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * G.726 with a channel in each lane of 16 bits; a group is of one rate, and works on a state of its own in empty lanes.
 *
 * The recommendation's floating point is read off the machine's: an integer made a float shows its exponent and leading
 * bits. Shifts by a lane's own number are multiplications by a power of two that is looked up.
 */
#include "g726_vector.h"

#include <string.h>

#include "g726_codes.h"
#include "g726_tables.h"
#include "words.h"

#define STRETCH 40
#define LANES BL_WORD_LANES
#define WORDS 40 /* of the state in lanes */

/* struct bl_g726 in lanes, as far as it goes. */
struct lanes {
	bl_signed yu, yl[2], dms, dml, ap, td, pk[2], a[2], sr[2], sr_exp[2], unused;
	bl_signed b[6], unused_b[2];
	bl_signed dq[6], unused_dq[2];
	bl_signed dq_exp[6], unused_exp[2];
};

struct step {
	bl_signed se, sez, y, minus, dq;
};

/* What all lanes of a group share. */
struct group {
	unsigned int rate;
	struct bl_word_table level, step, speed; /* by the code's magnitude */
	struct bl_word_table power;              /* 2^n */
};

#define INLINE static inline __attribute__((always_inline))
#define SHARED static __attribute__((noinline)) /* by encoder and decoder: the state lies in memory anyway */

static struct group group_of(unsigned int rate)
{
	static const int16_t power[16] = {1,   2,   4,    8,    16,   32,   64,    128,
	                                  256, 512, 1024, 2048, 4096, 8192, 16384, INT16_MIN};

	return (struct group){rate, bl_word_table(bl_g726_level[rate]), bl_word_table(bl_g726_step[rate]),
	                      bl_word_table(bl_g726_rate[rate]), bl_word_table(power)};
}

INLINE bl_signed magnitude_of(bl_signed value, bl_signed minus)
{
	return (value ^ minus) - minus;
}

/* Exponent and 6 bits of mantissa of a magnitude: 0 and 32 for 0. */
INLINE void take_apart(bl_signed magnitude, bl_signed *exponent, bl_signed *mantissa)
{
	bl_signed upper = bl_float_upper(magnitude) >> 2;

	*mantissa = (upper & 31) | 32;
	*exponent = bl_signed_max((upper >> 5) - 126, bl_signed_all(0));
}

/* FMULT: the shift goes right below a sum of exponents of 19, left from there on. */
INLINE bl_signed product(bl_signed coefficient, bl_signed value, bl_signed exponent, struct bl_word_table powers)
{
	bl_signed quarter = coefficient >> 2, minus = (coefficient ^ value) >> 15, exp, mantissa;
	bl_signed scaled, power, sum, left, right;

	take_apart(magnitude_of(quarter, quarter >> 15) & 8191, &exp, &mantissa);
	sum = exp + exponent;
	scaled = (mantissa * (value & 63) + 48) >> 4;
	power = bl_word_lookup(powers, sum - 3);
	left = (bl_signed)((bl_words)scaled * (bl_words)power) & 32767;
	right = (bl_signed)bl_multiply_high((bl_words)scaled, (bl_words)power);
	return magnitude_of(bl_select((bl_signed)(sum > 18), left, right), minus);
}

SHARED struct step estimate(const struct lanes *g, const struct group *of)
{
	struct step s;
	bl_signed sum = {0}, apart = g->yu - g->yl[0], minus = apart >> 15;
	bl_signed al = bl_signed_min(g->ap >> 2, bl_signed_all(64));

	for (int i = 0; i < 6; i++)
		sum += product(g->b[i], g->dq[i], g->dq_exp[i], of->power);
	s.sez = sum >> 1;
	for (int i = 0; i < 2; i++)
		sum += product(g->a[i], g->sr[i], g->sr_exp[i], of->power);
	s.se = sum >> 1;
	apart = magnitude_of(apart, minus);
	apart = (bl_signed)bl_multiply_high((bl_words)apart << 3, (bl_words)al << 7);
	s.y = g->yl[0] + magnitude_of(apart, minus);
	return s;
}

INLINE bl_signed quantized(const struct group *of, const struct step *s, bl_signed sample)
{
	bl_signed d = (sample >> 2) - s->se, minus = d >> 15, interval = {0}, log, turned;

	log = bl_signed_max(bl_float_upper(magnitude_of(d, minus) & 32767) - (127 << 7), bl_signed_all(0));
	log -= s->y >> 2;
	for (int i = 0; i < bl_g726_decisions[of->rate]; i++)
		interval -= ~(bl_signed)(bl_signed_all(bl_g726_decision[of->rate][i]) > log);
	turned = minus;
	if (of->rate > 0)
		turned |= (bl_signed)(interval == 0);
	return (interval ^ turned) & (int16_t)((4u << of->rate) - 1u);
}

INLINE bl_signed antilog(bl_signed level, bl_signed y, struct bl_word_table powers)
{
	bl_signed log = level + (y >> 2);
	bl_words mantissa = (bl_words)((log & 127) + 128) << 8;

	return (bl_signed)bl_multiply_high(mantissa,
	                                   (bl_words)bl_word_lookup(powers, (log >> 7) + 1) & (bl_words)(log >= 0));
}

INLINE bl_signed transition(const struct lanes *g, bl_signed dq, struct bl_word_table powers)
{
	bl_signed exp = g->yl[0] >> 9, fraction = (g->yl[0] >> 4) & 31;
	bl_words least = (bl_words)((fraction + 32) * bl_word_lookup(powers, exp));

	least = (bl_words)bl_select((bl_signed)(exp > 9), bl_signed_all(31 << 10), (bl_signed)least);
	return g->td & (bl_signed)(dq > (bl_signed)((least + (least >> 1)) >> 1));
}

INLINE void scale(struct lanes *g, bl_signed y, bl_signed step)
{
	bl_signed change;

	g->yu = bl_between(bl_signed_all(544), y + step + (-y >> 5), bl_signed_all(5120));
	change = g->yl[1] + g->yu - g->yl[0] + (bl_signed)(g->yl[1] != 0);
	g->yl[0] += change >> 6;
	g->yl[1] = change & 63;
}

INLINE void hurry(struct lanes *g, bl_signed y, bl_signed rate, bl_signed tone, bl_signed transit)
{
	bl_signed apart, unsteady;

	g->dms += rate * 16 + (-g->dms >> 5);
	g->dml += rate * 16 + (-g->dml >> 7);
	apart = g->dms * 4 - g->dml;
	apart = magnitude_of(apart, apart >> 15);
	unsteady = (bl_signed)(y < 1536) | tone | ~(bl_signed)(apart < (g->dml >> 3));
	g->ap = bl_select(transit, bl_signed_all(256), g->ap + (unsteady & 32) + (-g->ap >> 4));
}

INLINE void adapt_poles(struct lanes *g, bl_signed partial)
{
	bl_signed pk = partial >> 15, unlike = pk ^ g->pk[0], unlike2 = pk ^ g->pk[1];
	bl_signed some = (bl_signed)(partial != 0), a1, a2;
	bl_signed slope = bl_between(bl_signed_all(-8191), g->a[0], bl_signed_all(8191)) * 4;

	slope = (magnitude_of(slope, ~unlike) >> 7) + magnitude_of(bl_signed_all(128), unlike2);
	a2 = g->a[1] - (g->a[1] >> 7) + (slope & some);
	a1 = g->a[0] - (g->a[0] >> 8) + (magnitude_of(bl_signed_all(192), unlike) & some);
	g->a[1] = bl_between(bl_signed_all(-12288), a2, bl_signed_all(12288));
	g->a[0] = bl_between(g->a[1] - 15360, a1, 15360 - g->a[1]);
	g->pk[1] = g->pk[0];
	g->pk[0] = pk;
}

INLINE void adapt_zeros(struct lanes *g, const struct group *of, const struct step *s)
{
	bl_signed some = (bl_signed)(s->dq != 0) & 128;
	int leak = of->rate == 3 ? 9 : 8;

	for (int i = 0; i < 6; i++)
		g->b[i] += magnitude_of(some, (g->dq[i] >> 15) ^ s->minus) - (g->b[i] >> leak);
}

INLINE void remember(bl_signed *value, bl_signed *exponent, bl_signed minus, bl_signed magnitude)
{
	bl_signed mantissa;

	take_apart(magnitude, exponent, &mantissa);
	*value = mantissa | (minus & INT16_MIN);
}

INLINE void trigger(struct lanes *g, bl_signed transit)
{
	for (int i = 0; i < 2; i++)
		g->a[i] &= ~transit;
	for (int i = 0; i < 6; i++)
		g->b[i] &= ~transit;
}

SHARED bl_signed go_on(struct lanes *g, const struct group *of, struct step *s, bl_signed code)
{
	int16_t half = (int16_t)(2u << of->rate);
	bl_signed dq, sr, transit, tone, magnitude;

	s->minus = (bl_signed)((code & half) != 0);
	magnitude = (code ^ s->minus) & (int16_t)(half - 1);
	s->dq = antilog(bl_word_lookup(of->level, magnitude), s->y, of->power);
	dq = magnitude_of(s->dq, s->minus);
	sr = s->se + dq;
	transit = transition(g, s->dq, of->power);
	scale(g, s->y, bl_word_lookup(of->step, magnitude));
	adapt_poles(g, s->sez + dq);
	adapt_zeros(g, of, s);
	tone = (bl_signed)(g->a[1] < -11776);
	hurry(g, s->y, bl_word_lookup(of->speed, magnitude), tone, transit);
	g->td = tone & ~transit;
	trigger(g, transit);
	for (int i = 5; i > 0; i--) {
		g->dq[i] = g->dq[i - 1];
		g->dq_exp[i] = g->dq_exp[i - 1];
	}
	remember(&g->dq[0], &g->dq_exp[0], s->minus, s->dq);
	g->sr[1] = g->sr[0];
	g->sr_exp[1] = g->sr_exp[0];
	remember(&g->sr[0], &g->sr_exp[0], sr >> 15, magnitude_of(sr, sr >> 15) & 32767);
	return sr;
}

/* LANES channels of one rate, up to STRETCH samples. */
static void encode(struct bl_g726 *const g[], const int16_t *const in[], uint8_t *const out[], size_t n)
{
	int16_t lanes[STRETCH][LANES], codes[LANES][STRETCH];
	const int16_t *state[LANES];
	int16_t *to[LANES], *back[LANES];
	const struct group of = group_of(g[0]->rate & 3u);
	struct lanes s;

	for (int c = 0; c < LANES; c++) {
		state[c] = back[c] = &g[c]->yu;
		to[c] = codes[c];
	}
	bl_into_lanes(state, (int16_t *)&s, WORDS);
	bl_into_lanes(in, lanes[0], n);
	for (size_t i = 0; i < n; i++) {
		struct step step = estimate(&s, &of);
		bl_signed code = quantized(&of, &step, bl_signed_load(lanes[i]));

		(void)go_on(&s, &of, &step, code);
		bl_signed_store(lanes[i], code);
	}
	bl_out_of_lanes(lanes[0], to, n);
	bl_out_of_lanes((const int16_t *)&s, back, WORDS);
	for (int c = 0; c < LANES; c++)
		bl_g726_pack(g[c], codes[c], out[c], n);
}

static void decode(struct bl_g726 *const g[], const uint8_t *const in[], int16_t *const out[], size_t n)
{
	int16_t lanes[STRETCH][LANES], codes[LANES][STRETCH];
	const int16_t *state[LANES], *from[LANES];
	int16_t *back[LANES];
	const struct group of = group_of(g[0]->rate & 3u);
	struct lanes s;

	for (int c = 0; c < LANES; c++) {
		state[c] = back[c] = &g[c]->yu;
		from[c] = codes[c];
		bl_g726_unpack(g[c], in[c], codes[c], n);
	}
	bl_into_lanes(state, (int16_t *)&s, WORDS);
	bl_into_lanes(from, lanes[0], n);
	for (size_t i = 0; i < n; i++) {
		struct step step = estimate(&s, &of);
		bl_signed sr = go_on(&s, &of, &step, bl_signed_load(lanes[i]));

		bl_signed_store(lanes[i], bl_between(bl_signed_all(-8192), sr, bl_signed_all(8191)) * 4);
	}
	bl_out_of_lanes(lanes[0], out, n);
	bl_out_of_lanes((const int16_t *)&s, back, WORDS);
}

/* The next channels of this rate from *at on; how many. */
static size_t gather(struct bl_g726 *const g[], size_t channels, unsigned int rate, size_t *at, size_t found[LANES])
{
	size_t count = 0;

	for (; *at < channels && count < LANES; ++*at)
		if ((g[*at]->rate & 3u) == rate)
			found[count++] = *at;
	return count;
}

static void encode_group(struct bl_g726 *const g[], const int16_t *const in[], uint8_t *const out[], size_t n,
                         const size_t found[LANES], size_t count)
{
	struct bl_g726 nobody = {.rate = g[found[0]]->rate}, *states[LANES];
	uint8_t nowhere[STRETCH];
	size_t now;

	for (size_t done = 0; done < n; done += now) {
		const int16_t *from[LANES];
		uint8_t *to[LANES];

		now = n - done < STRETCH ? n - done : STRETCH;
		for (size_t lane = 0; lane < LANES; lane++) {
			size_t c = found[lane < count ? lane : 0];

			states[lane] = lane < count ? g[c] : &nobody;
			from[lane] = in[c] + done;
			to[lane] = lane < count ? out[c] + done * bl_g726_bits(g[c]) / 8 : nowhere;
		}
		encode(states, from, to, now);
	}
}

static void decode_group(struct bl_g726 *const g[], const uint8_t *const in[], int16_t *const out[], size_t n,
                         const size_t found[LANES], size_t count)
{
	struct bl_g726 nobody = {.rate = g[found[0]]->rate}, *states[LANES];
	int16_t nowhere[STRETCH];
	size_t now;

	for (size_t done = 0; done < n; done += now) {
		const uint8_t *from[LANES];
		int16_t *to[LANES];

		now = n - done < STRETCH ? n - done : STRETCH;
		for (size_t lane = 0; lane < LANES; lane++) {
			size_t c = found[lane < count ? lane : 0];

			states[lane] = lane < count ? g[c] : &nobody;
			from[lane] = in[c] + done * bl_g726_bits(g[c]) / 8;
			to[lane] = lane < count ? out[c] + done : nowhere;
		}
		decode(states, from, to, now);
	}
}

size_t bl_g726_encode_vector(struct bl_g726 *const g[], const int16_t *const in[], uint8_t *const out[], size_t n,
                             size_t channels, size_t alone[4])
{
	size_t left = 0;

	for (unsigned int rate = 0; rate < 4; rate++) {
		size_t found[LANES], count, at = 0;

		while ((count = gather(g, channels, rate, &at, found)))
			if (count > 1)
				encode_group(g, in, out, n, found, count);
			else
				alone[left++] = found[0];
	}
	return left;
}

size_t bl_g726_decode_vector(struct bl_g726 *const g[], const uint8_t *const in[], int16_t *const out[], size_t n,
                             size_t channels, size_t alone[4])
{
	size_t left = 0;

	for (unsigned int rate = 0; rate < 4; rate++) {
		size_t found[LANES], count, at = 0;

		while ((count = gather(g, channels, rate, &at, found)))
			if (count > 1)
				decode_group(g, in, out, n, found, count);
			else
				alone[left++] = found[0];
	}
	return left;
}
