/* SPDX-License-Identifier: GPL-2.0-only */
/* Eight samples at a time: a lane is a sample, its phase is counted from that of the first. */
#include "oscillator_vector.h"

#include "lanes.h"
#include "sizes.h"

#define INLINE static inline __attribute__((always_inline))

/* Of phases less a quarter turn. */
INLINE bl_f8 sines_of(bl_u8 from_top)
{
	bl_i8 quarter = (bl_i8)((bl_u8)bl_abs((bl_i8)from_top) - QUARTER_TURN);
	bl_f8 x = __builtin_convertvector(quarter, bl_f8) * TURN, square = x * x;

	return x * (SINE_1 + square * (SINE_3 + square * (SINE_5 + square * SINE_7)));
}

/* To the nearest whole number: what is added leaves no room for a fraction. Good for +- 2^22. */
INLINE bl_i8 rounded(bl_f8 value)
{
	return (bl_i8)(value + 12582912.0f) - 0x4b400000;
}

/* The phases of eight samples from `first` on, less a quarter turn. */
INLINE bl_u8 from(uint32_t first, uint32_t turn)
{
	const bl_u8 lane = {0, 1, 2, 3, 4, 5, 6, 7};

	return first - QUARTER_TURN + lane * turn;
}

struct eight {
	bl_u8 phase[3];
	bl_u8 step[3];
};

INLINE bl_h8 next_eight(struct eight *e, const struct sines *s, int count, int modulated)
{
	bl_f8 value = s->amplitude[0] * sines_of(e->phase[0]);

	if (count == 2)
		value += s->amplitude[1] * sines_of(e->phase[1]);
	if (modulated)
		value *= 1.0f + s->depth * sines_of(e->phase[2]);
	for (int i = 0; i < 3; i++)
		e->phase[i] += e->step[i];
	return bl_saturated(rounded(value));
}

/* `count` sines; what is beyond the last whole eight samples is made apart and cut. */
INLINE void fill(const struct sines *s, int count, int modulated, int16_t *out, size_t n)
{
	struct eight e;
	size_t at = 0;

	for (int i = 0; i < 3; i++) {
		e.phase[i] = from(s->phase[i], s->turn[i]);
		e.step[i] = (bl_u8){0} + s->turn[i] * BL_LANES;
	}
#pragma GCC unroll 5
	for (; at + BL_LANES <= n; at += BL_LANES)
		bl_store_bl_h8(out + at, next_eight(&e, s, count, modulated));
	if (at < n) {
		bl_h8 last = next_eight(&e, s, count, modulated);

		memcpy(out + at, &last, (n - at) * sizeof *out);
	}
}

/*
 * A tick: sixteen samples by their phases, each further eight from the two before them, since
 * sin(x + d) = 2 cos(d) sin(x) - sin(x - d); the next tick begins by its phases again, so nothing drifts.
 */
INLINE void fill_tick(const struct sines *s, int count, int16_t *out)
{
	bl_f8 value[BL_TICK_SAMPLES / BL_LANES];
	int i = 0;

	for (int k = 0; k < BL_TICK_SAMPLES / BL_LANES; k++)
		value[k] = (bl_f8){0};
	for (int sine = 0; sine < count; sine++) {
		bl_u8 phase = from(s->phase[sine], s->turn[sine]);
		uint32_t step = s->turn[sine] * BL_LANES;
		bl_f8 twice = 2.0f * sines_of((bl_u8){0} + step); /* a quarter turn less: the cosine */
		bl_f8 last = s->amplitude[sine] * sines_of(phase), now = s->amplitude[sine] * sines_of(phase + step);

		value[0] += last;
		value[1] += now;
		for (int k = 2; k < BL_TICK_SAMPLES / BL_LANES; k++) {
			bl_f8 next = twice * now - last;

			value[k] += next;
			last = now;
			now = next;
		}
	}
	for (; i + 2 <= BL_TICK_SAMPLES / BL_LANES; i += 2)
		bl_store_saturated(out + i * BL_LANES, rounded(value[i]), rounded(value[i + 1]));
	if (i < BL_TICK_SAMPLES / BL_LANES)
		bl_store_bl_h8(out + i * BL_LANES, bl_saturated(rounded(value[i])));
}

void bl_sines_fill_vector(struct sines *s, int16_t *out, size_t n)
{
	int count = s->amplitude[1] != 0.0f ? 2 : 1;

	if (s->depth > 0.0f)
		fill(s, 2, 1, out, n);
	else if (count == 2 && n == BL_TICK_SAMPLES)
		fill_tick(s, 2, out);
	else if (n == BL_TICK_SAMPLES)
		fill_tick(s, 1, out);
	else if (count == 2)
		fill(s, 2, 0, out, n);
	else
		fill(s, 1, 0, out, n);
	for (int i = 0; i < 3; i++)
		s->phase[i] += s->turn[i] * (uint32_t)n;
}
