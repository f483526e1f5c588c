/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of G.722 clause 6 stand beside what does their work. */
#include "g722.h"

#include <errno.h>
#include <string.h>

#include "g722_tables.h"
#include "g722_vector.h"
#include "isa.h"
#include "words16.h"

#define PAST 22    /* samples the mirror filter remembers */
#define PAIRS 80   /* of samples worked on at a time: 10 ms */
#define TAPS 12    /* of each half of the filter */
#define DET_LOW 32 /* scale factors at reset, clause 6 */
#define DET_HIGH 8
#define NB_LOW_MOST 18432
#define NB_HIGH_MOST 22528
#define A2_MOST 12288   /* 0.75 */
#define STABLE 15360    /* 1 - 2^-4 */
#define BAND_MOST 16383 /* 15 bits */
#define BAND_LEAST (-16384)

static int16_t limit15(int32_t value)
{
	return (int16_t)(value < BAND_LEAST ? BAND_LEAST : value > BAND_MOST ? BAND_MOST : value);
}

/* FILTEZ where a partial sum leaves 16 bits: each saturates, from the oldest difference on. */
static int16_t saturating_sum(const struct bl_g722_band *s)
{
	int16_t sum = 0;

	for (int i = 5; i >= 0; i--)
		sum = bl_limit16(sum + (s->d[i] * s->b[i] >> 14));
	return sum;
}

/*
 * UPZERO, DELAYA, FILTEZ: each coefficient a step of 2^-8 towards the sign of the correlation, with a leak of 2^-8,
 * then the zero section's estimate. A coefficient cannot leave 16 bits, a difference is within 14.
 */
static int16_t adapt_zeros(struct bl_g722_band *s, int16_t d)
{
	int step = d ? 128 : 0, sum = 0, over = 0;

#pragma GCC unroll 6
	for (int i = 5; i >= 0; i--) {
		int unlike = (s->d[i] ^ d) < 0 ? -1 : 0;
		int b = (s->b[i] * 255 >> 8) + ((step ^ unlike) - unlike);

		s->b[i] = (int16_t)b;
		s->d[i] = i ? s->d[i - 1] : d;
		sum += s->d[i] * b >> 14;
		over |= (sum + 32768) >> 16;
	}
	return over ? saturating_sum(s) : (int16_t)sum;
}

/* UPPOL2, UPPOL1. */
static void adapt_poles(struct bl_g722_band *s, int16_t p)
{
	int alike = (p ^ s->p[0]) >= 0, alike2 = (p ^ s->p[1]) >= 0;
	int16_t slope = bl_limit16(s->a[0] * 4), a1, a2, most;

	slope = alike ? bl_sub16(0, slope) : slope;
	a2 = bl_add16((int16_t)((slope >> 7) + (alike2 ? 128 : -128)), bl_mult16(s->a[1], 32512));
	a2 = a2 > A2_MOST ? A2_MOST : a2 < -A2_MOST ? -A2_MOST : a2;
	a1 = bl_add16(alike ? 192 : -192, bl_mult16(s->a[0], 32640));
	most = (int16_t)(STABLE - a2);
	s->a[0] = a1 > most ? most : a1 < -most ? (int16_t)-most : a1;
	s->a[1] = a2;
	s->p[1] = s->p[0];
	s->p[0] = p;
}

/* Block 4 of either band: from the quantized difference to the estimate of the next sample. */
static void predict(struct bl_g722_band *s, int16_t d)
{
	int16_t r = bl_add16(s->s, d), sp;

	adapt_poles(s, bl_add16(d, s->sz));
	s->sz = adapt_zeros(s, d);
	sp = bl_add16(bl_mult16(s->a[0], bl_add16(r, r)), bl_mult16(s->a[1], bl_add16(s->r, s->r)));
	s->r = r;
	s->s = bl_add16(sp, s->sz);
}

/* LOGSCL and SCALEL, LOGSCH and SCALEH; `least` is the exponent at which the scale factor has no fraction. */
static void scale(struct bl_g722_band *s, int16_t step, int16_t most, int least)
{
	int nb = bl_mult16(s->nb, 32512) + step, power;

	nb = nb < 0 ? 0 : nb > most ? most : nb;
	power = bl_g722_power[nb >> 6 & 31];
	s->nb = (int16_t)nb;
	s->det = (int16_t)((power << 1 >> (least + 1 - (nb >> 11))) << 2);
}

static void low_goes_on(struct bl_g722_band *s, unsigned int upper4)
{
	int16_t d = bl_mult16(s->det, bl_g722_level_48[upper4]);

	scale(s, bl_g722_step_low[upper4], NB_LOW_MOST, 8);
	predict(s, d);
}

static void high_goes_on(struct bl_g722_band *s, unsigned int code)
{
	int16_t d = bl_mult16(s->det, bl_g722_level_high[code]);

	scale(s, bl_g722_step_high[code], NB_HIGH_MOST, 10);
	predict(s, d);
}

/* QUANTL: the interval is found by halves. */
static unsigned int low_code(const struct bl_g722_band *s, int16_t x)
{
	int16_t e = bl_sub16(x, s->s);
	int magnitude = e < 0 ? ~e : e;
	unsigned int interval = 0;

	for (unsigned int half = 16; half; half /= 2)
		if (interval + half < 30 && magnitude >= bl_g722_decision[interval + half - 1] * s->det >> 12)
			interval += half;
	return bl_g722_code_low[e < 0 ? 30 + interval : interval];
}

/* QUANTH */
static unsigned int high_code(const struct bl_g722_band *s, int16_t x)
{
	int16_t e = bl_sub16(x, s->s);
	int great = (e < 0 ? ~e : e) >= BL_G722_DECISION_HIGH * s->det >> 12;

	return (e < 0 ? 1u : 3u) - (unsigned int)great;
}

static uint8_t coded(struct bl_g722_band band[2], int16_t low, int16_t high)
{
	unsigned int il = low_code(&band[0], low), ih = high_code(&band[1], high);

	low_goes_on(&band[0], il >> 2);
	high_goes_on(&band[1], ih);
	return (uint8_t)(ih << 6 | il);
}

/* Both halves of the mirror filter at this pair, whose past lies before it. */
static void filter(const int16_t *pair, int32_t *first, int32_t *second)
{
	*first = *second = 0;
	for (int i = 0; i < TAPS; i++) {
		*first += bl_g722_qmf[i] * pair[1 - 2 * i];
		*second += bl_g722_qmf[TAPS - 1 - i] * pair[-2 * i];
	}
}

/* Both bands of a stretch; `line` has the past before it. */
static void split(const int16_t *line, int16_t *low, int16_t *high, size_t pairs)
{
	size_t i = 0;

	if (bl_isa() == BL_ISA_VECTOR) {
		i = pairs & ~(size_t)7;
		bl_g722_split_vector(line, low, high, i);
	}
	for (; i < pairs; i++) {
		int32_t a, b;

		filter(line + 2 * i, &a, &b);
		low[i] = (int16_t)((a + b) >> 14);
		high[i] = (int16_t)((a - b) >> 14);
	}
}

/* The sound of a stretch from the bands' sums and differences. */
static void join(const int16_t *line, int16_t *out, size_t pairs)
{
	size_t i = 0;

	if (bl_isa() == BL_ISA_VECTOR) {
		i = pairs & ~(size_t)7;
		bl_g722_join_vector(line, out, i);
	}
	for (; i < pairs; i++) {
		int32_t a, b;

		filter(line + 2 * i, &a, &b);
		out[2 * i] = bl_limit16(a >> 11);
		out[2 * i + 1] = bl_limit16(b >> 11);
	}
}

static void encode_one(struct bl_g722_enc *e, const int16_t *in, uint8_t *out, size_t pairs)
{
	int16_t line[PAST + 2 * PAIRS], low[PAIRS], high[PAIRS];

	for (size_t done = 0, now; done < pairs; done += now) {
		now = pairs - done < PAIRS ? pairs - done : PAIRS;
		memcpy(line, e->x, PAST * sizeof line[0]);
		memcpy(line + PAST, in + 2 * done, 2 * now * sizeof line[0]);
		split(line + PAST, low, high, now);
		for (size_t i = 0; i < now; i++)
			out[done + i] = coded(e->band, limit15(low[i]), limit15(high[i]));
		memcpy(e->x, line + 2 * now, PAST * sizeof line[0]);
	}
}

size_t bl_g722_enc_size(void)
{
	return sizeof(struct bl_g722_enc);
}

int bl_g722_enc_init(struct bl_g722_enc *e)
{
	if (!e)
		return -EINVAL;
	bl_g722_enc_reset(e);
	return 0;
}

void bl_g722_enc_reset(struct bl_g722_enc *e)
{
	if (!e)
		return;
	memset(e, 0, sizeof *e);
	e->band[0].det = DET_LOW;
	e->band[1].det = DET_HIGH;
}

int bl_g722_enc_process(struct bl_g722_enc *e, const int16_t *in, uint8_t *out, size_t n)
{
	if (!e || !in || !out)
		return -EINVAL;
	if (n % 2)
		return -EINVAL;
	encode_one(e, in, out, n / 2);
	return 0;
}

int bl_g722_enc_process_many(struct bl_g722_enc *const e[], const int16_t *const in[], uint8_t *const out[], size_t n,
                             size_t channels)
{
	if (!e || !in || !out)
		return -EINVAL;

	size_t pairs = n / 2, whole = pairs & ~(size_t)7, done = 0;

	if (n % 2)
		return -EINVAL;
	if (bl_isa() == BL_ISA_VECTOR)
		done = bl_g722_encode_vector(e, in, out, whole, channels);
	for (size_t c = 0; c < channels; c++) {
		size_t from = c < done ? whole : 0;

		encode_one(e[c], in[c] + 2 * from, out[c] + from, pairs - from);
	}
	return 0;
}

static int16_t low_level(unsigned int mode, unsigned int code)
{
	return mode >= 3   ? bl_g722_level_48[code >> 2]
	       : mode == 2 ? bl_g722_level_56[code >> 1]
	                   : bl_g722_level_64[code];
}

/* The bands' sum and difference, as the filter wants them. */
static void decoded(struct bl_g722_dec *d, uint8_t octet, int16_t *pair)
{
	unsigned int il = octet & 63u, ih = octet >> 6u;
	int16_t low = limit15(bl_add16(d->band[0].s, bl_mult16(d->band[0].det, low_level(d->mode, il)))), high;

	low_goes_on(&d->band[0], il >> 2);
	high_goes_on(&d->band[1], ih);
	high = limit15(d->band[1].r);
	pair[0] = bl_add16(low, high);
	pair[1] = bl_sub16(low, high);
}

static void decode_one(struct bl_g722_dec *d, const uint8_t *in, int16_t *out, size_t pairs)
{
	int16_t line[PAST + 2 * PAIRS];

	for (size_t done = 0, now; done < pairs; done += now) {
		now = pairs - done < PAIRS ? pairs - done : PAIRS;
		memcpy(line, d->x, PAST * sizeof line[0]);
		for (size_t i = 0; i < now; i++)
			decoded(d, in[done + i], line + PAST + 2 * i);
		join(line + PAST, out + 2 * done, now);
		memcpy(d->x, line + 2 * now, PAST * sizeof line[0]);
	}
}

size_t bl_g722_dec_size(void)
{
	return sizeof(struct bl_g722_dec);
}

int bl_g722_dec_init(struct bl_g722_dec *d, const struct bl_g722_dec_cfg *cfg)
{
	if (!d)
		return -EINVAL;

	uint32_t rate = cfg ? cfg->bit_rate : 64000;

	if (rate != 64000 && rate != 56000 && rate != 48000)
		return -EINVAL;
	d->mode = (uint16_t)((72000 - rate) / 8000);
	bl_g722_dec_reset(d);
	return 0;
}

void bl_g722_dec_reset(struct bl_g722_dec *d)
{
	if (!d)
		return;

	uint16_t mode = d->mode;

	memset(d, 0, sizeof *d);
	d->mode = mode;
	d->band[0].det = DET_LOW;
	d->band[1].det = DET_HIGH;
}

void bl_g722_dec_process(struct bl_g722_dec *d, const uint8_t *in, int16_t *out, size_t n)
{
	if (!d || !in || !out)
		return;
	decode_one(d, in, out, n);
}

void bl_g722_dec_process_many(struct bl_g722_dec *const d[], const uint8_t *const in[], int16_t *const out[], size_t n,
                              size_t channels)
{
	if (!d || !in || !out)
		return;

	size_t whole = n & ~(size_t)7, done = 0;

	if (bl_isa() == BL_ISA_VECTOR)
		done = bl_g722_decode_vector(d, in, out, whole, channels);
	for (size_t c = 0; c < channels; c++) {
		size_t from = c < done ? whole : 0;

		decode_one(d[c], in[c] + from, out[c] + 2 * from, n - from);
	}
}
