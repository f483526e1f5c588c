/* SPDX-License-Identifier: GPL-2.0-only */
/* DTMF receiver: hits and misses in a row make digits and end them. */
#include <math.h>

#include "dbm0.h"
#include "dtmf_stages.h"

#define MS_TO_FILL 13           /* of a tone before a look is a hit, and after one at its end: purity 0.75 */
#define LEVEL_RATIO 2.2f        /* noise of 10 dB SNR and an echo of -10 dB move a sender's level by less */
#define DRIFT_HZ 14.0f          /* and its frequency */
#define MASKED_LEVEL_RATIO 1.6f /* where a voice is seen, it must not be the voice's */
#define MASKED_DRIFT_HZ 6.0f
#define MEAN_PURITY 0.78f
#define SUSTAINED 0.6f   /* of a tone's power: at its end a look has less */
#define OTHER_LINE 0.04f /* of the power: noise of 8 dB SNR has 0.02, a vowel 0.07, chords 0.1 */
#define BEFORE 0.25f     /* of a tone's power: an echo of -10 dB has less */
#define FRESH_SAMPLES (100 * BL_SAMPLES_PER_MS)
#define HIT_AFTER_START (MS_TO_FILL * BL_SAMPLES_PER_MS + BL_DTMF_HOP / 2)
#define HIT_BEFORE_END (BL_DTMF_WINDOW - MS_TO_FILL * BL_SAMPLES_PER_MS - BL_DTMF_HOP / 2)

static float level_of(const struct bl_dtmf *d)
{
	float product = (d->run_power[0][1] / BL_DBM0_MEAN_SQUARE) * (d->run_power[1][1] / BL_DBM0_MEAN_SQUARE);

	return 5.0f * log10f(product);
}

static void tell(const struct bl_dtmf *d, int on, struct dtmf_out *out)
{
	struct bl_dtmf_event *event = out->events + out->count;

	if (out->count == out->max)
		return;
	event->at_sample = on ? d->digit_at : d->digit_end;
	event->duration_samples = on ? 0 : (uint32_t)(d->digit_end - d->digit_at);
	event->level_dbm0 = d->level_dbm0;
	event->digit = d->digit;
	event->on = (uint8_t)on;
	event->channel = out->channel;
	out->count++;
}

static void end_digit(struct bl_dtmf *d, struct dtmf_out *out)
{
	tell(d, 0, out);
	d->digit = 0;
}

static void begin_digit(struct bl_dtmf *d, const struct dtmf_look *look, struct dtmf_out *out)
{
	d->digit = d->candidate;
	d->digit_at = d->candidate_at;
	d->digit_end = look->end - HIT_BEFORE_END;
	d->level_dbm0 = level_of(d);
	d->misses = 0;
	for (int i = 0; i < 2; i++)
		d->digit_power[i] = d->run_power[i][1];
	tell(d, 1, out);
}

/* A range, least and most, takes in a value. */
static void widen(float range[2], float value)
{
	range[0] = fminf(range[0], value);
	range[1] = fmaxf(range[1], value);
}

/* Where the sound began whose first hit ends there. */
static uint64_t start_of(uint64_t end)
{
	return end > HIT_AFTER_START ? end - HIT_AFTER_START : 0;
}

/*
 * A sender's tones begin together; a note goes on while another begins. What broke off and comes again soon, or follows
 * a digit without a pause, is a sender's too.
 */
static void note_onset(struct bl_dtmf *d, const struct dtmf_look *look)
{
	int again = look->digit == d->fresh_digit && look->end <= d->fresh_at + FRESH_SAMPLES;
	float power[2];

	d->fresh = (uint8_t)(again || d->digit);
	if (again)
		d->candidate_at = start_of(d->fresh_at);
	if (d->fresh)
		return;
	bl_dtmf_before(d, look, power);
	d->fresh = power[0] <= BEFORE * look->power[0] && power[1] <= BEFORE * look->power[1];
	if (d->fresh) {
		d->fresh_digit = look->digit;
		d->fresh_at = look->end;
	}
}

static void begin_run(struct bl_dtmf *d, const struct dtmf_look *look)
{
	d->candidate = look->digit;
	d->candidate_at = start_of(look->end);
	d->hits = 0;
	if (look->digit)
		note_onset(d, look);
	d->masked = 0;
	d->purity = 0.0f;
}

/* A sender stands still: where level or frequency wander it is speech or music. */
static int stands_still(const struct bl_dtmf *d)
{
	float ratio = d->masked ? MASKED_LEVEL_RATIO : LEVEL_RATIO, hz = d->masked ? MASKED_DRIFT_HZ : DRIFT_HZ;

	for (int i = 0; i < 2; i++)
		if (d->run_power[i][1] > ratio * d->run_power[i][0] || d->run_hz[i][1] - d->run_hz[i][0] > hz)
			return 0;
	return 1;
}

/* The first look of a run may be partly filled. */
static void add_to_run(struct bl_dtmf *d, const struct dtmf_look *look)
{
	for (int i = 0; i < 2; i++)
		if (d->hits < 2) {
			d->run_power[i][0] = d->run_power[i][1] = look->power[i];
			d->run_hz[i][0] = d->run_hz[i][1] = look->hz[i];
		} else {
			widen(d->run_power[i], look->power[i]);
			widen(d->run_hz[i], look->hz[i]);
		}
	d->purity += d->hits ? fmaxf(look->purity, look->masked ? MEAN_PURITY : 0.0f) : 0.0f;
	d->masked |= (uint8_t)look->masked;
	d->hits++;
}

/* Something sounds over the digit: its tones are there as loud as before, and more. */
static int sustains(const struct dtmf_look *look, char digit, float low, float high)
{
	return digit && look->trace == digit && look->power[0] >= SUSTAINED * low && look->power[1] >= SUSTAINED * high;
}

/* Hits in a row of one digit that stands still. */
static void count_hit(struct bl_dtmf *d, const struct dtmf_look *look)
{
	if (!look->digit && sustains(look, d->candidate, d->run_power[0][1], d->run_power[1][1]))
		return;
	if (!look->digit || look->digit != d->candidate)
		begin_run(d, look);
	if (!look->digit)
		return;
	add_to_run(d, look);
	if (d->digit != d->candidate && !stands_still(d)) {
		begin_run(d, look);
		add_to_run(d, look);
	}
}

static int candidate_is_digit(const struct bl_dtmf *d, const struct dtmf_look *look)
{
	return d->candidate && d->candidate != d->digit && d->hits >= d->on_hits &&
	       d->run_power[0][1] >= d->min_power && d->run_power[1][1] >= d->min_power &&
	       d->purity >= MEAN_PURITY * (float)(d->hits - 1) && d->fresh && bl_dtmf_other_line(d, look) <= OTHER_LINE;
}

void bl_dtmf_decide(struct bl_dtmf *d, const struct dtmf_look *look, struct dtmf_out *out)
{
	count_hit(d, look);
	if (d->digit && look->digit == d->digit) {
		d->misses = 0;
		d->digit_end = look->end - HIT_BEFORE_END;
	} else if (sustains(look, d->digit, d->digit_power[0], d->digit_power[1])) {
		d->misses = 0;
	} else if (d->digit && (++d->misses >= d->off_looks || candidate_is_digit(d, look))) {
		end_digit(d, out);
	}
	if (candidate_is_digit(d, look))
		begin_digit(d, look, out);
}

char bl_dtmf_early(const struct bl_dtmf *d)
{
	if (!d)
		return 0;
	return d->candidate != d->digit && d->fresh ? d->candidate : 0;
}
