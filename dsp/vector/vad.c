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

void bl_vad_gather_vector(struct bl_vad *const v[], const struct bl_measure m[], size_t channels)
{
	typedef uint32_t words __attribute__((vector_size(32)));

	for (size_t c = 0; c < channels; c++) {
		bl_i8 halves = (bl_i8)((words)bl_load_bl_i8(m[c].bands) >> 1);

		bl_store_bl_f8(v[c]->energy, bl_load_bl_f8(v[c]->energy) + __builtin_convertvector(halves, bl_f8));
		v[c]->fill += m[c].samples;
	}
}

static inline int32_t excess(bl_i8 now, bl_i8 noise)
{
	bl_i8 above = least(greatest(now - noise, (bl_i8){0} + VAD_LOWEST), (bl_i8){0} + VAD_HIGHEST);

	return bl_total(above * (bl_i8){VAD_WEIGHTS}) >> VAD_WEIGHTS_SHIFT;
}

int32_t bl_vad_track_vector(struct bl_vad *v)
{
	bl_i8 now = ((bl_i8)(bl_load_bl_f8(v->energy) + VAD_LEAST_ENERGY) >> 13) - (127 << 10);
	bl_i8 noise = v->frames ? bl_load_bl_i8(v->noise) : now;
	bl_i8 smooth = v->frames ? bl_load_bl_i8(v->smooth) : now;

	smooth += (now - smooth) >> 1;
	bl_store_bl_i8(v->now, now);
	bl_store_bl_i8(v->noise, noise);
	bl_store_bl_f8(v->energy, (bl_f8){0});
	bl_store_bl_i8(v->smooth, smooth);
	bl_store_bl_i8(v->low, least(bl_load_bl_i8(v->low), smooth));
	return excess(now, noise);
}

void bl_vad_learn_vector(struct bl_vad *v, int pause)
{
	bl_i8 noise = bl_load_bl_i8(v->noise), above = bl_load_bl_i8(v->now) - noise;

	noise += (above >> VAD_UP) & -pause;
	noise = greatest(noise, least(bl_load_bl_i8(v->floor), bl_load_bl_i8(v->low)));
	bl_store_bl_i8(v->noise, noise);
}
