/* SPDX-License-Identifier: GPL-2.0-only */
#include "gain.h"

#include <errno.h>
#include <string.h>

#include "gain_scale.h"
#include "gain_tables.h"
#include "gain_vector.h"
#include "isa.h"

#define FRACTION 13
#define LANES 8

size_t bl_gain_size(void)
{
	return sizeof(struct bl_gain);
}

int bl_gain_set(struct bl_gain *g, int32_t tenths_db)
{
	if (!g)
		return -EINVAL;
	if (tenths_db < BL_GAIN_LEAST || tenths_db > BL_GAIN_MOST)
		return -EINVAL;
	g->factor = bl_gain_factors[tenths_db - BL_GAIN_LEAST];
	return 0;
}

int bl_gain_init(struct bl_gain *g, int32_t tenths_db)
{
	if (!g)
		return -EINVAL;
	memset(g, 0, sizeof *g);
	return bl_gain_set(g, tenths_db);
}

void bl_gain_mute(struct bl_gain *g, int muted)
{
	if (!g)
		return;
	g->muted = muted != 0;
}

static void scale(const struct bl_gain *g, const int16_t *in, int16_t *out, size_t n)
{
	size_t done = bl_isa() == BL_ISA_VECTOR ? n / LANES * LANES : 0;

	if (done)
		bl_gain_scale_vector(in, out, done, g->factor, FRACTION);
	for (size_t i = done; i < n; i++)
		out[i] = scaled(in[i], g->factor, FRACTION);
}

void bl_gain_process(const struct bl_gain *g, const int16_t *in, int16_t *out, size_t n)
{
	if (!g || !in || !out)
		return;
	if (g->muted)
		memset(out, 0, n * sizeof *out);
	else if (g->factor != 1 << FRACTION)
		scale(g, in, out, n);
	else if (in != out)
		memcpy(out, in, n * sizeof *out);
}

void bl_gain_process_many(const struct bl_gain *const g[], int16_t *const sound[], size_t n, size_t channels)
{
	for (size_t c = 0; c < channels; c++)
		bl_gain_process(g[c], sound[c], sound[c], n);
}
