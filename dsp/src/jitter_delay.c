/* SPDX-License-Identifier: GPL-2.0-only */
/* What delay the network asks for: histogram, wish, and the loop that follows the far clock. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "jitter_parts.h"

#define FIRST_BIN 16    /* where the first packet falls */
#define HALVED_AT 1024u /* packets */
#define KNOWN 32u       /* packets that tell something of the network */
#define NEARER 24       /* 3 ms: an excess worth a join, if only where nobody speaks */
#define LOOP_S_FIRST 10.0f
#define LOOP_S_LAST 240.0f
#define RATE 8000.0f
#define JUMP 800.0f    /* samples: another way through the network, not drift */
#define PAUSE 80000.0f /* samples between windows */

void bl_jitter_forget(struct bl_jitter *j)
{
	memset(j->bins, 0, sizeof j->bins);
	j->total = j->window = 0;
	j->window_sum = 0;
	j->wish = 0;
	j->skew_steps = 0;
}

/* Four bins at once. */
static uint64_t four(const struct bl_jitter *j, int bin)
{
	uint64_t bins;

	memcpy(&bins, j->bins + bin, sizeof bins);
	return bins;
}

static int lowest(const struct bl_jitter *j)
{
	int bin = 0;

	while (bin < BL_JITTER_BINS - 4 && !four(j, bin))
		bin += 4;
	while (bin < BL_JITTER_BINS - 1 && !j->bins[bin])
		bin++;
	return bin;
}

static uint32_t highest(const struct bl_jitter *j)
{
	int bin = BL_JITTER_BINS;

	while (bin > 4 && !four(j, bin - 4))
		bin -= 4;
	return (uint32_t)bin - 1;
}

uint32_t bl_jitter_least(const struct bl_jitter *j)
{
	return j->base + (uint32_t)lowest(j) * BL_JITTER_BIN_SAMPLES;
}

uint32_t bl_jitter_delay(const struct bl_jitter *j)
{
	if (!j)
		return 0;

	int32_t delay = (int32_t)(j->now - j->play - bl_jitter_least(j));

	return j->running && delay > 0 ? (uint32_t)delay : 0;
}

/* Bins move by `up`; those that leave are lost. */
static void shift(struct bl_jitter *j, int up)
{
	uint16_t moved[BL_JITTER_BINS] = {0};

	j->total = 0;
	for (int bin = 0; bin < BL_JITTER_BINS; bin++) {
		if (bin + up < 0 || bin + up >= BL_JITTER_BINS)
			continue;
		moved[bin + up] = j->bins[bin];
		j->total += j->bins[bin];
	}
	memcpy(j->bins, moved, sizeof moved);
	j->window_sum += j->window * (uint32_t)(up * BL_JITTER_BIN_SAMPLES);
	j->base -= (uint32_t)(up * BL_JITTER_BIN_SAMPLES);
}

static void halve(struct bl_jitter *j)
{
	int low;

	j->total = 0;
	for (int bin = 0; bin < BL_JITTER_BINS; bin++)
		j->total += j->bins[bin] /= 2;
	low = lowest(j);
	if (j->total && low > 2 * FIRST_BIN)
		shift(j, FIRST_BIN - low);
}

/* Makes room for a delay outside the bins; one beyond them that is not the first is at least far. */
static uint32_t room_for(struct bl_jitter *j, uint32_t delay)
{
	int32_t beyond = (int32_t)(delay - j->base), range = BL_JITTER_BINS * BL_JITTER_BIN_SAMPLES;

	if (!j->total || beyond < -range || beyond > 4 * range) {
		bl_jitter_forget(j);
		j->base = delay - FIRST_BIN * BL_JITTER_BIN_SAMPLES;
		return FIRST_BIN;
	}
	if (beyond < 0) {
		shift(j, FIRST_BIN - beyond / BL_JITTER_BIN_SAMPLES);
		beyond = (int32_t)(delay - j->base);
	}
	beyond = (beyond + BL_JITTER_BIN_SAMPLES - 1) / BL_JITTER_BIN_SAMPLES;
	return beyond < BL_JITTER_BINS ? (uint32_t)beyond : BL_JITTER_BINS - 1;
}

/*
 * The bin up to which it pays to wait. Every bin of delay costs every packet alike, a packet beyond it costs as much as
 * BL_JITTER_LATE_BINS; looked for from above, until the late ones alone cost more than the best found.
 */
static uint32_t best_bin(const struct bl_jitter *j)
{
	uint64_t late = 0, least = ULLONG_MAX;
	uint32_t best = BL_JITTER_BINS - 1;

	for (uint32_t bin = highest(j) + 1; bin-- > 0;) {
		uint64_t cost = (uint64_t)bin * j->total + late * BL_JITTER_LATE_BINS;

		if (late * BL_JITTER_LATE_BINS > least)
			break;
		if (cost < least) {
			least = cost;
			best = bin;
		}
		late += j->bins[bin];
	}
	return best;
}

/* Delay wanted, on the scale of the packets' delays. */
static uint32_t wanted(const struct bl_jitter *j)
{
	uint32_t least = bl_jitter_least(j), beyond = j->base + best_bin(j) * BL_JITTER_BIN_SAMPLES - least;

	if ((int32_t)beyond < j->cfg.min_samples)
		beyond = j->cfg.min_samples;
	if (beyond > j->cfg.max_samples)
		beyond = j->cfg.max_samples;
	return least + beyond;
}

uint32_t bl_jitter_layout_delay(struct bl_jitter *j, uint32_t delay)
{
	if (delay - j->base > BL_JITTER_BINS * BL_JITTER_BIN_SAMPLES)
		bl_jitter_forget(j);
	if (j->total < KNOWN || j->cfg.vbd)
		return delay + j->cfg.start_samples;
	return (int32_t)(wanted(j) - delay) > 0 ? wanted(j) : delay;
}

void bl_jitter_judge(struct bl_jitter *j, uint32_t now)
{
	uint32_t want = wanted(j);
	int32_t excess = (int32_t)(now - j->play - want);
	int32_t worth = j->cfg.nearer_samples ? j->cfg.nearer_samples : NEARER;
	int nearer = excess >= worth && now - j->calm_from >= BL_JITTER_CALM_SAMPLES;

	j->wish = 0;
	if (j->cfg.vbd || j->stalled)
		return;
	j->depth = want - bl_jitter_least(j);
	if (excess < 0 || nearer)
		j->wish = excess > BL_JITTER_SAMPLES    ? -BL_JITTER_SAMPLES
		          : excess < -BL_JITTER_SAMPLES ? BL_JITTER_SAMPLES
		                                        : -excess;
}

/* Nothing, if a torn state made it no number. */
static float limited(float value, float most)
{
	return isnan(value) ? 0 : value > most ? most : value < -most ? -most : value;
}

/*
 * A loop of the second order after the mean delay of a window: its frequency is the far clock's skew. When the caller
 * takes octets at that pace the delay stands still and the loop holds it, else the expected delay moves by it.
 */
static void follow(struct bl_jitter *j, float mean)
{
	float dt = (float)(j->now - j->skew_at), age = (float)j->skew_steps * 0.16f; /* a quarter of the seconds */
	float period = RATE * (age < LOOP_S_FIRST ? LOOP_S_FIRST : age > LOOP_S_LAST ? LOOP_S_LAST : age);
	float most = BL_JITTER_PPM_MAX * 1e-6f, error;

	if (!j->skew_steps)
		j->skew_base = j->base;
	mean += (float)(int32_t)(j->base - j->skew_base);
	if (!j->skew_steps || !(fabsf(mean - j->skew_ref) < JUMP) || dt > PAUSE) {
		j->skew_ref = mean;
		j->skew_error = 0;
		dt = 0;
	}
	error = j->skew_error += (mean - j->skew_ref - j->skew_error) * 0.25f;
	j->skew_held = limited(j->skew_held - error * dt / (period * period), most);
	j->skew = limited(j->skew_held - 2.0f * error / period, most);
	if (!j->cfg.resampled)
		j->skew_ref -= j->skew * dt;
	j->skew_at = j->now;
	j->skew_steps++;
}

void bl_jitter_observe_slow(struct bl_jitter *j, uint32_t delay)
{
	uint32_t bin = room_for(j, delay);

	j->bins[bin]++;
	j->total++;
	j->window++;
	j->window_sum += delay - j->base;
	if (j->window < BL_JITTER_WINDOW)
		return;
	follow(j, (float)(int32_t)j->window_sum / (float)j->window);
	j->window = 0;
	j->window_sum = 0;
	if (j->total >= HALVED_AT)
		halve(j);
	bl_jitter_judge(j, j->now);
}

float bl_jitter_skew_ppm(const struct bl_jitter *j)
{
	if (!j)
		return 0;
	return j->skew * 1e6f;
}
