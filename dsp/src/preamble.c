/* SPDX-License-Identifier: GPL-2.0-only */
#include "preamble.h"

#include <math.h>
#include <string.h>

#include "bits.h"
#include "correlate.h"
#include "dbm0.h"

#define HOPS BL_PREAMBLE_HOPS
#define GATE_HOPS 2 /* of the last eight must be strong */
#define SHARE 0.6f  /* of the energy in both */
#define LINE 0.55f  /* at 37.5 Hz */
#define MEAN_LEAST (-0.8f)
#define MEAN_MOST (-0.2f)
#define TOLD 16 /* hits in a row */
#define MISSES 8

void bl_preamble_reset(struct bl_preamble *p, float min_level_dbm0)
{
	memset(p, 0, sizeof(*p));
	p->min_power = 2.0f * BL_DBM0_MEAN_SQUARE * powf(10.0f, min_level_dbm0 / 10.0f);
}

static float power_of(const struct bl_front *f, unsigned int row)
{
	size_t hop = bl_front_hop(f, 0);

	return f->re[hop][row] * f->re[hop][row] + f->im[hop][row] * f->im[hop][row];
}

static void keep(struct bl_preamble *p, const struct bl_front *f)
{
	float mark = power_of(f, BL_ROW_1650), space = power_of(f, BL_ROW_1850), both = mark + space;
	size_t at = f->hops % HOPS;

	p->difference[at] = both > 0.0f ? (space - mark) / both : 0.0f;
	p->held[at] = both;
	p->power[at] = f->power[bl_front_hop(f, 0)];
	if (p->fill < HOPS)
		p->fill++;
}

static int is_hit(const struct bl_preamble *p)
{
	static const float cosine[HOPS] = {
	        1.0f,  0.38268343f,  -0.70710678f, -0.92387953f, 0.0f, 0.92387953f,  0.70710678f,  -0.38268343f,
	        -1.0f, -0.38268343f, 0.70710678f,  0.92387953f,  0.0f, -0.92387953f, -0.70710678f, 0.38268343f};
	float mean = 0.0f, re = 0.0f, im = 0.0f, held = 0.0f, power = 0.0f;

	for (size_t i = 0; i < HOPS; i++) {
		mean += p->difference[i] / HOPS;
		re += p->difference[i] * cosine[i] * 2.0f / HOPS;
		im += p->difference[i] * cosine[(i + 4) % HOPS] * 2.0f / HOPS; /* a sine of three rounds: 12 of 16 on */
		held += p->held[i];
		power += p->power[i];
	}
	return held >= SHARE * power && held >= p->min_power * HOPS * SHARE && mean >= MEAN_LEAST &&
	       mean <= MEAN_MOST && re * re + im * im >= LINE * LINE;
}

static size_t report(struct bl_preamble *p, int on, struct bl_heard *heard)
{
	memset(heard, 0, sizeof(*heard));
	heard->at_sample = (on ? p->begin : p->end) * BL_HOP_SAMPLES;
	heard->duration_samples = on ? 0 : (uint32_t)((p->end - p->begin) * BL_HOP_SAMPLES);
	heard->level_dbm0 = p->level_dbm0;
	heard->kind = BL_HEARD_PREAMBLE;
	heard->code = 1;
	heard->on = (uint8_t)on;
	p->told = (uint8_t)on;
	return 1;
}

static size_t hit(struct bl_preamble *p, uint64_t now, struct bl_heard *heard)
{
	float held = 0.0f;

	p->misses = 0;
	p->end = now;
	if (p->hits == 0)
		p->begin = now > HOPS ? now - HOPS : 0;
	if (p->hits < TOLD)
		p->hits++;
	if (p->told || p->hits < TOLD)
		return 0;
	for (size_t i = 0; i < HOPS; i++)
		held += p->held[i] / HOPS;
	p->level_dbm0 = 10.0f * log10f(fmaxf(held, 1.0f) / (2.0f * BL_DBM0_MEAN_SQUARE));
	return report(p, 1, heard);
}

static size_t miss(struct bl_preamble *p, struct bl_heard *heard)
{
	if (!p->told || ++p->misses >= MISSES)
		p->hits = 0;
	return p->told && p->misses >= MISSES ? report(p, 0, heard) : 0;
}

size_t bl_preamble_hear(struct bl_preamble *p, const struct bl_front *f, struct bl_heard *heard)
{
	if (ones(p->gate) < GATE_HOPS && !p->told) {
		p->fill = 0;
		p->hits = 0;
		return 0;
	}
	keep(p, f);
	return p->fill == HOPS && is_hit(p) ? hit(p, f->hops, heard) : miss(p, heard);
}
