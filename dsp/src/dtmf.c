/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DTMF receiver. See dtmf.h for how it decides.
 *
 * Purity = power of the two tones / power in the window, both under the same window: by Cauchy-Schwarz it is 1 only for
 * two steady tones that fill it, and about the filled share while a digit begins or ends. One threshold thus serves as
 * the signal-to-noise limit, the guard against speech and the clock of on and off at any level.
 */
#include "dtmf.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "dbm0.h"
#include "dtmf_digits.h"
#include "dtmf_tables.h"
#include "dtmf_vector.h"
#include "isa.h"

#define GROUP 4
#define PURITY 0.75f           /* a look at 10 dB SNR has 0.91 */
#define FREQUENCY_LIMIT 0.025f /* between Q.24's accepted 1.5 % and rejected 3.5 % */
#define TWIST_MARGIN_DB 2.0f   /* three times what noise of 10 dB SNR moves the measured twist */
#define EDGE_SHARE 0.5f        /* of a tone's power a window 3/4 full reads */
#define DIAL_LOOKS 40          /* 200 ms of one level: no speech does that */
#define DIAL_STEADY 0.1f       /* of its power, two frequencies 90 Hz apart beat by half of it */
#define DIAL_FOLLOW 0.0625f    /* a look: its first window may have been not quite full */
#define DIAL_LEAK 0.05f        /* of the tones' power that is counted as below the filter */
#define DIAL_STRAYS 6          /* looks */
#define HOPS_A_SECOND 200.0f
#define BIN_HZ 50.0f  /* sampling rate / window */
#define TINY 1e-12f   /* below: flushed to 0, denormals are slow */
#define MS_TO_FILL 13 /* of a tone before a look is a hit, and after one at its end: purity 0.75 */
#define HOP_MS 5
#define HIT_AFTER_START (MS_TO_FILL * BL_SAMPLES_PER_MS + BL_DTMF_HOP / 2)
#define HIT_BEFORE_END (BL_DTMF_WINDOW - MS_TO_FILL * BL_SAMPLES_PER_MS - BL_DTMF_HOP / 2)
#define PI_F 3.14159265f

struct look {
	char digit;     /* 0: no hit */
	float power[2]; /* low, high: mean squares at the receiver's input */
};

size_t bl_dtmf_size(void)
{
	return sizeof(struct bl_dtmf);
}

static int in_range(float value, float low, float high)
{
	return value >= low && value <= high; /* false for NaN */
}

static int cfg_is_good(const struct bl_dtmf_cfg *cfg)
{
	return in_range(cfg->min_level_dbm0, -45.0f, 0.0f) && in_range(cfg->max_high_twist_db, 0.0f, 20.0f) &&
	       in_range(cfg->max_low_twist_db, 0.0f, 20.0f) && cfg->min_on_ms >= 30 && cfg->min_on_ms <= 200 &&
	       cfg->min_pause_ms >= 25 && cfg->min_pause_ms <= 200;
}

int bl_dtmf_init(struct bl_dtmf *d, const struct bl_dtmf_cfg *cfg)
{
	static const struct bl_dtmf_cfg standard = {.min_level_dbm0 = -38.0f,
	                                            .max_high_twist_db = 4.0f,
	                                            .max_low_twist_db = 8.0f,
	                                            .min_on_ms = 40,
	                                            .min_pause_ms = 30};

	if (!cfg)
		cfg = &standard;
	if (!cfg_is_good(cfg))
		return -EINVAL;
	memset(d, 0, sizeof(*d));
	d->cfg = *cfg;
	bl_dtmf_reset(d);
	return 0;
}

void bl_dtmf_reset(struct bl_dtmf *d)
{
	struct bl_dtmf_cfg cfg = d->cfg;

	memset(d, 0, sizeof(*d));
	d->cfg = cfg;
	d->min_power = BL_DBM0_MEAN_SQUARE * powf(10.0f, cfg.min_level_dbm0 / 10.0f);
	d->max_high_ratio = powf(10.0f, (cfg.max_high_twist_db + TWIST_MARGIN_DB) / 10.0f);
	d->max_low_ratio = powf(10.0f, (cfg.max_low_twist_db + TWIST_MARGIN_DB) / 10.0f);
	/* A tone of t ms gives floor((t - 6) / 5) hits or one more, in noise one less. */
	d->on_hits = (cfg.min_on_ms - 15u) / HOP_MS;
	/* A pause of t ms gives floor((t + 5) / 5) misses or one more. */
	d->off_looks = cfg.min_pause_ms / HOP_MS;
}

/* Take the dial tone off one sample: three second-order sections, transposed direct form II. */
static float filter(struct bl_dtmf *d, float x)
{
	for (int i = 0; i < BL_DTMF_SECTIONS; i++) {
		const float *c = bl_dtmf_filter[i]; /* b0 b1 b2 a1 a2 */
		float y = c[0] * x + d->section[i][0];

		d->section[i][0] = c[1] * x - c[3] * y + d->section[i][1];
		d->section[i][1] = c[2] * x - c[4] * y;
		x = y;
	}
	return x;
}

static void flush_denormals(struct bl_dtmf *d)
{
	for (int i = 0; i < BL_DTMF_SECTIONS; i++) {
		for (int j = 0; j < 2; j++) {
			if (fabsf(d->section[i][j]) < TINY)
				d->section[i][j] = 0.0f;
		}
	}
}

static float window_power(const float *sound)
{
	float power = 0.0f;

	if (bl_isa() == BL_ISA_VECTOR)
		return bl_dtmf_power_vector(sound);
	for (int i = 0; i < BL_DTMF_WINDOW; i++)
		power += bl_dtmf_window[i] * sound[i] * sound[i];
	return power;
}

static void correlate(const struct bl_dtmf *d, float *re, float *im)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_dtmf_correlate_vector(d->sound, re, im);
		return;
	}
	for (int tone = 0; tone < BL_DTMF_TONES; tone++) {
		float sum_re = 0.0f;
		float sum_im = 0.0f;

		for (int i = 0; i < BL_DTMF_WINDOW; i++) {
			sum_re += bl_dtmf_cos[tone][i] * d->sound[i];
			sum_im += bl_dtmf_sin[tone][i] * d->sound[i];
		}
		re[tone] = sum_re;
		im[tone] = sum_im;
	}
}

static int strongest(const float *re, const float *im, int first)
{
	int best = first;
	float most = -1.0f;

	for (int tone = first; tone < first + GROUP; tone++) {
		float power = re[tone] * re[tone] + im[tone] * im[tone];

		if (power > most) {
			most = power;
			best = tone;
		}
	}
	return best;
}

/* Hertz by which the sound lies off a tone: what its phase gained over the hop beside what the tone itself would have.
 */
static float offset_hz(const struct bl_dtmf *d, const float *re, const float *im, int tone)
{
	float turn_re = re[tone] * d->re[tone] + im[tone] * d->im[tone];
	float turn_im = im[tone] * d->re[tone] - re[tone] * d->im[tone];
	/* The window's sums run on from its own start: over a hop the tone itself turns by its advance. */
	float off_re = turn_re * bl_dtmf_back_re[tone] - turn_im * bl_dtmf_back_im[tone];
	float off_im = turn_re * bl_dtmf_back_im[tone] + turn_im * bl_dtmf_back_re[tone];

	return atan2f(off_im, off_re) * (HOPS_A_SECOND / (2.0f * PI_F));
}

/* What the window takes from a tone that lies off its frequency, undone: 1/H² of a Hann window up to 0.9 bins. */
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

/*
 * Is what lies below the filter a dial tone: did it stand still before, and does it still? A few looks off it are
 * forgiven, since the filter delays the start and the end of a digit.
 */
static int dial_tone_stands(struct bl_dtmf *d, float low, float tones)
{
	float off = fabsf(low - d->dial_power);

	if (off <= DIAL_STEADY * d->dial_power + DIAL_LEAK * tones) {
		d->dial_strays = 0;
		d->dial_power += DIAL_FOLLOW * (low - d->dial_power);
		if (d->dial_looks < DIAL_LOOKS)
			d->dial_looks++;
		return d->dial_looks == DIAL_LOOKS;
	}
	if (++d->dial_strays > DIAL_STRAYS || d->dial_looks < DIAL_LOOKS) {
		d->dial_power = low;
		d->dial_looks = 0;
		d->dial_strays = 0;
	}
	return 0;
}

static void take_look(struct bl_dtmf *d, const float *re, const float *im, struct look *look)
{
	int tone[2] = {strongest(re, im, 0), strongest(re, im, GROUP)};
	float filtered = window_power(d->sound);
	float total = window_power(d->raw);
	float tones = 0.0f; /* at the input */
	float pure = 0.0f;  /* after the filter */
	int in_tune = 1;

	for (int i = 0; i < 2; i++) {
		int k = tone[i];
		float off = offset_hz(d, re, im, k);
		float power = re[k] * re[k] + im[k] * im[k];

		if (fabsf(off) <= FREQUENCY_LIMIT * bl_dtmf_hz[k])
			power *= regain(off);
		else
			in_tune = 0;
		pure += power;
		look->power[i] = power * bl_dtmf_gain[k];
		tones += look->power[i];
	}
	if (dial_tone_stands(d, total - filtered - (tones - pure), tones)) {
		total = filtered;
		tones = pure;
	}
	look->digit = 0;
	if (in_tune && tones >= PURITY * total && levels_are_good(d, look->power))
		look->digit = dtmf_digits[GROUP * tone[0] + tone[1] - GROUP];
}

static float level_of(const float *power)
{
	return 5.0f * (log10f(power[0] / BL_DBM0_MEAN_SQUARE) + log10f(power[1] / BL_DBM0_MEAN_SQUARE));
}

static size_t end_digit(struct bl_dtmf *d, struct bl_dtmf_event *events, size_t max)
{
	char digit = d->digit;

	d->digit = 0;
	if (max == 0)
		return 0;
	events->at_sample = d->digit_end;
	events->duration_samples = (uint32_t)(d->digit_end - d->digit_at);
	events->level_dbm0 = d->level_dbm0;
	events->digit = digit;
	events->on = 0;
	return 1;
}

static size_t begin_digit(struct bl_dtmf *d, struct bl_dtmf_event *events, size_t max)
{
	d->digit = d->candidate;
	d->digit_at = d->candidate_at;
	d->level_dbm0 = level_of(d->candidate_power);
	d->misses = 0;
	if (max == 0)
		return 0;
	events->at_sample = d->digit_at;
	events->duration_samples = 0;
	events->level_dbm0 = d->level_dbm0;
	events->digit = d->digit;
	events->on = 1;
	return 1;
}

/* Hits in a row of one digit, its start and its loudest look. */
static void count_hit(struct bl_dtmf *d, const struct look *look)
{
	if (!look->digit || look->digit != d->candidate) {
		d->candidate = look->digit;
		d->candidate_at = d->samples > HIT_AFTER_START ? d->samples - HIT_AFTER_START : 0;
		d->candidate_power[0] = 0.0f;
		d->candidate_power[1] = 0.0f;
		d->hits = 0;
	}
	if (!look->digit)
		return;
	d->hits++;
	for (int i = 0; i < 2; i++)
		d->candidate_power[i] = fmaxf(d->candidate_power[i], look->power[i]);
}

static int candidate_is_digit(const struct bl_dtmf *d)
{
	return d->candidate && d->candidate != d->digit && d->hits >= d->on_hits &&
	       d->candidate_power[0] >= d->min_power && d->candidate_power[1] >= d->min_power;
}

static size_t decide(struct bl_dtmf *d, const struct look *look, struct bl_dtmf_event *events, size_t max)
{
	size_t count = 0;

	count_hit(d, look);
	if (d->digit && look->digit == d->digit) {
		d->misses = 0;
		d->digit_end = d->samples - HIT_BEFORE_END;
	} else if (d->digit && (++d->misses >= d->off_looks || candidate_is_digit(d))) {
		count = end_digit(d, events, max);
	}
	if (candidate_is_digit(d)) {
		count += begin_digit(d, events + count, max - count);
		d->digit_end = d->samples - HIT_BEFORE_END;
	}
	return count;
}

static size_t end_of_hop(struct bl_dtmf *d, struct bl_dtmf_event *events, size_t max)
{
	struct look look = {0};
	float re[BL_DTMF_TONES];
	float im[BL_DTMF_TONES];

	flush_denormals(d);
	correlate(d, re, im);
	take_look(d, re, im, &look);
	memcpy(d->re, re, sizeof(re));
	memcpy(d->im, im, sizeof(im));
	memmove(d->raw, d->raw + BL_DTMF_HOP, (BL_DTMF_WINDOW - BL_DTMF_HOP) * sizeof(d->raw[0]));
	memmove(d->sound, d->sound + BL_DTMF_HOP, (BL_DTMF_WINDOW - BL_DTMF_HOP) * sizeof(d->sound[0]));
	d->fill = 0;
	return decide(d, &look, events, max);
}

size_t bl_dtmf_process(struct bl_dtmf *d, const int16_t *in, size_t n, struct bl_dtmf_event *events, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = BL_DTMF_WINDOW - BL_DTMF_HOP + d->fill;

		d->raw[at] = in[i];
		d->sound[at] = filter(d, in[i]);
		d->samples++;
		if (++d->fill == BL_DTMF_HOP)
			count += end_of_hop(d, events + count, max - count);
	}
	return count;
}
