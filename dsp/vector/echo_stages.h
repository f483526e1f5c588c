/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tick of the echo canceller, one text for both forms: a lane of echo_v is a channel in the transforms and sums, a
 * neighbouring bin in the products. The file that includes it names before: echo_v, echo_u (its unsigned integers),
 * ECHO_LANES, echo_load, echo_load_short, echo_store, echo_gather, echo_scatter, echo_gather_sound, echo_scatter_sound,
 * echo_max, echo_float.
 */
#ifndef BL_ECHO_STAGES_H
#define BL_ECHO_STAGES_H

#include "echo_batch.h"
#include "echo_fft.h"
#include "echo_products.h"

#define ECHO_FLOOR 40.0f /* disturbance that is always there: a rounding of 16 bits over 80 points and more */
#define ECHO_SMOOTH 0.6f /* of the disturbance, a tick */
#define ECHO_DRIFT 2e-5f /* of the path's energy that becomes uncertain in a tick */
#define ECHO_NARROW                                                                                                    \
	0.1f           /* of what the theory takes from the uncertainty in a tick: the model is coarser than the path */
#define ECHO_LEAK 5.0f /* of the whole residual counts as disturbance in every bin: 40 samples part bins poorly */
#define ECHO_FADE 0.8f /* what is kept of it in its turn, when all was learned */
#define ECHO_UNCERTAIN_MIN 1e-8f
/* While no echo is proven one may begin at any time, by a transfer to an analogue phone. More hides the weak ones. */
#define ECHO_UNCERTAIN_OPEN 3e-3f
#define ECHO_UNCERTAIN_MAX 4.0f

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
	echo_v least = echo_all(e->proven ? ECHO_UNCERTAIN_MIN : ECHO_UNCERTAIN_OPEN);

	for (int at = 0; at < BL_ECHO_BINS; at += ECHO_LANES) {
		echo_v re = echo_load(error + at), im = echo_load(error + at + BL_ECHO_BINS),
		       p = echo_load(e->uncertainty + at);
		echo_v power = re * re + im * im, disturbed = echo_load(e->disturbance + at);
		echo_v echo = p * echo_load(powers + at) * 0.5f, all, step;

		disturbed = disturbed * ECHO_SMOOTH + (power + 1.0f) * (1 - ECHO_SMOOTH); /* 1: never denormal */
		echo_store(e->disturbance + at, disturbed);
		all = echo + disturbed + floor;
		step = p / all;
		echo_store(e->gain + at, step * re);
		echo_store(e->gain + at + BL_ECHO_BINS, step * im);
		p = p - p * ECHO_NARROW * narrowing * (echo / all) + drift;
		echo_store(e->uncertainty + at, echo_min(echo_max(p, least), echo_all(ECHO_UNCERTAIN_MAX)));
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

/* White noise through the predictor a with its last samples y, newest first. */
static inline void echo_excite(echo_v *noise, const echo_v *a, echo_v *y, echo_v gain, echo_u *random)
{
	ECHO_UNROLL(8)
	for (int n = 0; n < BL_ECHO_BLOCK; n++) {
		echo_u mixed =
		        (*random ^ *random >> 16) * 0x45d9f3bu; /* a counter, mixed: no sample waits for the last */
		echo_v sum;

		mixed = (mixed ^ mixed >> 16) * 0x45d9f3bu;
		*random += 0x9e3779b9u;
		sum = gain * echo_float(mixed ^ mixed >> 16);
		for (int k = BL_ECHO_ORDER - 1; k >= 0; k--)
			sum += a[k] * y[k];
		for (int k = BL_ECHO_ORDER - 1; k > 0; k--)
			y[k] = y[k - 1];
		noise[n] = y[0] = sum;
	}
}

/* The near end's background noise made anew. */
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
	echo_excite(noise, a, y, gain, &random);
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
static ECHO_STAGE void echo_send(const struct echo_batch *b, struct echo_work *w, int16_t *const to[])
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
	echo_scatter_sound(w->residual, to);
}

/*
 * A channel without a proven echo, or whose state was torn, sends near as it came: what was computed for it goes to
 * `nowhere`. Most lines are such; a batch of them computes nothing.
 */
static ECHO_STAGE void echo_send_all(const struct echo_batch *b, struct echo_work *w, const int *changed)
{
	int16_t nowhere[BL_ECHO_BLOCK], *to[ECHO_LANES];
	int any = 0;

	for (int i = 0; i < ECHO_LANES; i++) {
		to[i] = changed[i] ? b->out[i] : nowhere;
		any |= changed[i];
		if (changed[i])
			continue;
		w->nlp[0][i] = 1;
		w->nlp[1][i] = 0;
		if (i < b->channels)
			memmove(b->out[i], b->near[i], BL_ECHO_BLOCK * sizeof b->out[i][0]);
	}
	if (any)
		echo_send(b, w, to);
}

static ECHO_STAGE void echo_decide_all(const struct echo_batch *b, struct echo_work *w, int *changed)
{
	for (int i = 0; i < ECHO_LANES; i++)
		for (int k = 0; k < 2; k++)
			w->nlp[k][i] = b->e[i]->nlp[k];
	for (int i = 0; i < ECHO_LANES; i++) {
		struct echo_sums sums = {&w->sum[0][i], ECHO_LANES};

		if (i < b->channels) /* lanes behind them repeat the first, and write where it does */
			changed[i] = bl_echo_decide(b->e[i], sums, b->work, b->far[i]);
		else
			changed[i] = changed[0];
	}
}

static inline void echo_run(const struct echo_batch *b)
{
	struct echo_work w;
	int changed[ECHO_LANES];

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
	echo_decide_all(b, &w, changed);
	echo_send_all(b, &w, changed);
}

#endif
