/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair.h"

#include <math.h>
#include <string.h>

#include "correlate.h"
#include "dbm0.h"
#include "front_tables.h"
#include "pairs.h"

#define PURITY 0.6f        /* of a hit: of the window, by a signal that fills as much of it */
#define PURITY_BEGIN 0.88f /* of one that may begin a signal: 9 dB of noise are borne */
#define THIRD 0.2f         /* greatest power of a third tone, of the weaker one's */
#define REGAIN_MOST 1.5f
#define HOPS_A_SECOND 200.0f
#define TURNS_TO_HZ 31.831f /* 200 hops a second / 2 pi */
#define SAMPLES_OF(hops) (BL_HOP_SAMPLES * (uint64_t)(hops))

struct tone {
	float re[2], im[2]; /* sums of the window's newer and older part */
	float power;        /* squared amplitude, as the window reads it */
};

struct look {
	int number; /* of the pair, 0: no hit */
	float power[2];
	float purity; /* their share of the window */
	float third;  /* power of the third tone, of the weaker one's */
};

void bl_pair_reset(struct bl_pair *p, float min_level_dbm0)
{
	memset(p, 0, sizeof(*p));
	p->min_power = 2.0f * BL_DBM0_MEAN_SQUARE * powf(10.0f, min_level_dbm0 / 10.0f);
}

static void measure(const struct bl_front *f, const struct bl_pair_family *family, unsigned int row, struct tone *tone)
{
	unsigned int half = family->hops / 2u;
	float all = (float)family->hops, re, im, size;

	memset(tone, 0, sizeof(*tone));
	for (unsigned int ago = 0; ago < family->hops; ago++) {
		tone->re[ago >= half] += f->re[bl_front_hop(f, ago)][row];
		tone->im[ago >= half] += f->im[bl_front_hop(f, ago)][row];
	}
	re = tone->re[0] + tone->re[1];
	im = tone->im[0] + tone->im[1];
	tone->power = (re * re + im * im) / (all * all);
	if (family->coherent)
		return;
	size = sqrtf(tone->re[0] * tone->re[0] + tone->im[0] * tone->im[0]) +
	       sqrtf(tone->re[1] * tone->re[1] + tone->im[1] * tone->im[1]);
	tone->power = size * size / (all * all);
}

static float off_hz(const struct bl_pair_family *family, const struct tone *tone)
{
	float re = tone->re[0] * tone->re[1] + tone->im[0] * tone->im[1];
	float im = tone->im[0] * tone->re[1] - tone->re[0] * tone->im[1];

	return atan2f(im, re) * TURNS_TO_HZ * 2.0f / (float)family->hops;
}

/* What the window takes from a tone that is off, undone: 1 / sinc^2, as far as one may be off. */
static float regain(const struct bl_pair_family *family, float off)
{
	float hops = (float)family->hops * (family->coherent ? 1.0f : 0.5f);
	float turns = fminf(fabsf(off), family->regain_hz) * hops / HOPS_A_SECOND, square = turns * turns;

	return 1.0f + 3.29f * square + 6.49f * square * square;
}

/* The strongest tone but two that are known; -1 knows none. */
static int strongest(const struct tone *tones, int but, int nor)
{
	int best = but == 0 || nor == 0 ? (but == 1 || nor == 1 ? 2 : 1) : 0;

	for (int i = 0; i < PAIR_TONES; i++) {
		if (i != but && i != nor && tones[i].power > tones[best].power)
			best = i;
	}
	return best;
}

static float mean_power(const struct bl_front *f, unsigned int hops)
{
	float sum = 0.0f;

	for (unsigned int ago = 0; ago < hops; ago++)
		sum += f->power[bl_front_hop(f, ago)];
	return sum / (float)hops;
}

static int number_of(const struct bl_pair_family *family, int a, int b)
{
	if (family->descending) {
		a = PAIR_TONES - 1 - a;
		b = PAIR_TONES - 1 - b;
	}
	return a < b ? pair_number(a, b) : pair_number(b, a);
}

/* What a window that is filled to this share has of a tone's power. */
static float full(float purity)
{
	return purity < 1.0f ? purity * purity : 1.0f;
}

/* The tone's power as it is; is it within the frequency limit? */
static int in_tune(const struct bl_pair_family *family, const struct tone *tone, int row, float *power)
{
	float off = off_hz(family, tone), hz = (float)bl_front_hz[family->first_row + row];

	*power = tone->power * regain(family, off);
	return fabsf(off) <= family->frequency_limit * hz + family->frequency_limit_hz;
}

static struct look look_at(const struct bl_pair *p, const struct bl_pair_family *family, const struct bl_front *f)
{
	struct tone tones[PAIR_TONES];
	struct look look = {0};
	float all = mean_power(f, family->hops);
	int first, second;

	for (unsigned int i = 0; i < PAIR_TONES; i++)
		measure(f, family, family->first_row + i, &tones[i]);
	first = strongest(tones, -1, -1);
	second = strongest(tones, first, -1);
	if (!((tones[first].power + tones[second].power) * REGAIN_MOST >= PURITY * all))
		return look;
	if (!in_tune(family, &tones[first], first, &look.power[0]) ||
	    !in_tune(family, &tones[second], second, &look.power[1]))
		return look;
	look.purity = (look.power[0] + look.power[1]) / all;
	look.third = tones[strongest(tones, first, second)].power / tones[second].power;
	if (look.purity >= PURITY && look.power[0] <= look.power[1] * family->twist &&
	    look.power[1] >= p->min_power * full(look.purity))
		look.number = number_of(family, first, second);
	return look;
}

/* The mean of its tones' levels. */
static float level_of(const struct look *look)
{
	float gain = full(look->purity) * 2.0f * BL_DBM0_MEAN_SQUARE;

	return 5.0f * (log10f(look->power[0] / gain) + log10f(look->power[1] / gain));
}

static size_t report(const struct bl_pair *p, const struct bl_pair_family *family, int on, struct bl_heard *heard)
{
	memset(heard, 0, sizeof(*heard));
	heard->at_sample = on ? p->signal_at : p->signal_end;
	heard->duration_samples = on ? 0 : (uint32_t)(p->signal_end - p->signal_at);
	heard->level_dbm0 = p->level_dbm0;
	heard->kind = family->kind;
	heard->code = p->signal;
	heard->on = (uint8_t)on;
	return 1;
}

/* A window is a hit from PURITY of it on. */
static uint64_t began(const struct bl_pair_family *family, const struct bl_front *f)
{
	uint64_t now = SAMPLES_OF(f->hops), filled = SAMPLES_OF(family->hops) * 6 / 10 + BL_HOP_SAMPLES / 2;

	return now > filled ? now - filled : 0;
}

static uint64_t ends(const struct bl_pair_family *family, const struct bl_front *f)
{
	uint64_t emptied = SAMPLES_OF(family->hops) * 4 / 10;

	return SAMPLES_OF(f->hops) - (emptied > BL_HOP_SAMPLES / 2 ? emptied - BL_HOP_SAMPLES / 2 : 0);
}

static void count_hit(struct bl_pair *p, const struct bl_pair_family *family, const struct bl_front *f,
                      const struct look *look)
{
	if (look->number != p->candidate) {
		p->candidate = (uint8_t)look->number;
		p->candidate_at = began(family, f);
		p->hits = 0;
	}
	if (look->number && p->hits < UINT8_MAX)
		p->hits++;
}

static int begins(const struct bl_pair *p, const struct bl_pair_family *family, const struct look *look)
{
	return p->candidate && p->candidate != p->signal && p->hits >= family->hits && look->purity >= PURITY_BEGIN &&
	       look->third <= THIRD;
}

size_t bl_pair_hear(struct bl_pair *p, const struct bl_pair_family *family, const struct bl_front *f,
                    struct bl_heard *heard)
{
	struct look look = look_at(p, family, f);
	size_t count = 0;

	count_hit(p, family, f, &look);
	if (p->signal && look.number == p->signal) {
		p->misses = 0;
		p->signal_end = ends(family, f);
	} else if (p->signal && (++p->misses >= family->misses || begins(p, family, &look))) {
		count += report(p, family, 0, heard);
		p->signal = 0;
	}
	if (begins(p, family, &look)) {
		p->signal = p->candidate;
		p->misses = 0;
		p->signal_at = p->candidate_at;
		p->signal_end = ends(family, f);
		p->level_dbm0 = level_of(&look);
		count += report(p, family, 1, heard + count);
	}
	return count;
}
