/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DTMF receiver: a look at 20 ms.
 *
 * Purity = power of the two tones / power in the window, both under the same window: by Cauchy-Schwarz it is 1 only for
 * two steady tones that fill it, and about the filled share while a digit begins or ends. One threshold thus serves as
 * the signal-to-noise limit, the guard against speech and the clock of on and off at any level.
 *
 * Under a dial tone the power is that of the bins of the window above it, by Parseval the power under the window's
 * square without the bins below; a Hann window leaves of a dial tone -41 dB in those above.
 */
#include <math.h>
#include <string.h>

#include "correlate.h"
#include "dbm0.h"
#include "dtmf_digits.h"
#include "dtmf_stages.h"
#include "dtmf_tables.h"
#include "dtmf_vector.h"
#include "isa.h"

#define PURITY 0.75f       /* a look at 10 dB SNR has 0.91 */
#define MASKED_PURITY 0.5f /* where a voice lies over the digit */
#define BAND_PURITY 0.85f  /* of it, above its lowest harmonics */
#define TRACE 0.3f
#define EDGE_SHARE 0.5f    /* of a tone's power a window 3/4 full reads */
#define DIAL_TOP 1.3f      /* of its power: above is something else beside it */
#define DIAL_FOLLOW 0.125f /* a look: the beat of two tones is gone in 8 */
#define REGAIN_MOST 3.4f   /* of regain, at the widest setting */
#define ROW_PEAK 1638.0f
#define TONE_SCALE (1.0f / (800.0f * ROW_PEAK * ROW_PEAK))  /* |sum|² of a sine to its mean square */
#define DIAL_SCALE (1.0f / (1200.0f * ROW_PEAK * ROW_PEAK)) /* |sum|² of a bin to its share under the square */
#define HOPS_A_SECOND 200.0f
#define BIN_HZ 50.0f /* sampling rate / window */
#define PI_F 3.14159265f
#define LINES ((int)(sizeof bl_dtmf_line_hz / sizeof bl_dtmf_line_hz[0]))
#define GROUP_ROWS (BL_DTMF_TONES / 2) /* a group of eight lines has two rows */
#define BESIDE_HZ 125.0f               /* where the tone itself is 30 dB down */
#define BEFORE_HOPS 6
#define MIDDLE_SHARE 0.67f /* of a tone's power in the middle half of the window */
#define MIDDLE (BL_DTMF_WINDOW / 2)

/* The window, as it is and folded about its middle. */
struct window {
	int16_t sound[BL_DTMF_WINDOW];
	int16_t even[MIDDLE];
	int16_t odd[MIDDLE];
};

static void fold(struct window *w)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_dtmf_fold_vector(w->sound, w->even, w->odd);
		return;
	}
	for (int i = 0; i < MIDDLE; i++) {
		int after = w->sound[MIDDLE + i] >> 1, before = w->sound[MIDDLE - 1 - i] >> 1,
		    difference = after - before;

		w->even[i] = (int16_t)(after + before);
		w->odd[i] = (int16_t)difference;
	}
}

static void take_window(const struct bl_dtmf *d, uint64_t end, struct window *w)
{
	for (uint64_t h = 0; h < BL_DTMF_WINDOW / BL_DTMF_HOP; h++)
		memcpy(w->sound + h * BL_DTMF_HOP, d->sound[(end + h - BL_DTMF_WINDOW / BL_DTMF_HOP) % BL_DTMF_HOPS],
		       sizeof d->sound[0]);
	fold(w);
}

/* rows: of eight frequencies, [2 samples / 2][frequency][2]. */
static void products(const int16_t *half, const int16_t *rows, float *sums)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_dtmf_products_vector(half, rows, sums);
		return;
	}
	for (int tone = 0; tone < BL_DTMF_TONES; tone++) {
		int32_t sum = 0;

		for (int i = 0; i < MIDDLE; i++)
			sum += half[i] * rows[(i / 2 * BL_DTMF_TONES + tone) * 2 + i % 2];
		sums[tone] = (float)sum;
	}
}

static float power_of(const int16_t *sound, const float *window)
{
	float power = 0.0f;

	if (bl_isa() == BL_ISA_VECTOR)
		return bl_dtmf_power_vector(sound, window);
	for (int i = 0; i < BL_DTMF_WINDOW; i++)
		power += window[i] * (float)sound[i] * (float)sound[i];
	return power;
}

static int strongest(const float *re, const float *im, int first)
{
	int best = first;
	float most = -1.0f;

	for (int tone = first; tone < first + DTMF_GROUP; tone++) {
		float power = re[tone] * re[tone] + im[tone] * im[tone];

		if (power > most) {
			most = power;
			best = tone;
		}
	}
	return best;
}

/* Hertz by which the sound lies off a tone: what its phase gained over the hop beside what the tone itself does. */
static float offset_hz(const struct bl_dtmf *d, const float *re, const float *im, int tone)
{
	float turn_re = re[tone] * d->re[tone] + im[tone] * d->im[tone];
	float turn_im = re[tone] * d->im[tone] - im[tone] * d->re[tone]; /* the sums are conjugates */
	float off_re = turn_re * bl_dtmf_advance_re[tone] + turn_im * bl_dtmf_advance_im[tone];
	float off_im = turn_im * bl_dtmf_advance_re[tone] - turn_re * bl_dtmf_advance_im[tone];

	return atan2f(off_im, off_re) * (HOPS_A_SECOND / (2.0f * PI_F));
}

/* What the window takes from a tone that lies off its frequency, undone: 1/H² of a Hann window up to one bin. */
static float regain(float off_hz)
{
	float bins = off_hz / BIN_HZ;
	float square = bins * bins;

	return 1.0f + 1.29f * square + 1.2f * square * square;
}

static int levels_are_good(const struct bl_dtmf *d, const float *power)
{
	float edge = d->min_power * EDGE_SHARE;

	return power[0] >= edge && power[1] >= edge && power[1] <= power[0] * d->max_high_ratio &&
	       power[0] <= power[1] * d->max_low_ratio;
}

/* The power in the band of dial tones. */
static float dial_band(const struct window *w)
{
	float re[BL_DTMF_TONES], im[BL_DTMF_TONES], power = 0.0f;

	products(w->even, bl_dtmf_dial_rows[0], re);
	products(w->odd, bl_dtmf_dial_rows[1], im);
	for (int bin = 0; bin < BL_DTMF_TONES; bin++)
		power += re[bin] * re[bin] + im[bin] * im[bin];
	return power * DIAL_SCALE;
}

float bl_dtmf_dial_share(const struct bl_dtmf *d)
{
	struct window w;

	take_window(d, d->hops, &w);
	return dial_band(&w) / (power_of(w.sound, bl_dtmf_window_square) + 1.0f);
}

/* The power in the window that tones have to account for. */
static float total_of(struct bl_dtmf *d, const struct window *w)
{
	float low;

	if (!dtmf_dial_tone_stands(d))
		return power_of(w->sound, bl_dtmf_window);
	low = dial_band(w);
	d->dial_low += DIAL_FOLLOW * (low - d->dial_low);
	if (d->dial_low > DIAL_TOP * d->dial_power)
		return power_of(w->sound, bl_dtmf_window);
	return power_of(w->sound, bl_dtmf_window_square) - low;
}

/* Is the tone within the frequency limit? Then what the window took of its power is given back. */
static int in_tune(const struct bl_dtmf *d, const float *re, const float *im, struct dtmf_look *look, int i)
{
	int k = look->tone[i];
	float off = offset_hz(d, re, im, k);

	look->hz[i] = bl_dtmf_hz[k] + off;
	look->power[i] *= regain(off);
	return fabsf(off) <= d->max_off * bl_dtmf_hz[k];
}

/* Do the tones hold what lies above the lowest harmonics of a voice? */
static int is_masked(const struct bl_dtmf *d, const struct window *w, const struct dtmf_look *look)
{
	return look->purity < PURITY && look->purity >= MASKED_PURITY && !dtmf_dial_tone_stands(d) &&
	       look->power[0] + look->power[1] >=
	               BAND_PURITY * (power_of(w->sound, bl_dtmf_window_square) - dial_band(w));
}

static void judge(struct bl_dtmf *d, const struct window *w, const float *re, const float *im, struct dtmf_look *look)
{
	float total = total_of(d, w);

	for (int i = 0; i < 2; i++) {
		int k = look->tone[i] = strongest(re, im, i * DTMF_GROUP);

		look->power[i] = (re[k] * re[k] + im[k] * im[k]) * TONE_SCALE;
	}
	if (total <= 0.0f || (look->power[0] + look->power[1]) * REGAIN_MOST < TRACE * total)
		return;
	if (!in_tune(d, re, im, look, 0) || !in_tune(d, re, im, look, 1) || !levels_are_good(d, look->power))
		return;
	look->purity = (look->power[0] + look->power[1]) / total;
	look->masked = is_masked(d, w, look);
	if (look->purity >= TRACE)
		look->trace = dtmf_digits[DTMF_GROUP * look->tone[0] + look->tone[1] - DTMF_GROUP];
	if (look->purity >= PURITY || look->masked)
		look->digit = look->trace;
}

static void correlate(const struct window *w, float *re, float *im)
{
	products(w->even, bl_dtmf_tone_rows[0], re);
	products(w->odd, bl_dtmf_tone_rows[1], im);
}

void bl_dtmf_glance(struct bl_dtmf *d, uint64_t end)
{
	struct window w;

	take_window(d, end, &w);
	correlate(&w, d->re, d->im);
}

void bl_dtmf_look(struct bl_dtmf *d, uint64_t end, struct dtmf_look *look)
{
	float re[BL_DTMF_TONES], im[BL_DTMF_TONES];
	struct window w;

	take_window(d, end, &w);
	correlate(&w, re, im);
	look->end = end * BL_DTMF_HOP;
	look->digit = look->trace = 0;
	look->masked = 0;
	judge(d, &w, re, im, look);
	memcpy(d->re, re, sizeof re);
	memcpy(d->im, im, sizeof im);
}

float bl_dtmf_other_line(const struct bl_dtmf *d, const struct dtmf_look *look)
{
	float re[BL_DTMF_TONES], im[BL_DTMF_TONES], loudest = 0.0f;
	struct window w;

	take_window(d, look->end / BL_DTMF_HOP, &w);
	for (int first = 0; first < LINES; first += BL_DTMF_TONES) {
		products(w.even, bl_dtmf_line_rows[first / GROUP_ROWS], re);
		products(w.odd, bl_dtmf_line_rows[first / GROUP_ROWS + 1], im);
		for (int k = 0; k < BL_DTMF_TONES; k++) {
			float hz = bl_dtmf_line_hz[first + k];

			if (fabsf(hz - look->hz[0]) > BESIDE_HZ && fabsf(hz - look->hz[1]) > BESIDE_HZ)
				loudest = fmaxf(loudest, re[k] * re[k] + im[k] * im[k]);
		}
	}
	return loudest * TONE_SCALE / power_of(w.sound, bl_dtmf_window);
}

/*
 * Of 10 ms there is little to tell a tone from a dial tone: then 20 ms are taken, if they are kept still, as they are
 * where looks go on.
 */
static float take_before(const struct bl_dtmf *d, uint64_t end, struct window *w)
{
	if (dtmf_dial_tone_stands(d) && end == d->hops) {
		take_window(d, end - 4, w);
		return TONE_SCALE;
	}
	memset(w->sound, 0, sizeof w->sound); /* the hops lie in the middle of a window that is empty beside them */
	for (uint64_t h = 0; h < 2; h++)
		memcpy(w->sound + (1 + h) * BL_DTMF_HOP, d->sound[(end + h - BEFORE_HOPS) % BL_DTMF_HOPS],
		       sizeof d->sound[0]);
	fold(w);
	return TONE_SCALE / MIDDLE_SHARE;
}

void bl_dtmf_before(const struct bl_dtmf *d, const struct dtmf_look *look, float power[2])
{
	float re[BL_DTMF_TONES], im[BL_DTMF_TONES], scale;
	struct window w;

	scale = take_before(d, look->end / BL_DTMF_HOP, &w);
	correlate(&w, re, im);
	for (int i = 0; i < 2; i++) {
		int k = look->tone[i];

		power[i] = (re[k] * re[k] + im[k] * im[k]) * scale;
	}
}
