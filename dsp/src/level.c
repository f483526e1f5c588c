/* SPDX-License-Identifier: GPL-2.0-only */
#include "level.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "dbm0.h"

#define WINDOW_MAX 480000u /* a minute; the sum of squares stays under 2^49 */
#define CLIP 32256u        /* largest A-law value */

size_t bl_level_size(void)
{
	return sizeof(struct bl_level);
}

int bl_level_init(struct bl_level *l, const struct bl_level_cfg *cfg)
{
	static const struct bl_level_cfg standard = {.window_samples = BL_SAMPLE_RATE_HZ};

	if (!cfg)
		cfg = &standard;
	if (cfg->window_samples < 1 || cfg->window_samples > WINDOW_MAX)
		return -EINVAL;
	memset(l, 0, sizeof(*l));
	l->cfg = *cfg;
	return 0;
}

void bl_level_reset(struct bl_level *l)
{
	struct bl_level_cfg cfg = l->cfg;

	memset(l, 0, sizeof(*l));
	l->cfg = cfg;
}

static void close_window(struct bl_level *l)
{
	l->last_peak = l->peak;
	l->last_clipped = l->clipped;
	l->last_energy = l->energy;
	l->windows++;
	l->fill = 0;
	l->peak = 0;
	l->clipped = 0;
	l->energy = 0;
}

static void measure(struct bl_level *l, const int16_t *in, size_t n)
{
	uint64_t energy = 0;
	uint32_t peak = l->peak;
	uint32_t clipped = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t size = (uint32_t)(in[i] < 0 ? -in[i] : in[i]);

		energy += (uint64_t)size * size;
		peak = size > peak ? size : peak;
		clipped += size >= CLIP;
	}
	l->energy += energy;
	l->peak = peak;
	l->clipped += clipped;
	l->fill += (uint32_t)n;
}

void bl_level_process(struct bl_level *l, const int16_t *in, size_t n)
{
	while (n) {
		size_t room = l->cfg.window_samples - l->fill;
		size_t take = n < room ? n : room;

		measure(l, in, take);
		in += take;
		n -= take;
		if (l->fill == l->cfg.window_samples)
			close_window(l);
	}
}

static float dbm0_of(float mean_square)
{
	float dbm0;

	if (mean_square <= 0.0f)
		return BL_DBM0_SILENCE;
	dbm0 = 10.0f * log10f(mean_square / BL_DBM0_MEAN_SQUARE);
	return dbm0 < BL_DBM0_SILENCE ? BL_DBM0_SILENCE : dbm0;
}

void bl_level_read(const struct bl_level *l, struct bl_level_reading *reading)
{
	float peak = (float)l->last_peak;

	reading->windows = l->windows;
	reading->rms_dbm0 = dbm0_of((float)l->last_energy / (float)l->cfg.window_samples);
	reading->peak_dbm0 = dbm0_of(peak * peak / 2.0f);
	reading->clipped = l->last_clipped;
}
