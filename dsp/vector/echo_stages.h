/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tick of the echo canceller, one text for both forms: a lane of echo_v is a channel in the transforms and sums, a
 * neighbouring bin in the products. The file that includes it names before: echo_v, echo_u (its unsigned integers),
 * ECHO_LANES, echo_load, echo_store, echo_gather, echo_scatter, echo_gather_sound, echo_scatter_sound, echo_max,
 * echo_float.
 */
#ifndef BL_ECHO_STAGES_H
#define BL_ECHO_STAGES_H

#include "echo_batch.h"
#include "echo_fft.h"

#define ECHO_FLOOR 40.0f /* disturbance that is always there: a rounding of 16 bits over 80 points and more */
#define ECHO_SMOOTH 0.6f /* of the disturbance, a tick */
#define ECHO_DRIFT 2e-5f /* of the path's energy that becomes uncertain in a tick */
#define ECHO_NARROW 0.1f
#define ECHO_LEAK 5.0f
#define ECHO_FAINT 3e-4f /* of the path's energy: what a part holds is noise, unless it comes again */
#define ECHO_FADE 0.8f   /* what is kept of it in its turn, when all was learned */
#define ECHO_UNCERTAIN_MIN 1e-8f
#define ECHO_UNCERTAIN_MAX 4.0f

/* What a tick computes on its way, besides the state. */
struct echo_work {
	float fore[ECHO_LANES][BL_ECHO_SPECTRUM], back[ECHO_LANES][BL_ECHO_SPECTRUM];
	float power[ECHO_LANES][BL_ECHO_BINS]; /* of far, weighted by share */
	echo_v near[BL_ECHO_BLOCK];            /* without offset */
	echo_v residual[BL_ECHO_BLOCK];        /* the foreground's */
	echo_v error[BL_ECHO_SPECTRUM];        /* the background's, behind 40 zeros */
	float sum[ECHO_SUMS][ECHO_LANES];
	float nlp[2][ECHO_LANES]; /* gains at the end of the last tick */
};

static ECHO_STAGE void echo_far(const struct echo_batch *b, struct echo_work *w)
{
	echo_v sound[BL_ECHO_SPECTRUM], spectrum[BL_ECHO_SPECTRUM], s0 = {0}, s1 = {0}, s2 = {0};
	const int16_t *before[ECHO_LANES];
	float *to[ECHO_LANES];

	for (int i = 0; i < ECHO_LANES; i++) {
		before[i] = b->e[i]->before;
		to[i] = b->e[i]->far[b->e[i]->head];
	}
	echo_gather_sound(before, sound);
	echo_gather_sound(b->far, sound + BL_ECHO_BLOCK);
	for (int n = BL_ECHO_BLOCK; n < BL_ECHO_SPECTRUM; n++) {
		s0 += sound[n] * sound[n];
		s1 += sound[n] * sound[n - 1];
		s2 += sound[n] * sound[n - 2];
	}
	echo_store(w->sum[ECHO_FAR], s0 * 4.0f); /* sound is halved: echo_forward doubles */
	echo_store(w->sum[ECHO_FAR_1], s1 * 4.0f);
	echo_store(w->sum[ECHO_FAR_2], s2 * 4.0f);
	echo_forward(sound, spectrum);
	echo_scatter(spectrum, to);
}

#define ECHO_GROUPS (BL_ECHO_BINS / ECHO_LANES)

/* The foreground's product, part by part; bin 0 shares its place with the one of 4 kHz. */
static inline void echo_fore_product(const struct bl_echo *e, float *to)
{
	const uint32_t slots = e->parts + BL_ECHO_AGE_MAX;
	echo_v re[ECHO_GROUPS] = {0}, im[ECHO_GROUPS] = {0};

	for (uint32_t k = 0; k < e->sounding_parts; k++) {
		uint32_t p = e->sounding[k] % BL_ECHO_PARTS_MAX, slot = e->head + p;
		const float *fore = e->foreground[p], *far = e->far[slot < slots ? slot : slot - slots];

		ECHO_UNROLL(5)
		for (int g = 0; g < ECHO_GROUPS; g++) {
			echo_v wr = echo_load(fore + g * ECHO_LANES),
			       wi = echo_load(fore + g * ECHO_LANES + BL_ECHO_BINS);
			echo_v xr = echo_load(far + g * ECHO_LANES),
			       xi = echo_load(far + g * ECHO_LANES + BL_ECHO_BINS);
			echo_v xd = xr;

			if (g == 0)
				echo_part_edge(&xd, &xi, xi);
			re[g] += xr * wr;
			im[g] += xd * wi;
			re[g] -= xi * wi;
			im[g] += xi * wr;
		}
	}
	ECHO_UNROLL(5)
	for (int g = 0; g < ECHO_GROUPS; g++) {
		echo_store(to + g * ECHO_LANES, re[g]);
		echo_store(to + g * ECHO_LANES + BL_ECHO_BINS, im[g]);
	}
}

/* Bins from `at` on of the background: the step that was measured `age` ticks ago, then the product. */
static ECHO_INLINE void echo_back_bins(struct bl_echo *e, float *to, float *powers, int at, int edge)
{
	const uint32_t parts = e->parts, slots = parts + BL_ECHO_AGE_MAX;
	uint32_t slot = e->head, old = (slot + e->age) % slots;
	echo_v gr = echo_load(e->gain + at), gi = echo_load(e->gain + at + BL_ECHO_BINS);
	echo_v br = {0}, bi = {0}, cr = {0}, ci = {0}, power = {0};

	for (uint32_t p = 0; p < parts; p++) {
		float *back = e->background[p] + at;
		echo_v share = echo_all(e->share[p]), sr = share * gr, si = share * gi;
		echo_v xr = echo_load(e->far[old] + at), xi = echo_load(e->far[old] + at + BL_ECHO_BINS), xd = xr;
		echo_v wr = echo_load(back), wi = echo_load(back + BL_ECHO_BINS);

		if (edge)
			echo_part_edge(&xd, &xi, xi);
		wr += xr * sr;
		wi += xd * si;
		wr += xi * si;
		wi -= xi * sr;
		echo_store(back, wr);
		echo_store(back + BL_ECHO_BINS, wi);
		xr = xd = echo_load(e->far[slot] + at);
		xi = echo_load(e->far[slot] + at + BL_ECHO_BINS);
		power += share * (xr * xr + xi * xi);
		if (edge)
			echo_part_edge(&xd, &xi, xi);
		br += xr * wr;
		bi += xd * wi;
		cr += xi * wi;
		ci += xi * wr;
		slot = slot + 1 == slots ? 0 : slot + 1;
		old = old + 1 == slots ? 0 : old + 1;
	}
	echo_store(to + at, br - cr);
	echo_store(to + at + BL_ECHO_BINS, bi + ci);
	echo_store(powers + at, power);
}

static inline void echo_product(struct bl_echo *e, struct echo_work *w, int lane, int learn)
{
	echo_fore_product(e, w->fore[lane]);
	if (!learn)
		return;
	echo_back_bins(e, w->back[lane], w->power[lane], 0, 1);
	for (int at = ECHO_LANES; at < BL_ECHO_BINS; at += ECHO_LANES)
		echo_back_bins(e, w->back[lane], w->power[lane], at, 0);
}

static ECHO_STAGE void echo_products(const struct echo_batch *b, struct echo_work *w)
{
	for (int i = 0; i < b->channels; i++)
		echo_product(b->e[i], w, i, b->work == ECHO_LEARN);
	for (int i = b->channels; i < ECHO_LANES; i++) { /* lanes without a channel repeat the first */
		memcpy(w->fore[i], w->fore[0], sizeof w->fore[0]);
		memcpy(w->back[i], w->back[0], sizeof w->back[0]);
	}
}

/* The modelled echo: the second half of a filter's sound, 80 times. */
static inline void echo_model(float (*spectra)[BL_ECHO_SPECTRUM], echo_v *sound)
{
	echo_v spectrum[BL_ECHO_SPECTRUM];
	const float *from[ECHO_LANES];

	for (int i = 0; i < ECHO_LANES; i++)
		from[i] = spectra[i];
	echo_gather(from, spectrum);
	echo_inverse(spectrum, sound);
}

static ECHO_STAGE void echo_lags(struct echo_work *w)
{
	for (int k = 1; k <= BL_ECHO_ORDER; k++) {
		echo_v sum = {0};

		for (int n = k; n < BL_ECHO_BLOCK; n++)
			sum += w->residual[n] * w->residual[n - k];
		echo_store(w->sum[ECHO_LAG + k - 1], sum);
	}
}

static ECHO_STAGE void echo_take_near(const struct echo_batch *b, struct echo_work *w)
{
	echo_v mean = {0}, power = {0}, re = {0}, im = {0}, offset;
	float offsets[ECHO_LANES];

	echo_gather_sound(b->near, w->near);
	for (int i = 0; i < ECHO_LANES; i++)
		offsets[i] = b->e[i]->offset;
	offset = echo_load(offsets);
	for (int n = 0; n < BL_ECHO_BLOCK; n++) {
		echo_v all = w->near[n] * 2.0f, d = all - offset; /* echo_gather_sound halves */

		w->near[n] = w->residual[n] = d;
		mean += all;
		power += d * d;
		re += d * bl_echo_tone_cos[n];
		im -= d * bl_echo_tone_sin[n];
	}
	echo_store(w->sum[ECHO_MEAN], mean);
	echo_store(w->sum[ECHO_NEAR], power);
	echo_store(w->sum[ECHO_TONE_RE], re);
	echo_store(w->sum[ECHO_TONE_IM], im);
	echo_store(w->sum[ECHO_FORE], power);
}

static ECHO_STAGE void echo_foreground(struct echo_work *w)
{
	echo_v fore[BL_ECHO_SPECTRUM], left = {0}, cross = {0}, model = {0};

	echo_model(w->fore, fore);
	for (int n = 0; n < BL_ECHO_BLOCK; n++) {
		echo_v d = w->near[n], y = fore[BL_ECHO_BLOCK + n] * (1.0f / 80), residual = d - y;

		w->residual[n] = residual;
		left += residual * residual;
		cross += d * y;
		model += y * y;
	}
	echo_store(w->sum[ECHO_FORE], left);
	echo_store(w->sum[ECHO_CROSS], cross);
	echo_store(w->sum[ECHO_MODEL], model);
}

static ECHO_STAGE void echo_background(struct echo_work *w)
{
	echo_v back[BL_ECHO_SPECTRUM], left = {0}, between = {0};

	echo_model(w->back, back);
	for (int n = 0; n < BL_ECHO_BLOCK; n++) {
		echo_v error = w->near[n] - back[BL_ECHO_BLOCK + n] * (1.0f / 80), apart = error - w->residual[n];

		w->error[n] = echo_all(0);
		w->error[BL_ECHO_BLOCK + n] = error * 0.5f; /* echo_forward doubles */
		left += error * error;
		between += apart * apart;
	}
	echo_store(w->sum[ECHO_BACK], left);
	echo_store(w->sum[ECHO_BETWEEN], between);
}

/* How far to step in the next tick, from the background's residual spectrum. */
static inline void echo_step(struct bl_echo *e, const float *error, const float *powers)
{
	echo_v drift = echo_all(ECHO_DRIFT * e->energy), narrowing = echo_all(e->concentration);
	echo_v floor = echo_all(ECHO_FLOOR + ECHO_LEAK * e->broad);

	for (int at = 0; at < BL_ECHO_BINS; at += ECHO_LANES) {
		echo_v re = echo_load(error + at), im = echo_load(error + at + BL_ECHO_BINS),
		       p = echo_load(e->uncertainty + at);
		echo_v power = re * re + im * im, disturbed = echo_load(e->disturbance + at);
		echo_v echo = p * echo_load(powers + at) * 0.5f, all, step;

		disturbed = disturbed * ECHO_SMOOTH + power * (1 - ECHO_SMOOTH);
		echo_store(e->disturbance + at, disturbed);
		all = echo + disturbed + floor;
		step = p / all;
		echo_store(e->gain + at, step * re);
		echo_store(e->gain + at + BL_ECHO_BINS, step * im);
		p = p - p * ECHO_NARROW * narrowing * (echo / all) + drift;
		echo_store(e->uncertainty + at,
		           echo_min(echo_max(p, echo_all(ECHO_UNCERTAIN_MIN)), echo_all(ECHO_UNCERTAIN_MAX)));
	}
}

static ECHO_STAGE void echo_steps(const struct echo_batch *b, struct echo_work *w)
{
	echo_v spectrum[BL_ECHO_SPECTRUM];
	float *to[ECHO_LANES];

	echo_forward(w->error, spectrum);
	for (int i = 0; i < ECHO_LANES; i++)
		to[i] = w->back[i];
	echo_scatter(spectrum, to);
	for (int i = 0; i < b->channels; i++)
		echo_step(b->e[i], w->back[i], w->power[i]);
}

/* A part gets its 40 taps again: what the products wrapped around into the other 40 goes. */
static inline void echo_constrain_turn(const struct echo_batch *b)
{
	echo_v spectrum[BL_ECHO_SPECTRUM], taps[BL_ECHO_SPECTRUM], energy = {0}, keep;
	const float *from[ECHO_LANES];
	float *to[ECHO_LANES], energies[ECHO_LANES], keeps[ECHO_LANES];

	for (int i = 0; i < ECHO_LANES; i++) {
		struct bl_echo *e = b->e[i];
		int faint = !e->eager && e->part_energy[e->turn] < ECHO_FAINT * e->energy;

		from[i] = to[i] = e->background[e->turn];
		keeps[i] =
		        (faint ? ECHO_FADE : 1.0f) * (0.5f / 80); /* echo_forward doubles, echo_inverse is 80 times */
	}
	keep = echo_load(keeps);
	echo_gather(from, spectrum);
	echo_inverse(spectrum, taps);
	for (int n = 0; n < BL_ECHO_BLOCK; n++) {
		energy += taps[n] * taps[n];
		taps[n] = taps[n] * keep;
		taps[n + BL_ECHO_BLOCK] = echo_all(0);
	}
	echo_store(energies, energy * (1.0f / 6400));
	echo_forward(taps, spectrum);
	echo_scatter(spectrum, to);
	for (int i = 0; i < b->channels; i++)
		b->e[i]->part_energy[b->e[i]->turn] = energies[i];
}

/* Two parts in turn. */
static ECHO_STAGE void echo_constrain(const struct echo_batch *b)
{
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < b->channels; i++)
			b->e[i]->turn = b->e[i]->turn + 1 < b->e[i]->parts ? b->e[i]->turn + 1 : 0;
		echo_constrain_turn(b);
	}
}

/* The near end's background noise made anew: white noise through its predictor. */
static inline void echo_comfort(const struct echo_batch *b, echo_v *noise)
{
	float row[BL_ECHO_ORDER][ECHO_LANES], last[BL_ECHO_ORDER][ECHO_LANES], gains[ECHO_LANES];
	uint32_t seeds[ECHO_LANES];
	echo_v a[BL_ECHO_ORDER], y[BL_ECHO_ORDER], gain;
	echo_u random;

	for (int i = 0; i < ECHO_LANES; i++) {
		for (int k = 0; k < BL_ECHO_ORDER; k++) {
			row[k][i] = b->e[i]->predictor[k];
			last[k][i] = b->e[i]->synthetic[k];
		}
		gains[i] = b->e[i]->predictor_gain;
		seeds[i] = b->e[i]->random;
	}
	for (int k = 0; k < BL_ECHO_ORDER; k++) {
		a[k] = echo_load(row[k]);
		y[k] = echo_load(last[k]);
	}
	gain = echo_load(gains);
	random = echo_load_u(seeds);
	ECHO_UNROLL(8)
	for (int n = 0; n < BL_ECHO_BLOCK; n++) {
		echo_u mixed =
		        (random ^ random >> 16) * 0x45d9f3bu; /* a counter, mixed: no sample waits for the last */
		echo_v sum;

		mixed = (mixed ^ mixed >> 16) * 0x45d9f3bu;
		random += 0x9e3779b9u;
		sum = gain * echo_float(mixed ^ mixed >> 16);
		for (int k = BL_ECHO_ORDER - 1; k >= 0; k--)
			sum += a[k] * y[k];
		for (int k = BL_ECHO_ORDER - 1; k > 0; k--)
			y[k] = y[k - 1];
		noise[n] = y[0] = sum;
	}
	for (int k = 0; k < BL_ECHO_ORDER; k++)
		echo_store(last[k], y[k]);
	echo_store_u(seeds, random);
	for (int i = 0; i < b->channels; i++) {
		if (!b->e[i]->nlp[1])
			continue; /* it has not used any: alone it would not have been asked */
		for (int k = 0; k < BL_ECHO_ORDER; k++)
			b->e[i]->synthetic[k] = last[k][i];
		b->e[i]->random = seeds[i];
	}
}

/* From the gains of the last tick to those of this one. */
static ECHO_STAGE void echo_send(const struct echo_batch *b, struct echo_work *w)
{
	echo_v noise[BL_ECHO_BLOCK], gain[2], step[2];
	int wanted = 0;

	for (int k = 0; k < 2; k++) {
		float now[ECHO_LANES];

		for (int i = 0; i < ECHO_LANES; i++) {
			now[i] = b->e[i]->nlp[k];
			wanted |= k && (now[i] > 0 || w->nlp[k][i] > 0);
		}
		gain[k] = echo_load(w->nlp[k]);
		step[k] = (echo_load(now) - gain[k]) * (1.0f / BL_ECHO_BLOCK);
	}
	if (wanted)
		echo_comfort(b, noise);
	for (int n = 0; n < BL_ECHO_BLOCK; n++) {
		gain[0] += step[0];
		gain[1] += step[1];
		w->residual[n] *= gain[0];
		if (wanted)
			w->residual[n] += noise[n] * gain[1];
	}
	echo_scatter_sound(w->residual, b->out);
}

static ECHO_STAGE void echo_decide_all(const struct echo_batch *b, struct echo_work *w)
{
	for (int i = 0; i < ECHO_LANES; i++)
		for (int k = 0; k < 2; k++)
			w->nlp[k][i] = b->e[i]->nlp[k];
	for (int i = 0; i < b->channels; i++)
		bl_echo_decide(b->e[i], (struct echo_sums){&w->sum[0][i], ECHO_LANES}, b->work, b->far[i]);
}

static inline void echo_run(const struct echo_batch *b)
{
	struct echo_work w;

	memset(w.sum, 0, sizeof w.sum);
	echo_take_near(b, &w);
	if (b->work != ECHO_REST) {
		echo_far(b, &w);
		echo_products(b, &w);
		echo_foreground(&w);
	}
	if (b->work == ECHO_LEARN) {
		echo_background(&w);
		echo_steps(b, &w);
		echo_constrain(b);
	}
	if (b->work != ECHO_CANCEL)
		echo_lags(&w);
	echo_decide_all(b, &w);
	echo_send(b, &w);
}

#endif
