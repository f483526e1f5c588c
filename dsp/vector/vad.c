/* SPDX-License-Identifier: GPL-2.0-only */
#include "vad_vector.h"

#include "pairs.h"

static inline bl_i8 least(bl_i8 a, bl_i8 b)
{
#if defined(__AVX2__)
	return (bl_i8)_mm256_min_epi32((__m256i)a, (__m256i)b);
#else
	bl_i8 less = a < b;

	return (a & less) | (b & ~less);
#endif
}

static inline bl_i8 greatest(bl_i8 a, bl_i8 b)
{
#if defined(__AVX2__)
	return (bl_i8)_mm256_max_epi32((__m256i)a, (__m256i)b);
#else
	bl_i8 greater = a > b;

	return (a & greater) | (b & ~greater);
#endif
}

static inline int32_t excess(bl_i8 now, bl_i8 noise)
{
	bl_i8 above = least(greatest(now - noise, (bl_i8){0} + VAD_LOWEST), (bl_i8){0} + VAD_HIGHEST);

	return bl_total(above * (bl_i8){VAD_WEIGHTS}) >> VAD_WEIGHTS_SHIFT;
}

/* A part of the minimum statistics ends: the oldest gives way to it. */
static inline void close_part(struct bl_vad *v)
{
	bl_i8 floor = bl_load_bl_i8(v->low);

	bl_store_bl_i8(v->past[v->frames / VAD_PART % BL_VAD_PASTS], floor);
	bl_store_bl_i8(v->low, bl_load_bl_i8(v->smooth));
	for (int part = 0; part < BL_VAD_PASTS; part++)
		floor = least(floor, bl_load_bl_i8(v->past[part]));
	bl_store_bl_i8(v->floor, floor);
}

/* Its logarithms, the smoothed and the least of them; at the first frame they are the noise. */
static inline void frame(struct bl_vad *v, bl_f8 energy)
{
	bl_i8 now = ((bl_i8)(energy + VAD_LEAST_ENERGY) >> 13) - (127 << 10);
	bl_i8 noise = v->frames ? bl_load_bl_i8(v->noise) : now;
	bl_i8 smooth = v->frames ? bl_load_bl_i8(v->smooth) : now;
	int pause;

	smooth += (now - smooth) >> 1;
	bl_store_bl_i8(v->now, now);
	bl_store_bl_i8(v->smooth, smooth);
	bl_store_bl_i8(v->low, least(bl_load_bl_i8(v->low), smooth));
	if (v->frames % VAD_PART == VAD_PART - 1)
		close_part(v);
	pause = vad_judge(v, excess(now, noise));
	noise += ((now - noise) >> VAD_UP) & -pause;
	noise = greatest(noise, least(bl_load_bl_i8(v->floor), bl_load_bl_i8(v->low)));
	bl_store_bl_i8(v->noise, noise);
	v->fill = 0;
	v->frames++;
}

void bl_vad_process_many_vector(struct bl_vad *const v[], const struct bl_measure m[], uint8_t active[],
                                size_t channels)
{
	for (size_t c = 0; c < channels; c++) {
		bl_i8 halves = (bl_i8)((bl_u8)bl_load_bl_i8(m[c].bands) >> 1);
		bl_f8 energy = bl_load_bl_f8(v[c]->energy) + __builtin_convertvector(halves, bl_f8);

		v[c]->fill += m[c].samples;
		if (v[c]->fill >= BL_VAD_FRAME) {
			frame(v[c], energy);
			energy = (bl_f8){0};
		}
		bl_store_bl_f8(v[c]->energy, energy);
		active[c] = v[c]->active != 0;
	}
}
