/* SPDX-License-Identifier: GPL-2.0-only */
#include "progress_match.h"

#include <math.h>
#include <string.h>

#include "correlate.h"
#include "dbm0.h"
#include "progress_tables.h"

#define ZONES (sizeof(progress_zones) / sizeof(progress_zones[0]))
#define SETS (sizeof(progress_sets) / sizeof(progress_sets[0]))
#define TOLERANCE 0.12f
#define TOLERANCE_HOPS 3.0f
#define LATE_HOPS 8       /* that a piece may last beyond its tolerance before it is known to be longer */
#define STEADY 3.0f       /* greatest ratio of powers in a burst */
#define MODULATED 100.0f  /* the same where it is modulated */
#define LEVELS_ALIKE 2.5f /* ratio of two bursts' powers */

const struct progress_zone *progress_zone_of(const struct bl_progress *p)
{
	return &progress_zones[p->zone < ZONES ? p->zone : 0];
}

const struct progress_set *progress_set_of(unsigned int number)
{
	return &progress_sets[number < SETS ? number : 0];
}

int progress_zone_exists(int zone)
{
	return zone >= 0 && (size_t)zone < ZONES;
}

static const struct progress_cadence *told(const struct bl_progress *p)
{
	return &progress_zone_of(p)->cadences[p->cadence % PROGRESS_CADENCES];
}

static float tolerance(uint16_t hops)
{
	return TOLERANCE * (float)hops + TOLERANCE_HOPS;
}

static float misfit(const struct bl_progress_piece *piece, const struct progress_step *step)
{
	return fabsf((float)piece->hops - (float)step->hops) / tolerance(step->hops);
}

static int fits(const struct bl_progress_piece *piece, const struct progress_step *step)
{
	return piece->set == step->set && piece->plain && misfit(piece, step) <= 1.0f;
}

static size_t report(struct bl_progress *p, int on, struct bl_heard *heard)
{
	uint64_t at = on ? p->told_at : p->told_end;

	memset(heard, 0, sizeof(*heard));
	heard->at_sample = at * BL_HOP_SAMPLES;
	heard->duration_samples = on ? 0 : (uint32_t)((p->told_end - p->told_at) * BL_HOP_SAMPLES);
	heard->level_dbm0 = p->level_dbm0;
	heard->kind = BL_HEARD_PROGRESS;
	heard->code = told(p)->kind;
	heard->on = (uint8_t)on;
	p->told = (uint8_t)on;
	return 1;
}

static size_t tell(struct bl_progress *p, unsigned int cadence, uint64_t at, float power, struct bl_heard *heard)
{
	p->cadence = (uint8_t)cadence;
	p->told_at = at;
	p->level_dbm0 = 10.0f * log10f(fmaxf(power, 1.0f) / (2.0f * BL_DBM0_MEAN_SQUARE));
	return report(p, 1, heard);
}

/* How badly the last pieces fit the cadence if the last is its step `last`; above 1: they do not. */
static float misfit_of(const struct bl_progress *p, const struct progress_cadence *c, unsigned int last)
{
	float worst = 0.0f, power = 0.0f;

	for (unsigned int ago = 0; ago < c->needed; ago++) {
		const struct bl_progress_piece *piece = &p->pieces[ago];
		const struct progress_step *step = &c->steps[(last + 2u * c->steps_n + c->steps_n - ago) % c->steps_n];

		if (!fits(piece, step))
			return INFINITY;
		worst = fmaxf(worst, misfit(piece, step));
		if (step->set == PROGRESS_PAUSE)
			continue;
		if (power == 0.0f)
			power = piece->power;
		if (piece->power > power * LEVELS_ALIKE || power > piece->power * LEVELS_ALIKE)
			return INFINITY;
	}
	return worst;
}

/* When the last piece ended, and when the one `ago` pieces before it began. */
static uint64_t end_of(const struct bl_progress *p)
{
	return p->state == BL_PROGRESS_SOUNDING ? p->sound_at : p->pause_at;
}

static uint64_t begin_of(const struct bl_progress *p, unsigned int count)
{
	uint64_t end = end_of(p), hops = 0;

	for (unsigned int ago = 0; ago < count; ago++)
		hops += p->pieces[ago].hops;
	return end > hops ? end - hops : 0;
}

static size_t recognise(struct bl_progress *p, struct bl_heard *heard)
{
	const struct progress_zone *zone = progress_zone_of(p);
	unsigned int cadence = 0, step = 0;
	float best = INFINITY;

	for (unsigned int i = 0; i < zone->cadences_n; i++) {
		const struct progress_cadence *c = &zone->cadences[i];

		if (c->hold || c->needed > p->count)
			continue;
		for (unsigned int last = 0; last < c->steps_n; last++) {
			float badness = misfit_of(p, c, last);

			if (badness < best) {
				best = badness;
				cadence = i;
				step = (last + 1u) % c->steps_n;
			}
		}
	}
	if (best > 1.0f)
		return 0;
	p->step = (uint8_t)step;
	p->told_end = end_of(p);
	return tell(p, cadence, begin_of(p, zone->cadences[cadence].needed),
	            fmaxf(p->pieces[0].power, p->pieces[1].power), heard);
}

size_t progress_matched(struct bl_progress *p, struct bl_heard *heard)
{
	size_t count = 0;

	if (p->told) {
		const struct progress_cadence *c = told(p);
		const struct progress_step *step = &c->steps[p->step % PROGRESS_STEPS];

		if (!c->hold && fits(&p->pieces[0], step)) {
			if (step->set != PROGRESS_PAUSE)
				p->told_end = end_of(p);
			p->step = (uint8_t)((p->step + 1u) % (c->steps_n ? c->steps_n : 1u));
			return 0;
		}
		if (c->hold)
			p->told_end = end_of(p);
		count = report(p, 0, heard);
	}
	return count + recognise(p, heard + count);
}

int progress_is_plain(const struct bl_progress *p)
{
	return p->windows && p->most <= p->least * (progress_set_of(p->set)->modulated ? MODULATED : STEADY);
}

static size_t endless(struct bl_progress *p, uint64_t lasts, struct bl_heard *heard)
{
	const struct progress_zone *zone = progress_zone_of(p);

	for (unsigned int i = 0; i < zone->cadences_n; i++) {
		const struct progress_cadence *c = &zone->cadences[i];

		if (c->hold && c->steps[0].set == p->set && lasts >= c->hold && progress_is_plain(p))
			return tell(p, i, p->sound_at, p->sum / (float)p->windows, heard);
	}
	return 0;
}

size_t progress_lasts(struct bl_progress *p, uint64_t now, struct bl_heard *heard)
{
	int sounds = p->state == BL_PROGRESS_SOUNDING;
	uint64_t lasts = now - (sounds ? p->sound_at : p->pause_at);
	size_t count = 0;

	if (p->told && !told(p)->hold) {
		uint16_t hops = told(p)->steps[p->step % PROGRESS_STEPS].hops;

		if ((float)lasts > (float)hops + tolerance(hops) + LATE_HOPS)
			count = report(p, 0, heard);
	}
	if (sounds && !p->told)
		return count + endless(p, lasts, heard + count);
	if (!sounds && (float)lasts > (float)progress_zone_of(p)->pause * (1.0f + TOLERANCE) + LATE_HOPS + 10.0f)
		p->state = BL_PROGRESS_IDLE;
	return count;
}
