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
#define ECHO_DRIFT 3e-5f /* of the path's energy that becomes uncertain in a tick */
#define ECHO_UNCERTAIN_MIN 1e-8f
#define ECHO_UNCERTAIN_MAX 4.0f

/* What a tick computes on its way, besides the state. */
struct echo_work {
	float fore[ECHO_LANES][BL_ECHO_SPECTRUM], back[ECHO_LANES][BL_ECHO_SPECTRUM];
	float power[ECHO_LANES][BL_ECHO_BINS]; /* of far, weighted by share */
	echo_v residual[BL_ECHO_BLOCK];        /* the foreground's */
	echo_v error[BL_ECHO_SPECTRUM];        /* the background's, behind 40 zeros */
	float sum[ECHO_SUMS][ECHO_LANES];
	float nlp[2][ECHO_LANES]; /* gains at the end of the last tick */
};

static inline void echo_far(const struct echo_batch *b, struct echo_work *w)
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

/* Bins from `at` on: the step of the last tick, then both filters. Bin 0 shares its place with the one of 4 kHz. */
static inline __attribute__((always_inline)) void echo_bins(struct bl_echo *e, struct echo_work *w, int lane, int at,
                                                            int edge)
{
	uint32_t slots = e->parts + 1, slot = e->head;
	echo_v gr = echo_load(e->gain + at), gi = echo_load(e->gain + at + BL_ECHO_BINS);
	echo_v xr = echo_load(e->far[slot] + at), xi = echo_load(e->far[slot] + at + BL_ECHO_BINS);
	echo_v fr = {0}, fi = {0}, br = {0}, bi = {0}, power = {0}, xd = xr;

	if (edge)
		echo_part_edge(&xd, &xi, xi);
	for (uint32_t p = 0; p < e->parts; p++) {
		float *back = e->background[p] + at;
		const float *fore = e->foreground[p] + at;
		echo_v wr = echo_load(back), wi = echo_load(back + BL_ECHO_BINS);
		echo_v share = echo_all(e->share[p]), sr = share * gr, si = share * gi, qr, qi, qd;

		slot = slot + 1 == slots ? 0 : slot + 1;
		qr = qd = echo_load(e->far[slot] + at);
		qi = echo_load(e->far[slot] + at + BL_ECHO_BINS);
		if (edge)
			echo_part_edge(&qd, &qi, qi);
		wr += qr * sr + qi * si;
		wi += qd * si - qi * sr;
		echo_store(back, wr);
		echo_store(back + BL_ECHO_BINS, wi);
		br += xr * wr - xi * wi;
		bi += xd * wi + xi * wr;
		power += share * (xr * xr + xi * xi);
		wr = echo_load(fore);
		wi = echo_load(fore + BL_ECHO_BINS);
		fr += xr * wr - xi * wi;
		fi += xd * wi + xi * wr;
		xr = qr;
		xi = qi;
		xd = qd;
	}
	echo_store(w->fore[lane] + at, fr);
	echo_store(w->fore[lane] + at + BL_ECHO_BINS, fi);
	echo_store(w->back[lane] + at, br);
	echo_store(w->back[lane] + at + BL_ECHO_BINS, bi);
	echo_store(w->power[lane] + at, power);
}

static inline void echo_products(struct bl_echo *e, struct echo_work *w, int lane)
{
	echo_bins(e, w, lane, 0, 1);
	for (int at = ECHO_LANES; at < BL_ECHO_BINS; at += ECHO_LANES)
		echo_bins(e, w, lane, at, 0);
}

/* The modelled echo of both filters, the second half of their sound. */
static inline void echo_models(struct echo_work *w, echo_v *fore, echo_v *back)
{
	echo_v spectrum[BL_ECHO_SPECTRUM];
	const float *from[2][ECHO_LANES];

	for (int i = 0; i < ECHO_LANES; i++) {
		from[0][i] = w->fore[i];
		from[1][i] = w->back[i];
	}
	echo_gather(from[0], spectrum);
	echo_inverse(spectrum, fore);
	echo_gather(from[1], spectrum);
	echo_inverse(spectrum, back);
}

static inline void echo_lags(struct echo_work *w)
{
	for (int k = 1; k <= BL_ECHO_ORDER; k++) {
		echo_v sum = {0};

		for (int n = k; n < BL_ECHO_BLOCK; n++)
			sum += w->residual[n] * w->residual[n - k];
		echo_store(w->sum[ECHO_LAG + k - 1], sum);
	}
}

static inline void echo_residuals(const struct echo_batch *b, struct echo_work *w)
{
	echo_v near[BL_ECHO_BLOCK], fore[BL_ECHO_SPECTRUM], back[BL_ECHO_SPECTRUM], sum[ECHO_SUMS] = {0}, offset;
	float offsets[ECHO_LANES];

	echo_models(w, fore, back);
	echo_gather_sound(b->near, near);
	for (int i = 0; i < ECHO_LANES; i++)
		offsets[i] = b->e[i]->offset;
	offset = echo_load(offsets);
	for (int n = 0; n < BL_ECHO_BLOCK; n++) {
		echo_v all = near[n] * 2.0f, d = all - offset; /* echo_gather_sound halves */
		echo_v yf = fore[BL_ECHO_BLOCK + n] * (1.0f / 80), yb = back[BL_ECHO_BLOCK + n] * (1.0f / 80);
		echo_v ef = d - yf, eb = d - yb, between = yf - yb;

		w->residual[n] = ef;
		w->error[n] = echo_all(0);
		w->error[BL_ECHO_BLOCK + n] = eb * 0.5f;
		sum[ECHO_MEAN] += all;
		sum[ECHO_NEAR] += d * d;
		sum[ECHO_FORE] += ef * ef;
		sum[ECHO_BACK] += eb * eb;
		sum[ECHO_BETWEEN] += between * between;
		sum[ECHO_CROSS] += d * yb;
		sum[ECHO_MODEL] += yb * yb;
		sum[ECHO_MODEL_FORE] += yf * yf;
		sum[ECHO_TONE_RE] += d * bl_echo_tone_cos[n];
		sum[ECHO_TONE_IM] -= d * bl_echo_tone_sin[n];
	}
	for (int k = ECHO_MEAN; k < ECHO_LAG; k++)
		echo_store(w->sum[k], sum[k]);
	echo_lags(w);
}

/* How far to step in the next tick, from the background's residual spectrum. */
static inline void echo_step(struct bl_echo *e, const float *error, const float *powers)
{
	echo_v drift = echo_all(ECHO_DRIFT * e->energy), narrowing = echo_all(e->concentration);

	for (int at = 0; at < BL_ECHO_BINS; at += ECHO_LANES) {
		echo_v re = echo_load(error + at), im = echo_load(error + at + BL_ECHO_BINS),
		       p = echo_load(e->uncertainty + at);
		echo_v power = re * re + im * im, disturbed = echo_load(e->disturbance + at);
		echo_v echo = p * echo_load(powers + at) * 0.5f, all, step;

		disturbed = disturbed * ECHO_SMOOTH + power * (1 - ECHO_SMOOTH);
		echo_store(e->disturbance + at, disturbed);
		all = echo + echo_max(disturbed, power) + ECHO_FLOOR;
		step = p / all;
		echo_store(e->gain + at, step * re);
		echo_store(e->gain + at + BL_ECHO_BINS, step * im);
		p = p - p * narrowing * (echo / all) + drift;
		echo_store(e->uncertainty + at,
		           echo_min(echo_max(p, echo_all(ECHO_UNCERTAIN_MIN)), echo_all(ECHO_UNCERTAIN_MAX)));
	}
	e->gain[0] = e->gain[BL_ECHO_BINS] = 0; /* no path carries direct current or 4 kHz */
}

static inline void echo_steps(const struct echo_batch *b, struct echo_work *w)
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

/* One part in turn gets 40 taps again: what the products wrapped around into the other 40 goes. */
static inline void echo_constrain(const struct echo_batch *b)
{
	echo_v spectrum[BL_ECHO_SPECTRUM], taps[BL_ECHO_SPECTRUM], energy = {0};
	const float *from[ECHO_LANES];
	float *to[ECHO_LANES], energies[ECHO_LANES];

	for (int i = 0; i < ECHO_LANES; i++)
		from[i] = to[i] = b->e[i]->background[b->e[i]->turn];
	echo_gather(from, spectrum);
	echo_inverse(spectrum, taps);
	for (int n = 0; n < BL_ECHO_BLOCK; n++) {
		energy += taps[n] * taps[n];
		taps[n] = taps[n] * (0.5f / 80);
		taps[n + BL_ECHO_BLOCK] = echo_all(0);
	}
	echo_store(energies, energy * (1.0f / 6400));
	echo_forward(taps, spectrum);
	echo_scatter(spectrum, to);
	for (int i = 0; i < b->channels; i++)
		b->e[i]->part_energy[b->e[i]->turn] = energies[i];
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
	for (int n = 0; n < BL_ECHO_BLOCK; n++) {
		echo_v sum;

		random = random * 1664525u + 1013904223u;
		sum = gain * echo_float(random);
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
		for (int k = 0; k < BL_ECHO_ORDER; k++)
			b->e[i]->synthetic[k] = last[k][i];
		b->e[i]->random = seeds[i];
	}
}

/* From the gains of the last tick to those of this one. */
static inline void echo_send(const struct echo_batch *b, struct echo_work *w)
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

static inline void echo_decide_all(const struct echo_batch *b, struct echo_work *w)
{
	for (int i = 0; i < ECHO_LANES; i++)
		for (int k = 0; k < 2; k++)
			w->nlp[k][i] = b->e[i]->nlp[k];
	for (int i = 0; i < b->channels; i++) {
		float sum[ECHO_SUMS];

		for (int k = 0; k < ECHO_SUMS; k++)
			sum[k] = w->sum[k][i];
		bl_echo_decide(b->e[i], sum, b->far[i]);
	}
}

static inline void echo_run(const struct echo_batch *b)
{
	struct echo_work w;

	echo_far(b, &w);
	for (int i = 0; i < b->channels; i++)
		echo_products(b->e[i], &w, i);
	for (int i = b->channels; i < ECHO_LANES; i++) { /* lanes without a channel repeat the first */
		memcpy(w.fore[i], w.fore[0], sizeof w.fore[0]);
		memcpy(w.back[i], w.back[0], sizeof w.back[0]);
	}
	echo_residuals(b, &w);
	echo_steps(b, &w);
	echo_constrain(b);
	echo_decide_all(b, &w);
	echo_send(b, &w);
}

#endif
