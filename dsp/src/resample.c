/* SPDX-License-Identifier: GPL-2.0-only */
#include "resample.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "isa.h"
#include "resample_tables.h"
#include "resample_vector.h"

#define STRETCH 40 /* samples at 8 kHz worked on at a time: a tick */
#define PHASES 3
#define TAPS 60
#define SPARE 8 /* a vector beyond the end */
#define LINE (TAPS - 1 + 2 * STRETCH + SPARE)
#define ROOM (6 * STRETCH + PHASES * SPARE)

/* An interpolator makes `phases` of one, a decimator one of `phases`. */
struct filter {
	const float *taps;
	size_t count;
	size_t phases;
	int up;
};

struct plan {
	uint32_t from_hz, to_hz;
	size_t filters;
	struct filter filter[2];
};

static const struct plan plans[] = {
        {8000, 16000, 1, {{bl_resample_up_2, TAPS, 2, 1}}},
        {16000, 8000, 1, {{bl_resample_down_2, TAPS, 2, 0}}},
        {16000, 48000, 1, {{bl_resample_up_3, TAPS, 3, 1}}},
        {48000, 16000, 1, {{bl_resample_down_3, TAPS, 3, 0}}},
        {8000, 48000, 2, {{bl_resample_up_2, TAPS, 2, 1}, {bl_resample_up_3_short, 10, 3, 1}}},
        {48000, 8000, 2, {{bl_resample_down_3_short, 10, 3, 0}, {bl_resample_down_2, TAPS, 2, 0}}},
        {8000, 8000, 0, {{0}}},
        {16000, 16000, 0, {{0}}},
        {48000, 48000, 0, {{0}}},
};

static const struct plan *plan_of(uint32_t from_hz, uint32_t to_hz)
{
	for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
		if (plans[i].from_hz == from_hz && plans[i].to_hz == to_hz)
			return &plans[i];
	return NULL;
}

static void floats(const int16_t *in, float *out, size_t n)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_resample_floats_vector(in, out, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = in[i];
}

static void samples(const float *in, int16_t *out, size_t n)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_resample_samples_vector(in, out, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = (int16_t)(in[i] >= INT16_MAX ? INT16_MAX : in[i] > INT16_MIN ? lrintf(in[i]) : INT16_MIN);
}

static void deal(const float *in, float *const line[], size_t phases, size_t n)
{
	if (bl_isa() == BL_ISA_VECTOR && phases > 1) {
		bl_resample_deal_vector(in, line, phases, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t p = 0; p < phases; p++)
			line[p][i] = in[phases * i + p];
}

static void interpolate(const float *line, const struct filter *f, float *out, size_t n)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_resample_up_vector(line, f->taps, f->count, f->phases, out, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t p = 0; p < f->phases; p++) {
			float sum = 0;

			for (size_t tap = 0; tap < f->count; tap++)
				sum += f->taps[f->phases * tap + p] * line[(ptrdiff_t)i - (ptrdiff_t)tap];
			out[f->phases * i + p] = sum;
		}
}

static void decimate(const float *const line[], const struct filter *f, float *out, size_t n)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_resample_down_vector(line, f->taps, f->count, f->phases, out, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		float sum = 0;

		for (size_t p = 0; p < f->phases; p++)
			for (size_t tap = 0; tap < f->count; tap++)
				sum += f->taps[f->count * p + tap] * line[p][(ptrdiff_t)i - (ptrdiff_t)tap];
		out[i] = sum;
	}
}

/* n samples of the filter's lower rate. */
static void apply(const struct filter *f, float *past, const float *in, float *out, size_t n)
{
	float lines[PHASES][LINE], *line[PHASES];
	size_t phases = f->up ? 1 : f->phases, kept = f->count - 1;

	for (size_t p = 0; p < phases; p++) {
		memcpy(lines[p], past + p * kept, kept * sizeof(float));
		line[p] = lines[p] + kept;
	}
	deal(in, line, phases, n);
	for (size_t p = 0; p < phases; p++)
		memset(line[p] + n, 0, SPARE * sizeof(float));
	if (f->up)
		interpolate(line[0], f, out, n);
	else
		decimate((const float *const *)line, f, out, n);
	for (size_t p = 0; p < phases; p++)
		memcpy(past + p * kept, lines[p] + n, kept * sizeof(float));
}

/* n samples of the lower of both rates. */
static void stretch(struct bl_resample *r, const struct plan *plan, const int16_t *in, int16_t *out, size_t n)
{
	float rooms[3][ROOM];
	size_t has = n * (plan->from_hz > plan->to_hz ? plan->from_hz / plan->to_hz : 1);

	floats(in, rooms[0], has);
	for (size_t i = 0; i < plan->filters; i++) {
		const struct filter *f = &plan->filter[i];
		size_t low = f->up ? has : has / f->phases;

		apply(f, r->past[i], rooms[i], rooms[i + 1], low);
		has = f->up ? low * f->phases : low;
	}
	samples(rooms[plan->filters], out, has);
}

size_t bl_resample_size(void)
{
	return sizeof(struct bl_resample);
}

int bl_resample_init(struct bl_resample *r, const struct bl_resample_cfg *cfg)
{
	if (!r || !cfg || !plan_of(cfg->from_hz, cfg->to_hz))
		return -EINVAL;
	r->from_hz = cfg->from_hz;
	r->to_hz = cfg->to_hz;
	bl_resample_reset(r);
	return 0;
}

void bl_resample_reset(struct bl_resample *r)
{
	if (!r)
		return;
	memset(r->unused, 0, sizeof r->unused);
	memset(r->past, 0, sizeof r->past);
}

int bl_resample_process(struct bl_resample *r, const int16_t *in, int16_t *out, size_t n)
{
	if (!r || !in || !out)
		return -EINVAL;

	const struct plan *plan = plan_of(r->from_hz, r->to_hz);
	size_t from, to, most;

	if (!plan || n > INT32_MAX / 6)
		return -EINVAL;
	from = plan->from_hz > plan->to_hz ? plan->from_hz / plan->to_hz : 1;
	to = plan->to_hz > plan->from_hz ? plan->to_hz / plan->from_hz : 1;
	if (n % from)
		return -EINVAL;
	if (!plan->filters)
		memcpy(out, in, n * sizeof *out);
	most = plan->from_hz > 8000 && plan->to_hz > 8000 ? 2 * STRETCH : STRETCH; /* a tick of the lower rate */
	for (size_t done = 0, now; plan->filters && done < n / from; done += now) {
		now = n / from - done < most ? n / from - done : most;
		stretch(r, plan, in + from * done, out + to * done, now);
	}
	return (int)(n / from * to);
}
