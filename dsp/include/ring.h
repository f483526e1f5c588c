/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Index of a single-producer single-consumer ring in shared memory. Slots are the owner's; their number is a power of
 * two.
 *
 * Indexes run freely and are masked at every use, so a torn or damaged index reads a wrong slot, never outside the
 * ring. The producer alone writes `tail`, the consumer alone `head`. A slot is visible once tail has passed it.
 */
#ifndef BL_RING_H
#define BL_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct bl_ring {
	_Alignas(64) _Atomic uint32_t head;
	_Alignas(64) _Atomic uint32_t tail;
	_Alignas(64) _Atomic uint64_t dropped; /* what found no room */
};

/* Producer: true and the slot to fill, or false when the ring is full. */
static inline bool bl_ring_reserve(struct bl_ring *r, uint32_t slots, uint32_t keep_free, uint32_t *slot)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint32_t used = tail - atomic_load_explicit(&r->head, memory_order_acquire);

	*slot = tail & (slots - 1);
	return used < slots - keep_free;
}

static inline void bl_ring_publish(struct bl_ring *r)
{
	atomic_store_explicit(&r->tail, atomic_load_explicit(&r->tail, memory_order_relaxed) + 1, memory_order_release);
}

/* Consumer: true and the oldest slot, or false when there is none. Forgets everything if the indexes make no sense. */
static inline bool bl_ring_peek(struct bl_ring *r, uint32_t slots, uint32_t *slot)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);

	if (tail - head > slots) {
		atomic_store_explicit(&r->head, tail, memory_order_release);
		return false;
	}
	*slot = head & (slots - 1);
	return tail != head;
}

static inline void bl_ring_release(struct bl_ring *r)
{
	atomic_store_explicit(&r->head, atomic_load_explicit(&r->head, memory_order_relaxed) + 1, memory_order_release);
}

static inline void bl_ring_discard(struct bl_ring *r)
{
	atomic_store_explicit(&r->head, atomic_load_explicit(&r->tail, memory_order_acquire), memory_order_release);
}

#endif
