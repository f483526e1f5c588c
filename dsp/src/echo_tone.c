/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tone disabler: 2100 Hz with reversals of phase, in either direction.
 *
 * A tick holds ten and a half periods, so from one tick to the next a true tone's phasor turns by half a turn. What is
 * left is the tone's offset in frequency. A reversal shows between phasors three ticks apart, with the spoilt one
 * inside.
 */
#include <math.h>
#include <string.h>

#include "dbm0.h"
#include "echo_batch.h"

#define BIN 21                                 /* of 100 Hz */
#define LEAST (0.00079f * BL_DBM0_MEAN_SQUARE) /* -31 dBm0 */
#define WEAKER 0.5f                            /* what is a tone stays one: V.8's modulation takes 2 dB at times */
#define HELD (0.00025f * BL_DBM0_MEAN_SQUARE)  /* -36 dBm0 */
#define PURE 0.7f                              /* of the energy is the tone's */
#define TURN_COS 0.5f                          /* of 60 degrees: 33 Hz beside the tone */
#define REVERSED_COS (-0.7f)                   /* 180 +- 45 degrees */
#define EARLIEST 80                            /* ticks from one reversal to the next: 400 ms */
#define LATEST 100
#define GAP_MAX 3  /* ticks without it: a reversal spoils two at most */
#define RELEASE 50 /* ticks, 250 ms */

struct turn {
	float re, im;
};

/* How far the phasor has turned from an odd number of ticks ago to now, of length 1; the half turns taken out. */
static struct turn turned(const struct bl_echo_tone *t, uint32_t ago)
{
	uint32_t a = t->now % 4, b = (t->now - ago) % 4;
	float re = t->re[a] * t->re[b] + t->im[a] * t->im[b], im = t->im[a] * t->re[b] - t->re[a] * t->im[b];
	float scale = -1.0f / sqrtf(re * re + im * im + 1e-9f);

	return (struct turn){re * scale, im * scale};
}

/* Three turns of one tick in a row would be this; their angle's cosine to what three ticks have made. */
static float agreement(struct turn one, struct turn three)
{
	struct turn two = {one.re * one.re - one.im * one.im, 2 * one.re * one.im};
	struct turn all = {two.re * one.re - two.im * one.im, two.re * one.im + two.im * one.re};

	return all.re * three.re + all.im * three.im;
}

/* One direction, one tick: has the second of two reversals come at its time? */
static int hear(struct bl_echo_tone *t, float re, float im, int is_tone)
{
	t->now++;
	t->re[t->now % 4] = re;
	t->im[t->now % 4] = im;
	t->since += t->since < LATEST + 1;
	if (!is_tone) {
		if (++t->gap > GAP_MAX)
			t->reversals = t->ticks = 0;
		return 0;
	}
	t->gap = 0;
	t->ticks += t->ticks < UINT32_MAX;
	if (t->ticks < 8 || turned(t, 1).re < TURN_COS || agreement(turned(t, 1), turned(t, 3)) > REVERSED_COS)
		return 0;
	t->reversals = t->since >= EARLIEST && t->since <= LATEST ? t->reversals + 1 : 1;
	t->since = 0;
	t->ticks = 4;
	return t->reversals >= 2;
}

void bl_echo_judge_tones(struct bl_echo *e, struct echo_sums sum)
{
	const float *far = e->far[e->head];
	/* the far spectrum is of two ticks: four times the power */
	const float energy[2] = {4 * echo_sum_of(sum, ECHO_FAR), echo_sum_of(sum, ECHO_NEAR)};
	const float re[2] = {far[BIN], echo_sum_of(sum, ECHO_TONE_RE)};
	const float im[2] = {far[BIN + BL_ECHO_BINS], echo_sum_of(sum, ECHO_TONE_IM)};
	const float least[2] = {4 * BL_ECHO_BLOCK * LEAST, BL_ECHO_BLOCK * LEAST};

	if (!e->cfg.disabler)
		return;
	for (int i = 0; i < 2; i++) {
		float tone = (re[i] * re[i] + im[i] * im[i]) * (2.0f / BL_ECHO_BLOCK);
		float enough = least[i] * (e->tone[i].ticks ? WEAKER : 1.0f);
		int is_tone = tone > PURE * energy[i] && energy[i] > enough;

		if (!is_tone && e->tone[i].gap > GAP_MAX)
			continue; /* as before */
		if (hear(&e->tone[i], re[i], im[i], is_tone))
			e->disabled = 1;
	}
	e->quiet_line = 0;
}

void bl_echo_disable(struct bl_echo *e)
{
	e->disabled = 1;
	e->quiet_line = 0;
}

static float mean_square(const int16_t *sound)
{
	int64_t sum = 0;

	for (int n = 0; n < BL_ECHO_BLOCK; n++)
		sum += sound[n] * sound[n];
	return (float)sum * (1.0f / BL_ECHO_BLOCK);
}

int bl_echo_is_held(struct bl_echo *e, const int16_t *far, const int16_t *near)
{
	if (!e->disabled)
		return 0;
	e->quiet_line = mean_square(far) < HELD && mean_square(near) < HELD ? e->quiet_line + 1 : 0;
	if (e->quiet_line < RELEASE)
		return 1;
	e->disabled = 0;
	memset(e->tone, 0, sizeof e->tone);
	bl_echo_resume(e);
	return 0;
}
