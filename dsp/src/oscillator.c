/* SPDX-License-Identifier: GPL-2.0-only */
#include "oscillator.h"

#include "isa.h"

static int16_t next(struct sines *s)
{
	float value = s->amplitude[0] * sine_of(s->phase[0]) + s->amplitude[1] * sine_of(s->phase[1]);

	if (s->depth > 0.0f)
		value *= 1.0f + s->depth * sine_of(s->phase[2]);
	for (int i = 0; i < 3; i++)
		s->phase[i] += s->turn[i];
	return to_sample(value);
}

void bl_sines_fill(struct sines *s, int16_t *out, size_t n)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_sines_fill_vector(s, out, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = next(s);
}
