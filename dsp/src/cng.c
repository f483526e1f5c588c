/* SPDX-License-Identifier: GPL-2.0-only */
#include "cng.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "cng_tables.h"
#include "cng_vector.h"
#include "isa.h"

#define WARM 128 /* samples until the filter has forgotten its beginning */
#define REST (BL_CNG_SEGMENT - BL_CNG_JOINT)
#define LEVEL_BITS 0x7f
#define STEEPEST 0.97f

size_t bl_cng_size(void)
{
	return sizeof(struct bl_cng);
}

int bl_cng_init(struct bl_cng *c, uint32_t seed)
{
	if (!c)
		return -EINVAL;
	memset(c, 0, sizeof *c);
	c->seed = seed;
	c->done = BL_CNG_SEGMENT;
	return 0;
}

/* Four uniform ones are near enough to a Gaussian. */
static float white(struct bl_cng *c)
{
	float sum = 0.0f;

	for (int i = 0; i < 4; i++)
		sum += (float)cng_any(c) - 32767.5f;
	return sum * (1.0f / 32768.0f);
}

/* One sample through the all-pole lattice; state[i] is the backward error of order i one sample ago. */
static float coloured(float sample, const float k[], int order, float state[])
{
	for (int i = order; i-- > 0;) {
		sample -= k[i] * state[i];
		state[i + 1] = state[i] + k[i] * sample;
	}
	state[0] = sample;
	return sample;
}

static int coefficients(const uint8_t *payload, size_t octets, float k[])
{
	int order = octets - 1 < BL_CNG_ORDER ? (int)(octets - 1) : BL_CNG_ORDER;

	for (int i = 0; i < order; i++) {
		k[i] = 258.0f * (float)(payload[1 + i] - 127) / 32768.0f;
		k[i] = fminf(fmaxf(k[i], -STEEPEST), STEEPEST);
	}
	return order;
}

static int16_t rounded(float sample)
{
	if (sample >= 32767.0f)
		return INT16_MAX;
	if (sample <= -32768.0f)
		return INT16_MIN;
	return (int16_t)lrintf(sample);
}

int bl_cng_set(struct bl_cng *c, const uint8_t *payload, size_t octets)
{
	if (!c || !payload)
		return -EINVAL;

	float k[BL_CNG_ORDER], state[BL_CNG_ORDER + 1] = {0}, noise[BL_CNG_CYCLE], energy = 0.0f, scale;
	int order;

	if (octets == 0)
		return -EINVAL;
	order = coefficients(payload, octets, k);
	for (int i = -WARM; i < BL_CNG_CYCLE; i++) {
		float sample = coloured(white(c), k, order, state);

		if (i >= 0) {
			noise[i] = sample;
			energy += sample * sample;
		}
	}
	scale = BL_CNG_OVERLOAD * powf(10.0f, -(float)(payload[0] & LEVEL_BITS) / 20.0f);
	scale *= sqrtf(BL_CNG_CYCLE / (energy + 1e-9f));
	for (int i = 0; i < BL_CNG_CYCLE; i++)
		c->cycle[i] = rounded(noise[i] * scale);
	return 0;
}

static int16_t joint(const int16_t *from, const int16_t *to, uint32_t at)
{
	const int16_t *weights = (at & 4 ? bl_cng_joint_high : bl_cng_joint_low) + 2 * ((at & 3) + (at & 8) / 2);
	int32_t sample = (from[at] * weights[0] + to[at] * weights[1] + 0x4000) >> 15;

	return (int16_t)(sample < INT16_MIN ? INT16_MIN : sample > INT16_MAX ? INT16_MAX : sample);
}

static void whole(struct bl_cng *c, int16_t *out)
{
	cng_next_segment(c);
	for (uint32_t i = 0; i < BL_CNG_JOINT; i++)
		out[i] = joint(c->cycle + c->before, c->cycle + c->place, i);
	memcpy(out + BL_CNG_JOINT, c->cycle + c->place + BL_CNG_JOINT, REST * sizeof *out);
}

static int16_t single(struct bl_cng *c)
{
	const int16_t *from, *to;
	uint32_t at;

	if (c->done >= BL_CNG_SEGMENT) {
		cng_next_segment(c);
		c->done = 0;
	}
	from = c->cycle + cng_least(c->before, CNG_PLACES - 1 + BL_CNG_SEGMENT);
	to = c->cycle + cng_least(c->place, CNG_PLACES - 1);
	at = c->done++;
	return at < BL_CNG_JOINT ? joint(from, to, at) : to[at];
}

static void process(struct bl_cng *c, int16_t *out, size_t n, int vector)
{
	size_t i = 0;

	while (i < n) {
		int16_t *to = out + i;

		if (c->done < BL_CNG_SEGMENT || i + BL_CNG_SEGMENT > n) {
			out[i++] = single(c);
			continue;
		}
		if (vector)
			(void)bl_cng_segments_vector(&c, &to, 1);
		else
			whole(c, to);
		i += BL_CNG_SEGMENT;
	}
}

void bl_cng_process(struct bl_cng *c, int16_t *out, size_t n)
{
	if (!c || !out)
		return;
	process(c, out, n, bl_isa() == BL_ISA_VECTOR);
}

void bl_cng_process_many(struct bl_cng *const c[], int16_t *const out[], size_t n, size_t channels)
{
	int vector = bl_isa() == BL_ISA_VECTOR, segments = vector && n == BL_CNG_SEGMENT;

	if (segments && !bl_cng_segments_vector(c, out, channels))
		return;
	for (size_t i = 0; i < channels; i++)
		if (out[i] && !(segments && c[i]->done >= BL_CNG_SEGMENT))
			process(c[i], out[i], n, vector);
}
