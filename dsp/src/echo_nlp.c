/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is left behind the echo canceller: is it echo, near end, or the near end's background noise?
 *
 * Echo is expected at `leak` of the modelled echo, learned in single talk. What is not louder than four times that
 * is replaced by comfort noise as long as far sounds; what is louder is near end and passes at once and for HANG_TICKS.
 */
#include <math.h>
#include <string.h>

#include "dbm0.h"
#include "echo_batch.h"

#define MARGIN 4.0f     /* 6 dB */
#define INAUDIBLE 20.0f /* mean square, -71 dBm0: expected echo that is let through */
#define IDLE 150.0f     /* -62 dBm0: above the idle codes of A-law */
#define HANG_TICKS 10
#define BESIDE 0.002f      /* of far comes back as what the model does not hold, */
#define BESIDE_ONSET 0.01f /* and more where it begins */
#define ONSET 8.0f         /* far by what it was before */
#define SECOND 200         /* ticks */
#define TINY 1e-4f         /* keeps what decays from becoming denormal */
#define PER_TICK (1.0f / BL_ECHO_BLOCK)

/* The noise is the mean of ticks near the least level of the last seconds. */
static void measure_noise(struct bl_echo *e, struct echo_sums sum, float expected)
{
	float now = echo_sum_of(sum, ECHO_FORE) * PER_TICK + TINY;

	e->out_power += (now - e->out_power) * 0.2f;
	e->noise_low = echo_low(e->noise_low, e->out_power);
	if (++e->noise_ticks >= SECOND) {
		e->noise = e->noise < 0 ? e->noise_low : echo_low(e->noise_low, 4 * e->noise + 1);
		e->noise_low = e->out_power;
		e->noise_ticks = 0;
	}
	if (e->out_power < e->noise)
		e->noise += (e->out_power - e->noise) * 0.1f;
	if (echo_sum_of(sum, ECHO_LAG) == 0 || e->noise < 0 || now > 3 * e->noise + 4 || expected > 0.3f * now)
		return;
	if (e->lags[0] < TINY)
		memset(e->lags, 0, sizeof e->lags);
	e->lags[0] += (echo_sum_of(sum, ECHO_FORE) - e->lags[0]) * 0.02f;
	for (int k = 1; k <= BL_ECHO_ORDER; k++)
		e->lags[k] += (echo_sum_of(sum, ECHO_LAG + k - 1) - e->lags[k]) * 0.02f;
}

/* Levinson and Durbin: the predictor of the noise, and what it leaves. */
static void shape_noise(struct bl_echo *e)
{
	float left = e->lags[0] * 1.001f + 1e-3f, a[BL_ECHO_ORDER] = {0};

	for (int i = 0; i < BL_ECHO_ORDER; i++) {
		float before[BL_ECHO_ORDER], reflection = e->lags[i + 1];

		for (int k = 0; k < i; k++) {
			before[k] = a[k];
			reflection -= a[k] * e->lags[i - k];
		}
		reflection = echo_low(echo_high(reflection / left, -0.98f), 0.98f);
		a[i] = reflection;
		for (int k = 0; k < i; k++)
			a[k] = before[k] - reflection * before[i - 1 - k];
		left *= 1 - reflection * reflection;
	}
	for (int k = 0; k < BL_ECHO_ORDER; k++)
		e->predictor[k] = a[k];
	e->predictor_gain = sqrtf(echo_high(left, 0) * PER_TICK);
}

static void measure_line(struct bl_echo *e, struct echo_sums sum)
{
	float far = echo_sum_of(sum, ECHO_FAR), model = echo_sum_of(sum, ECHO_MODEL);

	if (far < BL_ECHO_BLOCK * 1000.0f || e->double_talk || model < 0.001f * far)
		return;
	e->erl[0] += (far - e->erl[0]) * 0.02f;
	e->erl[1] += (model - e->erl[1]) * 0.02f;
	e->erle[0] += (echo_sum_of(sum, ECHO_NEAR) - e->erle[0]) * 0.02f;
	e->erle[1] += (echo_sum_of(sum, ECHO_FORE) - e->erle[1]) * 0.02f;
}

/* The echo that is expected behind the foreground, mean square. */
static float expected_echo(struct bl_echo *e, struct echo_sums sum)
{
	float model = echo_sum_of(sum, ECHO_MODEL) * PER_TICK + TINY,
	      far = echo_sum_of(sum, ECHO_FAR) * PER_TICK + TINY, left = echo_sum_of(sum, ECHO_FORE) * PER_TICK;

	e->echo_power = echo_high(model, e->echo_power * 0.8f);
	if (far > ONSET * e->far_power + INAUDIBLE)
		e->onset = 3;
	else if (e->onset)
		e->onset--;
	e->far_power = echo_high(far, e->far_power * 0.8f);
	if (!e->proven)
		return 0;
	if (model > 400 && model > 4 * e->noise) {
		float leak = left / e->echo_power;

		/* six sevenths of the ticks lie below; what is far above is no echo */
		if (leak < e->leak)
			e->leak = echo_high(e->leak * 0.99f, 0.002f);
		else if (leak < 10 * e->leak)
			e->leak = echo_low(e->leak * 1.06f, 1.0f);
	}
	if (e->hold) /* the path has changed */
		e->leak = 1.0f;
	return e->echo_power * e->leak + e->far_power * (e->onset ? BESIDE_ONSET : BESIDE);
}

static void choose_gains(struct bl_echo *e, float left, float expected)
{
	int near = left > MARGIN * expected && left > 2 * e->noise + IDLE;
	int closed;

	if (near)
		e->hang = HANG_TICKS;
	else if (e->hang)
		e->hang--;
	e->double_talk = e->hang && expected > INAUDIBLE;
	closed = e->cfg.mode == BL_ECHO_ON && !e->hang && MARGIN * expected > INAUDIBLE;
	e->nlp_active = (uint8_t)closed;
	e->nlp[0] = closed ? 0.0f : 1.0f;
	e->nlp[1] = closed && e->cfg.comfort_noise ? 1.0f : 0.0f;
}

void bl_echo_judge_residual(struct bl_echo *e, struct echo_sums sum)
{
	float expected = expected_echo(e, sum);

	measure_line(e, sum);
	measure_noise(e, sum, expected);
	if (e->ticks % 64 == 0)
		shape_noise(e);
	choose_gains(e, echo_sum_of(sum, ECHO_FORE) * PER_TICK, expected);
}

static float db(float high, float low, float most)
{
	return echo_low(10 * log10f(echo_high(high, 1) / echo_high(low, 1e-3f)), most);
}

void bl_echo_read(const struct bl_echo *e, struct bl_echo_report *report)
{
	if (!e || !report)
		return;

	float noise = e->lags[0] * PER_TICK;

	report->erl_db = e->updates ? db(e->erl[0], e->erl[1], 60) : 0;
	report->erle_db = e->updates ? db(e->erle[0], e->erle[1], 60) : 0;
	report->noise_dbm0 = noise < 0.02f ? BL_DBM0_SILENCE : 10 * log10f(noise / BL_DBM0_MEAN_SQUARE);
	report->adapted = e->updates != 0;
	report->double_talk = e->double_talk;
	report->nlp_active = e->nlp_active;
	report->disabled = e->disabled;
}
