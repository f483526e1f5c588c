/* SPDX-License-Identifier: GPL-2.0-only */
/* What the jitter buffer's files share: marks of the ring, the wanted delay, joins. */
#ifndef BL_JITTER_PARTS_H
#define BL_JITTER_PARTS_H

#include <string.h>

#include "jitter.h"

#define BL_INLINE static inline __attribute__((always_inline))
#define BL_JITTER_MASK (BL_JITTER_SAMPLES - 1)
#define BL_JITTER_WORDS (BL_JITTER_SAMPLES / 64)

BL_INLINE void bl_jitter_mark_word(struct bl_jitter *j, uint32_t word, uint64_t mask, int there)
{
	uint64_t *present = &j->present[word % BL_JITTER_WORDS];

	*present = there ? *present | mask : *present & ~mask;
}

/* n octets from `from` on are there, or gone. */
BL_INLINE void bl_jitter_mark(struct bl_jitter *j, uint32_t from, uint32_t n, int there)
{
	uint32_t word = (from & BL_JITTER_MASK) / 64, bit = from % 64;

	if (n == 0)
		return;
	if (bit + n <= 64) {
		bl_jitter_mark_word(j, word, ~0ull >> (64 - n) << bit, there);
		return;
	}
	bl_jitter_mark_word(j, word, ~0ull << bit, there);
	for (n -= 64 - bit; n > 64; n -= 64)
		bl_jitter_mark_word(j, ++word, ~0ull, there);
	bl_jitter_mark_word(j, word + 1, ~0ull >> (64 - n), there);
}

/* The marks of n octets, 1 to 64, from `from` on. */
BL_INLINE uint64_t bl_jitter_marks(const struct bl_jitter *j, uint32_t from, uint32_t n)
{
	uint32_t at = from & BL_JITTER_MASK, bit = at % 64;
	uint64_t low = j->present[at / 64] >> bit, high = j->present[(at / 64 + 1) % BL_JITTER_WORDS];

	return (low | high << 1 << (63 - bit)) & ~0ull >> (64 - n);
}

/* Takes n marks away, 1 to 64. */
BL_INLINE void bl_jitter_unmark(struct bl_jitter *j, uint32_t from, uint32_t n)
{
	uint32_t at = from & BL_JITTER_MASK, bit = at % 64;
	uint64_t mask = ~0ull >> (64 - n);

	j->present[at / 64] &= ~(mask << bit);
	j->present[(at / 64 + 1) % BL_JITTER_WORDS] &= ~(mask >> 1 >> (63 - bit));
}

BL_INLINE void bl_jitter_copy_out(const struct bl_jitter *j, uint32_t from, uint8_t *out, size_t n)
{
	size_t at = from & BL_JITTER_MASK, first = BL_JITTER_SAMPLES - at;

	if (n <= first) {
		memcpy(out, j->octets + at, n);
		return;
	}
	memcpy(out, j->octets + at, first);
	memcpy(out + first, j->octets, n - first);
}

/* A packet's delay into the histogram; every 32 the wish is judged anew. */
void bl_jitter_observe_slow(struct bl_jitter *j, uint32_t delay);
void bl_jitter_judge(struct bl_jitter *j, uint32_t now);
/* Bins and loop begin anew. */
void bl_jitter_forget(struct bl_jitter *j);
/* The delay at which a stream is laid out whose packet has this one; one of another time base: all is forgotten. */
uint32_t bl_jitter_layout_delay(struct bl_jitter *j, uint32_t delay);
/* Least delay in the histogram. */
uint32_t bl_jitter_least(const struct bl_jitter *j);
/* Fulfil a part of the wish in this call's n octets: 1, or 0 when this is no place for it. */
int bl_jitter_join(struct bl_jitter *j, uint8_t *out, uint32_t n);

#define BL_JITTER_WINDOW 32 /* packets */

BL_INLINE void bl_jitter_observe(struct bl_jitter *j, uint32_t delay)
{
	uint32_t beyond = delay - j->base, bin = (beyond + BL_JITTER_BIN_SAMPLES - 1) / BL_JITTER_BIN_SAMPLES;

	if (bin >= BL_JITTER_BINS || !j->total || j->window >= BL_JITTER_WINDOW - 1) {
		bl_jitter_observe_slow(j, delay);
		return;
	}
	j->bins[bin]++;
	j->total++;
	j->window++;
	j->window_sum += beyond;
}

#endif
