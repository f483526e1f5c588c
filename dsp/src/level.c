/* SPDX-License-Identifier: GPL-2.0-only */
#include "level.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "dbm0.h"

#define WINDOW_MAX 480000u /* a minute; the sum of squares stays under 2^49 */

size_t bl_level_size(void)
{
	return sizeof(struct bl_level);
}

/* Where the 40 ms under way end, or the window. */
static void look_at_next(struct bl_level *l)
{
	uint32_t quiet_to = l->quiet_from + BL_LEVEL_QUIET_SAMPLES;

	l->due = quiet_to < l->cfg.window_samples ? quiet_to : l->cfg.window_samples;
}

static void begin(struct bl_level *l, const struct bl_level_cfg *cfg)
{
	struct bl_level_cfg kept = *cfg;

	memset(l, 0, sizeof(*l));
	l->cfg = kept;
	l->quiet = UINT32_MAX;
	look_at_next(l);
	memset(l->last_quiet, 0xff, sizeof l->last_quiet);
}

int bl_level_init(struct bl_level *l, const struct bl_level_cfg *cfg)
{
	if (!l)
		return -EINVAL;

	static const struct bl_level_cfg standard = {.window_samples = BL_SAMPLE_RATE_HZ};

	if (!cfg)
		cfg = &standard;
	if (cfg->window_samples < 1 || cfg->window_samples > WINDOW_MAX)
		return -EINVAL;
	begin(l, cfg);
	return 0;
}

void bl_level_reset(struct bl_level *l)
{
	if (!l)
		return;
	begin(l, &l->cfg);
}

static void close_window(struct bl_level *l)
{
	l->last_peak = l->peak;
	l->last_clipped = l->clipped;
	l->last_fill = l->fill;
	l->last_energy = l->energy;
	l->last_sum = l->sum;
	l->last_quiet[l->windows++ % BL_LEVEL_QUIET_WINDOWS] = l->quiet;
	l->fill = 0;
	l->peak = 0;
	l->clipped = 0;
	l->energy = 0;
	l->sum = 0;
	l->quiet = UINT32_MAX;
	l->quiet_from = 0;
	l->quiet_from_energy = 0;
}

static void close_quiet(struct bl_level *l)
{
	uint32_t mean = (uint32_t)((l->energy - l->quiet_from_energy) / (l->fill - l->quiet_from));

	l->quiet = mean < l->quiet ? mean : l->quiet;
	l->quiet_from = l->fill;
	l->quiet_from_energy = l->energy;
}

/* Not inline: a tick in which nothing ends is to stay short. */
static __attribute__((noinline)) void close_due(struct bl_level *l)
{
	if (l->fill - l->quiet_from >= BL_LEVEL_QUIET_SAMPLES)
		close_quiet(l);
	if (l->fill >= l->cfg.window_samples)
		close_window(l);
	look_at_next(l);
}

static inline void add(struct bl_level *l, const struct bl_measure *m)
{
	l->energy += m->energy;
	l->sum += m->sum;
	l->peak = m->peak > l->peak ? m->peak : l->peak;
	l->clipped += m->clipped;
	l->fill += m->samples;
	if (l->fill >= l->due)
		close_due(l);
}

void bl_level_add(struct bl_level *l, const struct bl_measure *m)
{
	add(l, m);
}

void bl_level_add_many(struct bl_level *const l[], const struct bl_measure m[], size_t channels)
{
	for (size_t c = 0; c < channels; c++)
		add(l[c], &m[c]);
}

static size_t room(uint32_t limit, uint32_t fill, size_t n)
{
	size_t left = fill < limit ? limit - fill : 1;

	return n < left ? n : left;
}

void bl_level_process(struct bl_level *l, const int16_t *in, size_t n)
{
	if (!l || !in)
		return;
	while (n) {
		size_t take = room(l->cfg.window_samples, l->fill, n);
		struct bl_measure m;

		take = room(BL_LEVEL_QUIET_SAMPLES, l->fill - l->quiet_from, take);
		take = room(BL_MEASURE_MOST, 0, take);
		if (take >= BL_MEASURE_BANDS)
			take -= take % BL_MEASURE_BANDS;
		if (bl_measure(&m, in, take))
			bl_measure_few(&m, in, take);
		add(l, &m);
		in += take;
		n -= take;
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

static float noise_of(const struct bl_level *l)
{
	uint32_t quiet = UINT32_MAX;

	for (int i = 0; i < BL_LEVEL_QUIET_WINDOWS; i++)
		quiet = l->last_quiet[i] < quiet ? l->last_quiet[i] : quiet;
	return quiet == UINT32_MAX ? BL_DBM0_SILENCE : dbm0_of((float)quiet);
}

void bl_level_read(const struct bl_level *l, struct bl_level_reading *reading)
{
	if (!l || !reading)
		return;

	float peak = (float)l->last_peak, samples = (float)(l->last_fill ? l->last_fill : 1);

	reading->windows = l->windows;
	reading->rms_dbm0 = dbm0_of((float)l->last_energy / samples);
	reading->peak_dbm0 = dbm0_of(peak * peak / 2.0f);
	reading->clipped = l->last_clipped;
	reading->noise_dbm0 = noise_of(l);
	reading->dc_offset = (float)l->last_sum / samples;
}
