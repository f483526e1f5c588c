/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decisions of the echo canceller: which filter is better, has the path changed, where may it change most.
 *
 * Better: sums of the residuals' difference are compared with what chance makes of it. A residual is near end plus
 * misfit, so the difference of two squares holds 2 * near end * difference of the misfits, whose variance is known
 * from both measured powers; COLOUR allows for neighbouring samples of speech being alike.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "dbm0.h"
#include "echo_batch.h"

#define COLOUR 12.0f
#define BETTER 3.0f /* standard deviations */
#define WORSE 3.0f
#define AUDIBLE (40 * 36.0f) /* energy of a tick: about -68 dBm0 */
#define UNCERTAIN_FIRST 0.3f /* a path of ERL 5 dB is expected */
#define PATH_MOVED 0.15f     /* distance of near by model from 1 */
#define NEGLIGIBLE 1e-4f
#define TOO_LOUD 0.6f
#define NOT_LOUD (40 * 1000.0f) /* -54 dBm0 */
#define LOUD_TICKS 6
#define PROOF 12.0f       /* standard deviations, and at least a tenth of a second that can be heard */
#define PROOF_KEEP 0.995f /* a second */
#define CHANGE_TICKS 20
#define EAGER_TICKS 2000 /* 10 s of far sound */
#define HOPE_TICKS 200   /* likewise on a line without a proven echo, when what comes back may be one */
#define HOPE_AFTER 800   /* ticks with far sound from one such second to the next */
#define MAY_ECHO 1e-3f   /* an echo of less than -30 dB needs no haste */

static const float memory[2] = {0.7f, 0.97f}; /* of the evidence, a tick */

/* By that many standard deviations. */
static int stands_out(float sum, float times, float variance)
{
	return sum > 0 && sum * sum > times * times * variance;
}

static void forget_evidence(struct bl_echo *e)
{
	memset(e->proof, 0, sizeof e->proof);
	memset(e->doubt, 0, sizeof e->doubt);
}

/* Any path may be. */
static void forget_path(struct bl_echo *e)
{
	memset(e->background, 0, e->parts * sizeof e->background[0]);
	memset(e->foreground, 0, e->parts * sizeof e->foreground[0]);
	memset(e->part_energy, 0, sizeof e->part_energy);
	memset(e->gain, 0, sizeof e->gain);
	for (uint32_t p = 0; p < e->parts; p++)
		e->share[p] = 1.0f / (float)e->parts;
	e->concentration = 1.0f / (float)e->parts;
	for (int k = 0; k < BL_ECHO_BINS; k++)
		e->uncertainty[k] = UNCERTAIN_FIRST;
	e->energy = e->cross = e->model = e->chance = 0;
	e->sounding_parts = 0;
	if (e->proven)
		e->eager = EAGER_TICKS;
	e->proven = 0;
	e->merit = e->merit_chance = 0;
	forget_evidence(e);
}

void bl_echo_reset(struct bl_echo *e)
{
	if (!e)
		return;

	struct bl_echo_cfg cfg = e->cfg;

	memset(e, 0, sizeof *e);
	e->cfg = cfg;
	e->parts = ((uint32_t)cfg.tail_ms * BL_SAMPLES_PER_MS + BL_ECHO_BLOCK - 1) / BL_ECHO_BLOCK;
	e->eager = EAGER_TICKS;
	forget_path(e);
	e->random = 1;
	e->leak = 1.0f;
	e->nlp[0] = 1.0f;
	e->noise = -1.0f;
	e->noise_low = 1e9f;
}

void bl_echo_resume(struct bl_echo *e)
{
	memset(e->far, 0, sizeof e->far);
	memset(e->gain, 0, sizeof e->gain);
	memset(e->before, 0, sizeof e->before);
}

/* Is it worth its product? A part that holds less than -40 dB holds noise more likely than path. */
static int is_sounding(const struct bl_echo *e, uint32_t part)
{
	return e->part_energy[part] > NEGLIGIBLE * e->energy;
}

static void choose_sounding(struct bl_echo *e)
{
	e->sounding_parts = 0;
	for (uint32_t p = 0; p < e->parts; p++)
		if (is_sounding(e, p))
			e->sounding[e->sounding_parts++] = (uint8_t)p;
}

/* As 16 bits. The unit is never 0: what is silent stays so. */
static void round_foreground(struct bl_echo *e)
{
	const float *from = e->background[0];
	const size_t n = (size_t)e->parts * BL_ECHO_SPECTRUM;
	int16_t *to = e->foreground[0];
	float most = FLT_MIN * INT16_MAX, units;

	for (size_t k = 0; k < n; k++)
		most = echo_high(most, fabsf(from[k]));
	e->foreground_unit = most / INT16_MAX;
	units = INT16_MAX / most;
	for (size_t k = 0; k < n; k++)
		to[k] = (int16_t)(from[k] * units + (from[k] < 0 ? -0.5f : 0.5f));
}

static void adopt(struct bl_echo *e)
{
	choose_sounding(e);
	round_foreground(e);
	e->updates += e->updates < UINT32_MAX;
	if (!e->proven && e->eager < HOPE_TICKS)
		e->eager = HOPE_TICKS;
	forget_evidence(e);
}

static void restore(struct bl_echo *e)
{
	const int16_t *from = e->foreground[0];
	const size_t n = (size_t)e->parts * BL_ECHO_SPECTRUM;
	float *to = e->background[0];

	for (size_t k = 0; k < n; k++)
		to[k] = (float)from[k] * e->foreground_unit;
	memset(e->gain, 0, sizeof e->gain);
	forget_evidence(e);
}

/* What was learned in haste fades where nothing comes again: fewer parts that do no worse are the better filter. */
static int is_leaner(const struct bl_echo *e)
{
	uint32_t sounding = 0;

	if (e->eager || e->turn >= 2 || e->proof[1] <= 0)
		return 0;
	for (uint32_t p = 0; p < e->parts; p++)
		sounding += (uint32_t)is_sounding(e, p);
	return sounding < e->sounding_parts;
}

static void compare(struct bl_echo *e, struct echo_sums sum)
{
	float gain = echo_sum_of(sum, ECHO_FORE) - echo_sum_of(sum, ECHO_BACK);
	float variance = 4 * COLOUR / BL_ECHO_BLOCK *
	                 echo_low(echo_sum_of(sum, ECHO_FORE), echo_sum_of(sum, ECHO_BACK)) *
	                 echo_sum_of(sum, ECHO_BETWEEN);
	int better = 0, worse = 0;

	for (int i = 0; i < 2; i++) {
		e->proof[i] = e->proof[i] * memory[i] + gain;
		e->doubt[i] = e->doubt[i] * memory[i] * memory[i] + variance + 1.0f;
		better |= stands_out(e->proof[i], BETTER, e->doubt[i]);
		worse |= stands_out(-e->proof[i], WORSE, e->doubt[i]);
	}
	if (better || is_leaner(e))
		adopt(e);
	else if (worse)
		restore(e);
}

/* The uncertainty lies where the taps are; never nowhere, for a new path may begin anywhere. */
static void share_out(struct bl_echo *e)
{
	float root[BL_ECHO_PARTS_MAX], total = 1e-9f, spread;

	e->energy = 0;
	for (uint32_t p = 0; p < e->parts; p++) {
		root[p] = sqrtf(e->part_energy[p]);
		e->energy += e->part_energy[p];
		total += root[p];
	}
	spread = e->eager ? 0.2f : 0.04f;
	e->concentration = 0;
	for (uint32_t p = 0; p < e->parts; p++) {
		float share = total < 1e-3f ? 1.0f / (float)e->parts
		                            : spread / (float)e->parts + (1 - spread) * root[p] / total;

		e->share[p] = share;
		e->concentration += share * share;
	}
}

/*
 * In a right model's echo the near sound holds it once, whatever else is in it: what is left does not resemble it, but
 * by chance. Else the path has changed.
 */
static int has_moved(struct bl_echo *e, struct echo_sums sum)
{
	const float keep = 1 - 1.0f / CHANGE_TICKS;
	float apart;

	e->cross = e->cross * keep + echo_sum_of(sum, ECHO_CROSS);
	e->model = e->model * keep + echo_sum_of(sum, ECHO_MODEL);
	e->chance = e->chance * keep * keep +
	            COLOUR / BL_ECHO_BLOCK * echo_sum_of(sum, ECHO_MODEL) * echo_sum_of(sum, ECHO_FORE);
	apart = fabsf(e->cross - e->model);
	return e->model > CHANGE_TICKS * AUDIBLE && apart > PATH_MOVED * e->model && stands_out(apart, 3, e->chance);
}

/* Without the foreground less would be left: better none. Near squared less residual squared is 2 cross - model. */
static int is_worse_than_none(const struct bl_echo *e)
{
	return stands_out(e->model - 2 * e->cross - 1, 6, e->chance);
}

/*
 * Is there an echo at all? Until the foreground has taken something away beyond chance, nothing is changed: two people
 * who speak at once over a line without a hybrid are no echo of each other.
 */
static void watch_merit(struct bl_echo *e, struct echo_sums sum)
{
	float model = echo_sum_of(sum, ECHO_MODEL);

	if (e->proven)
		return;
	e->merit = e->merit * PROOF_KEEP + 2 * echo_sum_of(sum, ECHO_CROSS) - model;
	e->merit_chance = e->merit_chance * PROOF_KEEP * PROOF_KEEP +
	                  4 * COLOUR / BL_ECHO_BLOCK * model * echo_sum_of(sum, ECHO_FORE);
	e->proven = e->merit > PROOF * sqrtf(e->merit_chance) + CHANGE_TICKS * AUDIBLE;
	if (e->proven)
		e->eager = EAGER_TICKS;
}

static void watch_path(struct bl_echo *e, struct echo_sums sum)
{
	int moved = has_moved(e, sum);

	if (is_worse_than_none(e)) {
		forget_path(e);
		e->hold = CHANGE_TICKS;
	}

	if (e->hold) {
		e->hold--;
		return;
	}
	if (!moved)
		return;
	for (int k = 0; k < BL_ECHO_BINS; k++)
		e->uncertainty[k] = echo_high(e->uncertainty[k], echo_high(0.3f * e->energy, 0.01f));
	e->hold = CHANGE_TICKS;
	e->eager = EAGER_TICKS;
}

/*
 * Most lines have no echo, and cost little as long as nothing comes back; but one that was transferred to an analogue
 * phone has one at once.
 */
static void watch_line(struct bl_echo *e, struct echo_sums sum)
{
	float near = echo_sum_of(sum, ECHO_NEAR);

	if (e->proven || e->eager || e->quiet)
		return;
	e->hope += e->hope < HOPE_AFTER;
	if (e->hope < HOPE_AFTER || near < AUDIBLE || near < MAY_ECHO * e->far_peak)
		return;
	e->eager = HOPE_TICKS;
	e->hope = 0;
}

/* Near louder than any hybrid would send far back (ERL 2 dB): somebody else speaks, or both ends send the same tone. */
static void watch_near(struct bl_echo *e, struct echo_sums sum)
{
	e->far_peak = echo_high(echo_sum_of(sum, ECHO_FAR) + 1, e->far_peak * 0.97f);
	if (echo_sum_of(sum, ECHO_NEAR) > TOO_LOUD * e->far_peak + NOT_LOUD)
		e->loud = LOUD_TICKS;
	else if (e->loud)
		e->loud--;
}

static void learn(struct bl_echo *e, struct echo_sums sum)
{
	e->age = 0;
	if (e->loud) {
		memset(e->gain, 0, sizeof e->gain);
		return;
	}
	e->broad += (echo_sum_of(sum, ECHO_BACK) + 1 - e->broad) * 0.3f;
	compare(e, sum);
	if (e->turn < 2) /* all parts have had theirs */
		share_out(e);
}

/*
 * A sine is predicted by its two last samples, speech never as well and as long: is what this leaves less than -30 dB?
 * Least squares over the tick; sums of earlier samples follow from the newest's by their ends.
 */
static int is_sine(struct echo_sums sum, const int16_t *before, const int16_t *far)
{
	float x1 = before[BL_ECHO_BLOCK - 1], x2 = before[BL_ECHO_BLOCK - 2];
	float y1 = far[BL_ECHO_BLOCK - 1], y2 = far[BL_ECHO_BLOCK - 2];
	float c11 = echo_sum_of(sum, ECHO_FAR) + x1 * x1 - y1 * y1, c22 = c11 + x2 * x2 - y2 * y2;
	float c12 = echo_sum_of(sum, ECHO_FAR_1) + x1 * x2 - y1 * y2, all = c11 * c22 - c12 * c12;
	float explained = echo_sum_of(sum, ECHO_FAR_1) *
	                          (c22 * echo_sum_of(sum, ECHO_FAR_1) - c12 * echo_sum_of(sum, ECHO_FAR_2)) +
	                  echo_sum_of(sum, ECHO_FAR_2) *
	                          (c11 * echo_sum_of(sum, ECHO_FAR_2) - c12 * echo_sum_of(sum, ECHO_FAR_1));

	return echo_sum_of(sum, ECHO_FAR) > AUDIBLE && all > 0 && explained > 0.999f * all * echo_sum_of(sum, ECHO_FAR);
}

static void watch_far(struct bl_echo *e, struct echo_sums sum, const int16_t *far)
{
	if (!is_sine(sum, e->before, far))
		e->narrow = e->narrow > 4 ? (uint8_t)(e->narrow - 4) : 0;
	else if (e->narrow < BL_ECHO_NARROW)
		e->narrow++;
}

/* Numbers that are none, or none that sound can make, are found in a sum. */
static int is_sound(const struct bl_echo *e, struct echo_sums sum)
{
	float all = echo_sum_of(sum, ECHO_FORE) + echo_sum_of(sum, ECHO_BACK) + echo_sum_of(sum, ECHO_MODEL);

	all += fabsf(echo_sum_of(sum, ECHO_CROSS)) + fabsf(e->noise) + fabsf(e->merit) + fabsf(e->leak) +
	       fabsf(e->cross) + fabsf(e->model);
	all += fabsf(e->echo_power) + fabsf(e->far_power) + fabsf(e->far_peak) + fabsf(e->out_power) + fabsf(e->energy);
	all += fabsf(e->concentration) + fabsf(e->broad) + fabsf(e->predictor_gain) + fabsf(e->nlp[0]) +
	       fabsf(e->nlp[1]);
	for (int k = 0; k < BL_ECHO_ORDER; k++)
		all += fabsf(e->synthetic[k]) + fabsf(e->predictor[k]) + fabsf(e->lags[k]);
	return all < 1e15f && fabsf(e->merit_chance) < 1e30f;
}

int bl_echo_decide(struct bl_echo *e, struct echo_sums sum, enum echo_work_kind work, const int16_t *far)
{
	if (!is_sound(e, sum)) {
		bl_echo_reset(e);
		return 0;
	}
	e->offset += (echo_sum_of(sum, ECHO_MEAN) / BL_ECHO_BLOCK - e->offset) * (1.0f / 256);
	if (fabsf(e->offset) < 1e-3f)
		e->offset = 0; /* not denormal */
	watch_near(e, sum);
	if (work == ECHO_LEARN)
		learn(e, sum);
	if (work != ECHO_REST) {
		watch_path(e, sum);
		watch_merit(e, sum);
		watch_line(e, sum);
		watch_far(e, sum, far);
	}
	memcpy(e->before, far, sizeof e->before);
	e->random += (uint16_t)far[0]; /* no two lines have the same comfort noise */
	bl_echo_judge_tones(e, sum);
	bl_echo_judge_residual(e, sum);
	return e->proven;
}
