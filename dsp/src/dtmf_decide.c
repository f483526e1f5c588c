/* SPDX-License-Identifier: GPL-2.0-only */
/* DTMF receiver: hits and misses in a row make digits and end them. */
#include <math.h>

#include "dbm0.h"
#include "dtmf_stages.h"

#define MS_TO_FILL 13 /* of a tone before a look is a hit, and after one at its end: purity 0.75 */
#define HIT_AFTER_START (MS_TO_FILL * BL_SAMPLES_PER_MS + BL_DTMF_HOP / 2)
#define HIT_BEFORE_END (BL_DTMF_WINDOW - MS_TO_FILL * BL_SAMPLES_PER_MS - BL_DTMF_HOP / 2)

static float level_of(const float *power)
{
	return 5.0f * (log10f(power[0] / BL_DBM0_MEAN_SQUARE) + log10f(power[1] / BL_DBM0_MEAN_SQUARE));
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
	d->level_dbm0 = level_of(d->candidate_power);
	d->misses = 0;
	tell(d, 1, out);
}

/* Hits in a row of one digit, its start and its loudest look. */
static void count_hit(struct bl_dtmf *d, const struct dtmf_look *look)
{
	if (!look->digit || look->digit != d->candidate) {
		d->candidate = look->digit;
		d->candidate_at = look->end > HIT_AFTER_START ? look->end - HIT_AFTER_START : 0;
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

void bl_dtmf_decide(struct bl_dtmf *d, const struct dtmf_look *look, struct dtmf_out *out)
{
	count_hit(d, look);
	if (d->digit && look->digit == d->digit) {
		d->misses = 0;
		d->digit_end = look->end - HIT_BEFORE_END;
	} else if (d->digit && (++d->misses >= d->off_looks || candidate_is_digit(d))) {
		end_digit(d, out);
	}
	if (candidate_is_digit(d))
		begin_digit(d, look, out);
}

char bl_dtmf_early(const struct bl_dtmf *d)
{
	return d->candidate != d->digit ? d->candidate : 0;
}
