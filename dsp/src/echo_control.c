/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decisions of the echo canceller: which filter is better, has the path changed, where may it change most.
 *
 * Better: sums of the residuals' difference are compared with what chance makes of it. A residual is near end plus
 * misfit, so the difference of two squares holds 2 * near end * difference of the misfits, whose variance is known
 * from both measured powers; COLOUR allows for neighbouring samples of speech being alike.
 */
#include <math.h>
#include <string.h>

#include "dbm0.h"
#include "echo_batch.h"

#define COLOUR 4.0f
#define BETTER 3.0f /* standard deviations */
#define WORSE 3.0f
#define AUDIBLE (40 * 36.0f) /* energy of a tick: about -68 dBm0 */
#define UNCERTAIN_FIRST 0.3f /* a path of ERL 5 dB is expected */
#define PATH_CHANGED 0.5f    /* distance of near by model from 1 */
#define CHANGE_TICKS 20

static const float memory[2] = {0.7f, 0.97f}; /* of the evidence, a tick */

void bl_echo_reset(struct bl_echo *e)
{
	struct bl_echo_cfg cfg = e->cfg;

	memset(e, 0, sizeof *e);
	e->cfg = cfg;
	e->parts = ((uint32_t)cfg.tail_ms * BL_SAMPLES_PER_MS + BL_ECHO_BLOCK - 1) / BL_ECHO_BLOCK;
	for (uint32_t p = 0; p < e->parts; p++)
		e->share[p] = 1.0f / (float)e->parts;
	e->concentration = 1.0f / (float)e->parts;
	for (int k = 0; k < BL_ECHO_BINS; k++)
		e->uncertainty[k] = UNCERTAIN_FIRST;
	e->random = 1;
	e->leak = 1.0f;
	e->nlp[0] = 1.0f;
	e->noise = -1.0f;
	e->noise_low = 1e9f;
}

static void forget_evidence(struct bl_echo *e)
{
	memset(e->proof, 0, sizeof e->proof);
	memset(e->doubt, 0, sizeof e->doubt);
}

static void adopt(struct bl_echo *e)
{
	memcpy(e->foreground, e->background, e->parts * sizeof e->foreground[0]);
	e->updates += e->updates < UINT32_MAX;
	forget_evidence(e);
}

static void restore(struct bl_echo *e)
{
	memcpy(e->background, e->foreground, e->parts * sizeof e->background[0]);
	memset(e->gain, 0, sizeof e->gain);
	forget_evidence(e);
}

static void compare(struct bl_echo *e, const float *sum)
{
	float gain = sum[ECHO_FORE] - sum[ECHO_BACK];
	float variance = 4 * COLOUR / BL_ECHO_BLOCK * fminf(sum[ECHO_FORE], sum[ECHO_BACK]) * sum[ECHO_BETWEEN];
	int better = 0, worse = 0;

	for (int i = 0; i < 2; i++) {
		e->proof[i] = e->proof[i] * memory[i] + gain;
		e->doubt[i] = e->doubt[i] * memory[i] * memory[i] + variance + 1.0f;
		better |= e->proof[i] > BETTER * sqrtf(e->doubt[i]);
		worse |= -e->proof[i] > WORSE * sqrtf(e->doubt[i]);
	}
	if (better)
		adopt(e);
	else if (worse)
		restore(e);
}

/* The uncertainty lies where the taps are; never nowhere, for a new path may begin anywhere. */
static void share_out(struct bl_echo *e)
{
	float root[BL_ECHO_PARTS_MAX], total = 1e-9f, floor;

	e->energy = 0;
	for (uint32_t p = 0; p < e->parts; p++) {
		root[p] = sqrtf(e->part_energy[p]);
		e->energy += e->part_energy[p];
		total += root[p];
	}
	floor = 0.1f / (float)e->parts;
	e->concentration = 0;
	for (uint32_t p = 0; p < e->parts; p++) {
		float share = total < 1e-3f ? 1.0f / (float)e->parts : floor + 0.9f * root[p] / total;

		e->share[p] = share;
		e->concentration += share * share;
	}
}

/* In a right model the near sound holds it once, whatever else is in it. */
static void watch_path(struct bl_echo *e, const float *sum)
{
	const float keep = 1 - 1.0f / CHANGE_TICKS;

	e->cross = e->cross * keep + sum[ECHO_CROSS];
	e->model = e->model * keep + sum[ECHO_MODEL];
	if (e->hold) {
		e->hold--;
		return;
	}
	if (e->model < CHANGE_TICKS * AUDIBLE || fabsf(e->cross / e->model - 1) < PATH_CHANGED)
		return;
	for (int k = 0; k < BL_ECHO_BINS; k++)
		e->uncertainty[k] = fmaxf(e->uncertainty[k], fmaxf(0.3f * e->energy, 0.01f));
	e->hold = CHANGE_TICKS;
}

void bl_echo_decide(struct bl_echo *e, const float *sum, const int16_t *far)
{
	float all = 0;

	for (int k = 0; k < ECHO_SUMS; k++)
		all += fabsf(sum[k]);
	if (!(all < 1e15f)) {
		bl_echo_reset(e);
		return;
	}
	memcpy(e->before, far, sizeof e->before);
	e->offset += (sum[ECHO_MEAN] / BL_ECHO_BLOCK - e->offset) * (1.0f / 256);
	compare(e, sum);
	watch_path(e, sum);
	if (e->turn == 0)
		share_out(e);
	bl_echo_judge_residual(e, sum);
}
