/* SPDX-License-Identifier: GPL-2.0-only */
#include "answer_tone.h"

#include <math.h>
#include <string.h>

#include "correlate.h"
#include "dbm0.h"

#define WINDOW BL_FRONT_HOPS
#define SHARE 0.7f          /* of the window's energy */
#define EVEN 0.85f          /* of what a steady tone's turns add up to */
#define TURNS_TO_HZ 31.831f /* 200 hops a second / 2 pi */
#define CNG_LIMIT_HZ 48.0f
#define ANS_LIMIT_HZ 30.0f
#define TOLD 60           /* hops: 300 ms */
#define MISSES 12         /* a reversal costs eight */
#define FILLED 6          /* hops of a window that make it a hit */
#define REVERSED (-0.82f) /* cosine of 145 degrees */
#define INTERVAL 90       /* hops between reversals */
#define INTERVAL_LIMIT 7
#define AM_HOPS 40 /* three rounds of 15 Hz */
#define AM_STEP (2.0f * 3.14159265f * 15.0f / 200.0f)
#define AM_LEAST 0.4f /* of the tone's power: a third less than its amplitude */
#define AM_DEPTH 0.1f
#define SMOOTH 0.125f

struct value {
	float re, im;
};

void bl_answer_reset(struct bl_answer *a, float min_level_dbm0)
{
	memset(a, 0, sizeof(*a));
	a->min_power = 2.0f * BL_DBM0_MEAN_SQUARE * powf(10.0f, min_level_dbm0 / 10.0f);
}

static struct value value_of(const struct bl_answer *a, const struct bl_front *f, unsigned int ago)
{
	size_t hop = bl_front_hop(f, ago), row = a->row % BL_FRONT_ROWS;

	return (struct value){f->re[hop][row], f->im[hop][row]};
}

static struct value times_conjugate(struct value a, struct value b)
{
	return (struct value){a.re * b.re + a.im * b.im, a.im * b.re - a.re * b.im};
}

static float square_of(struct value a)
{
	return a.re * a.re + a.im * a.im;
}

/* Is the window filled by a steady tone at the frequency? Its turn is then known. */
static int is_hit(struct bl_answer *a, const struct bl_front *f)
{
	float tone = 0.0f, middle = 0.0f, all = 0.0f, size, limit = a->row == BL_ROW_1100 ? CNG_LIMIT_HZ : ANS_LIMIT_HZ;
	struct value turns = {0};

	for (unsigned int ago = 0; ago < WINDOW; ago++) {
		struct value now = value_of(a, f, ago);

		tone += square_of(now);
		middle += ago >= 2 && ago < 6 ? square_of(now) / 4.0f : 0.0f; /* surely within the tone */
		all += f->power[ago];
		if (ago + 1 < WINDOW) {
			struct value turn = times_conjugate(now, value_of(a, f, ago + 1));

			turns.re += turn.re;
			turns.im += turn.im;
		}
	}
	size = sqrtf(square_of(turns));
	if (!(tone >= SHARE * all) || !(size >= EVEN * tone * (WINDOW - 1) / WINDOW) ||
	    tone < a->min_power * WINDOW * SHARE || fabsf(atan2f(turns.im, turns.re)) * TURNS_TO_HZ > limit)
		return 0;
	a->turn[0] = turns.re / size;
	a->turn[1] = turns.im / size;
	a->power += (middle - a->power) * (a->power > 0.0f ? SMOOTH : 1.0f);
	return 1;
}

/* Two hops a row of three before two others, which the tone's own turn is taken from. */
static int is_reversed(const struct bl_answer *a, const struct bl_front *f)
{
	struct value turn = {a->turn[0], a->turn[1]}, back = turn, newer = {0}, older = {0}, change;
	float least = 0.5f * a->power * 4.0f; /* of two hops, squared */

	for (unsigned int ago = 0; ago < 2; ago++) {
		struct value now = value_of(a, f, ago), then = value_of(a, f, ago + 3);

		newer.re += now.re;
		newer.im += now.im;
		older.re += then.re;
		older.im += then.im;
	}
	for (int i = 0; i < 2; i++)
		back = (struct value){back.re * turn.re - back.im * turn.im, back.re * turn.im + back.im * turn.re};
	change = times_conjugate(times_conjugate(newer, older), back);
	return square_of(newer) > least && square_of(older) > least && change.re < REVERSED * sqrtf(square_of(change));
}

static int is_in_time(uint64_t now, uint64_t before)
{
	return now >= before + INTERVAL - INTERVAL_LIMIT && now <= before + INTERVAL + INTERVAL_LIMIT;
}

static void look_for_reversal(struct bl_answer *a, const struct bl_front *f)
{
	uint64_t now = f->hops - 2;

	if (now < a->reversed_at + WINDOW || now < a->begin + WINDOW || !is_reversed(a, f))
		return;
	if (is_in_time(now, a->reversed_at) || is_in_time(now, a->begin))
		a->reversals = 1;
	a->reversed_at = now;
}

/* A hop that holds a reversal, or the tone's end, counts as the mean: it is no modulation. */
static void measure_modulation(struct bl_answer *a, const struct bl_front *f)
{
	float square = square_of(value_of(a, f, 0)), angle = AM_STEP * (float)a->measured;
	float size = sqrtf(square > AM_LEAST * a->power ? square : a->power);

	a->sum += size;
	a->swing[0] += size * cosf(angle);
	a->swing[1] += size * sinf(angle);
	if (++a->measured < AM_HOPS)
		return;
	a->modulated = 2.0f * sqrtf(a->swing[0] * a->swing[0] + a->swing[1] * a->swing[1]) > AM_DEPTH * a->sum;
	a->measured = 0;
	a->sum = a->swing[0] = a->swing[1] = 0.0f;
}

static uint8_t code_of(const struct bl_answer *a)
{
	if (a->row == BL_ROW_1100)
		return BL_ANSWER_CNG;
	if (a->modulated)
		return a->reversals ? BL_ANSWER_ANSAM_PR : BL_ANSWER_ANSAM;
	return a->reversals ? BL_ANSWER_ANS_PR : BL_ANSWER_ANS;
}

static size_t report(struct bl_answer *a, int on, struct bl_heard *heard)
{
	memset(heard, 0, sizeof(*heard));
	heard->at_sample = (on ? a->begin : a->end) * BL_HOP_SAMPLES;
	heard->duration_samples = on ? 0 : (uint32_t)((a->end - a->begin) * BL_HOP_SAMPLES);
	heard->level_dbm0 = 10.0f * log10f(fmaxf(a->power, 1.0f) / (2.0f * BL_DBM0_MEAN_SQUARE));
	heard->kind = BL_HEARD_ANSWER;
	heard->code = a->code;
	heard->on = (uint8_t)on;
	return 1;
}

static void forget(struct bl_answer *a)
{
	bl_answer_reset(a, 0.0f);
}

static int begin(struct bl_answer *a, const struct bl_front *f)
{
	a->row = f->strong >> BL_ROW_1100 & 1u ? BL_ROW_1100 : BL_ROW_2100;
	if (!is_hit(a, f)) {
		a->row = 0;
		return 0;
	}
	a->begin = f->hops > FILLED ? f->hops - FILLED : 0;
	a->end = f->hops;
	a->reversed_at = 0;
	return 1;
}

static size_t miss(struct bl_answer *a, struct bl_heard *heard)
{
	float min_power = a->min_power;
	size_t count = 0;

	if (++a->misses < MISSES)
		return 0;
	if (a->code)
		count = report(a, 0, heard);
	forget(a);
	a->min_power = min_power;
	return count;
}

size_t bl_answer_hear(struct bl_answer *a, const struct bl_front *f, struct bl_heard *heard)
{
	uint8_t code;

	if (!a->row) {
		(void)begin(a, f);
		return 0;
	}
	if (a->row == BL_ROW_2100)
		look_for_reversal(a, f);
	measure_modulation(a, f);
	if (!is_hit(a, f))
		return miss(a, heard);
	a->misses = 0;
	a->end = f->hops - (WINDOW - FILLED);
	code = code_of(a);
	if (f->hops < a->begin + TOLD || code == a->code)
		return 0;
	a->code = code;
	return report(a, 1, heard);
}
