/* SPDX-License-Identifier: GPL-2.0-only */
#include "agc.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "agc_tables.h"
#include "dbm0.h"
#include "gain_scale.h"
#include "gain_vector.h"
#include "isa.h"

#define FRACTION 10
#define ONE (1 << FRACTION)
#define PIECE 8
#define BATCH 32 /* channels */
#define PIECES (BL_MEASURE_MOST / PIECE)
#define FRAME 160
#define SPEECH_FULL 4000 /* half a second of speech */
#define SPEECH_EARLY 1600
#define PAUSE 50        /* frames of a pause after which half a second of speech begins anew */
#define JUMP 60         /* tenths: a difference that is believed at once */
#define SMOOTHED 3      /* half seconds */
#define LOUDEST_DOWN 4  /* 2^4 frames: 14 dB a second */
#define LOUDEST_RANGE 6 /* 18 dB */
#define UP 4            /* tenths a frame: 20 dB a second */
#define DOWN 10         /* 50 dB a second */
#define STILL 5         /* tenths from the target within which nothing moves */
#define RELEASE 1       /* tenths a tick */

size_t bl_agc_size(void)
{
	return sizeof(struct bl_agc);
}

static int within(float value, float least, float most)
{
	return value >= least && value <= most;
}

static int32_t tenths(float db)
{
	return (int32_t)lrintf(10.0f * db);
}

static void begin(struct bl_agc *a, int32_t target, int32_t least, int32_t most)
{
	memset(a, 0, sizeof *a);
	a->target = target;
	a->least = least;
	a->most = most;
	a->factor = a->full = ONE;
	a->watched = UINT32_MAX;
}

int bl_agc_init(struct bl_agc *a, const struct bl_agc_cfg *cfg)
{
	if (!a)
		return -EINVAL;

	static const struct bl_agc_cfg standard = {.target_dbm0 = -18.0f, .least_db = -12.0f, .most_db = 24.0f};

	if (!cfg)
		cfg = &standard;
	if (!within(cfg->target_dbm0, -40.0f, -3.0f) || !within(cfg->least_db, -24.0f, 0.0f) ||
	    !within(cfg->most_db, 0.0f, 30.0f))
		return -EINVAL;
	begin(a, tenths(cfg->target_dbm0), tenths(cfg->least_db), tenths(cfg->most_db));
	return 0;
}

void bl_agc_reset(struct bl_agc *a)
{
	if (!a)
		return;
	begin(a, a->target, a->least, a->most);
}

static int32_t bounded(int32_t value, int32_t least, int32_t most)
{
	return value < least ? least : value > most ? most : value;
}

static int16_t factor_of(int32_t gain)
{
	return bl_agc_factors[bounded(gain, BL_AGC_LEAST, BL_AGC_MOST) - BL_AGC_LEAST];
}

static int32_t level_of(uint64_t energy, uint32_t samples)
{
	float mean = (float)energy / (float)samples;

	return mean <= 0.0f ? -1000 : tenths(10.0f * log10f(mean / BL_DBM0_MEAN_SQUARE));
}

static void forget_speech(struct bl_agc *a)
{
	a->pause = 0;
	a->speech = 0;
	a->speech_energy = 0;
	a->speech_peak = 0;
}

/* Speech swells and falls: its loudest frame is far above the mean. Noise that has just begun is not. */
static int steady(const struct bl_agc *a)
{
	return a->speech_peak * (a->speech / FRAME) * 2 < a->speech_energy * 3;
}

/* The level of speech so far in this half second is believed when it is full, or early when it is quite another. */
static void learn_level(struct bl_agc *a)
{
	int32_t now = level_of(a->speech_energy, a->speech), away = now - a->level;
	int full = a->speech >= SPEECH_FULL;

	if (now < 10 * BL_AGC_FAINT || steady(a)) {
		away = 0;
	} else if (!a->known || away > JUMP || away < -JUMP) {
		a->level = now;
		a->known = 1;
	} else if (full) {
		a->level += away / a->known;
		a->known += a->known < SMOOTHED;
	}
	if (full)
		forget_speech(a);
}

/* Frames far under the loudest of late are what lies between syllables and behind words: they are no level. */
static int counts(struct bl_agc *a)
{
	uint64_t loudest = a->loudest - (a->loudest >> LOUDEST_DOWN);

	a->loudest = a->energy > loudest ? a->energy : loudest;
	return a->energy >= a->loudest >> LOUDEST_RANGE;
}

/* From which peak on the limiter has something to do. */
static void watch(struct bl_agc *a)
{
	if (a->limited > 0)
		a->watched = 0;
	else
		a->watched = a->full > ONE ? (uint32_t)(BL_AGC_LIMIT * ONE / (uint32_t)a->full) + 1 : UINT32_MAX;
}

static void move_gain(struct bl_agc *a)
{
	int32_t wanted = bounded(a->target - a->level, a->least, a->most), away = wanted - a->gain;

	if (away > STILL || away < -STILL)
		a->gain += bounded(away, -DOWN, UP);
	a->full = factor_of(a->gain);
	watch(a);
}

/* Not inline, as what follows: a tick in which nothing changes is to stay short. */
static __attribute__((noinline)) void frame(struct bl_agc *a, int active)
{
	if (active) {
		if (counts(a)) {
			a->speech_energy += a->energy;
			a->speech_peak = a->energy > a->speech_peak ? a->energy : a->speech_peak;
			a->speech += a->fill;
			if (a->speech >= SPEECH_EARLY && a->speech % (5 * FRAME) < FRAME)
				learn_level(a);
		}
		if (a->known)
			move_gain(a);
		a->pause = 0;
	} else if (++a->pause >= PAUSE) {
		forget_speech(a);
	}
	a->energy = 0;
	a->fill = 0;
}

/* What the limiter must take so that the peak stays under its limit; found in the table of factors. */
static int32_t excess(int32_t gain, uint32_t peak)
{
	int32_t most = (int32_t)(BL_AGC_LIMIT * ONE / peak), low = 0, high = gain;

	while (low < high) {
		int32_t middle = (low + high + 1) / 2;

		if (factor_of(middle) <= most)
			low = middle;
		else
			high = middle - 1;
	}
	return gain - low;
}

/* Takes from the gain what the limiter must, gives back what it took before. */
static __attribute__((noinline)) void limit(struct bl_agc *a, uint32_t peak)
{
	int32_t gain = bounded(a->gain, 0, BL_AGC_MOST), needed = peak ? excess(gain, peak) : 0;

	a->limited = bounded(a->limited - RELEASE, needed, gain);
	watch(a);
}

static void apply(int16_t factor, const int16_t *in, int16_t *out, size_t n, int vector)
{
	if (factor == ONE) {
		if (in != out)
			memcpy(out, in, n * sizeof *out);
	} else if (vector) {
		bl_gain_scale_vector(in, out, n, factor, FRACTION);
	} else {
		for (size_t i = 0; i < n; i++)
			out[i] = scaled(in[i], factor, FRACTION);
	}
}

/* Up from the last factor over the piece, eight samples a step. */
static __attribute__((noinline)) void apply_ramp(int16_t from, int16_t to, const int16_t *in, int16_t *out, size_t n,
                                                 int vector)
{
	int16_t factors[PIECES];
	int pieces = (int)(n / PIECE);

	for (int i = 0; i < pieces; i++)
		factors[i] = (int16_t)(from + (to - from) * (i + 1) / pieces);
	if (vector) {
		bl_gain_ramp_vector(in, out, n, factors, FRACTION);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = scaled(in[i], factors[i / PIECE], FRACTION);
}

/* The factor at the end of the piece. */
static inline int16_t next_factor(struct bl_agc *a, const struct bl_measure *m, int active)
{
	a->energy += m->energy;
	a->fill += m->samples;
	if (a->fill >= FRAME)
		frame(a, active);
	if (m->peak < a->watched)
		return a->full;
	limit(a, m->peak);
	return factor_of(a->gain - a->limited);
}

static void process(struct bl_agc *a, const struct bl_measure *m, int active, const int16_t *in, int16_t *out,
                    int vector)
{
	size_t n = m->samples <= BL_MEASURE_MOST ? m->samples : 0;
	int16_t factor = next_factor(a, m, active);

	if (factor > a->factor)
		apply_ramp(a->factor, factor, in, out, n, vector);
	else
		apply(factor, in, out, n, vector);
	a->factor = factor;
}

void bl_agc_process(struct bl_agc *a, const struct bl_measure *m, int active, const int16_t *in, int16_t *out)
{
	if (!a || !m || !in || !out)
		return;
	process(a, m, active, in, out, bl_isa() == BL_ISA_VECTOR);
}

/* First all factors, then all ticks that have one factor: what does not is done by the way. */
static void process_vector(struct bl_agc *const a[], const struct bl_measure m[], const uint8_t active[],
                           const int16_t *const in[], int16_t *const out[], size_t channels)
{
	int16_t factors[BATCH];

	for (size_t c = 0; c < channels; c++) {
		int16_t before = a[c]->factor;

		factors[c] = BL_GAIN_NONE;
		if (m[c].samples != BL_MEASURE_MOST) {
			process(a[c], &m[c], active[c], in[c], out[c], 1);
			continue;
		}
		a[c]->factor = next_factor(a[c], &m[c], active[c]);
		if (a[c]->factor > before)
			apply_ramp(before, a[c]->factor, in[c], out[c], BL_MEASURE_MOST, 1);
		else
			factors[c] = a[c]->factor;
	}
	bl_gain_ticks_vector(in, out, factors, FRACTION, channels);
}

void bl_agc_process_many(struct bl_agc *const a[], const struct bl_measure m[], const uint8_t active[],
                         const int16_t *const in[], int16_t *const out[], size_t channels)
{
	int vector = bl_isa() == BL_ISA_VECTOR;

	for (size_t c = 0; vector && c < channels; c += BATCH)
		process_vector(a + c, m + c, active + c, in + c, out + c, channels - c < BATCH ? channels - c : BATCH);
	for (size_t c = 0; !vector && c < channels; c++)
		process(a[c], &m[c], active[c], in[c], out[c], 0);
}

float bl_agc_gain_db(const struct bl_agc *a)
{
	if (!a)
		return 0;
	return (float)(a->gain - a->limited) / 10.0f;
}
