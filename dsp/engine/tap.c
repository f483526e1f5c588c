/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings: what two ports receive, tick by tick, into the tap ring. A full ring loses blocks, counts them and never
 * waits. Some slots are kept for beginnings and ends, so that the recorder always learns of those.
 */
#include <errno.h>
#include <string.h>

#include "machine.h"

static struct bl_tap *new_tap(struct bl_engine *e, enum bl_tap_kind kind, const struct bl_recording *r, uint64_t sample)
{
	struct bl_tap_ring *taps = &e->segment->taps;
	struct bl_tap *tap;
	uint32_t slot;

	if (!bl_ring_reserve(&taps->ring, BL_TAP_SLOTS, kind == BL_TAP_BLOCK ? BL_TAP_RESERVE : 0, &slot)) {
		e->segment->header.taps_dropped++;
		return NULL;
	}
	tap = &taps->slots[slot];
	tap->recording_id = r->id;
	tap->sample = sample;
	tap->octets = 0;
	tap->kind = (uint8_t)kind;
	return tap;
}

static struct bl_recording *find(struct bl_engine *e, uint64_t id)
{
	for (unsigned i = 0; i < BL_RECORDINGS; i++)
		if (e->segment->recordings[i].active && e->segment->recordings[i].id == id)
			return &e->segment->recordings[i];
	return NULL;
}

static struct bl_recording *find_free(struct bl_engine *e)
{
	for (unsigned i = 0; i < BL_RECORDINGS; i++)
		if (!e->segment->recordings[i].active)
			return &e->segment->recordings[i];
	return NULL;
}

int bl_recording_start(struct bl_engine *e, unsigned owner, uint64_t id, unsigned left,
                       const struct bl_record_command *c)
{
	struct bl_recording *r;

	if (!bl_port_is_open(e, left) || !bl_port_is_open(e, c->right))
		return -ENOTCONN;
	if (find(e, id))
		return -EEXIST;
	r = find_free(e);
	if (!r)
		return -ENOSPC;
	*r = (struct bl_recording){
	        .id = id,
	        .from_sample = c->from_sample > e->tick.sample ? c->from_sample : e->tick.sample,
	        .left = (uint16_t)left,
	        .right = c->right,
	        .owner = (uint8_t)owner,
	};
	r->end_sample = r->from_sample;
	atomic_signal_fence(memory_order_seq_cst);
	r->active = 1;
	return 0;
}

static void end(struct bl_engine *e, struct bl_recording *r)
{
	uint64_t samples = r->end_sample - r->from_sample;
	struct bl_event *event = bl_event_new(e, r->owner, BL_RECORDING_ENDED, 0);

	r->active = 0;
	e->woken[BL_RECORDER] = 1;
	if (new_tap(e, BL_TAP_END, r, samples))
		bl_ring_publish(&e->segment->taps.ring);
	if (!event)
		return;
	event->id = r->id;
	event->count = samples;
	event->lost = r->lost;
	bl_event_publish(e, r->owner);
}

int bl_recording_stop(struct bl_engine *e, uint64_t id)
{
	struct bl_recording *r = find(e, id);

	if (!r)
		return -ENOENT;
	end(e, r);
	return 0;
}

void bl_recordings_of_port_end(struct bl_engine *e, unsigned port)
{
	for (unsigned i = 0; i < BL_RECORDINGS; i++) {
		struct bl_recording *r = &e->segment->recordings[i];

		if (r->active && (r->left == port || r->right == port))
			end(e, r);
	}
}

/* The first block is cut to begin at from_sample. */
static void block(struct bl_engine *e, struct bl_recording *r)
{
	uint64_t skip = r->from_sample > e->tick.sample ? r->from_sample - e->tick.sample : 0;
	uint16_t octets = (uint16_t)(BL_TICK_SAMPLES - skip);
	struct bl_tap *tap;

	r->end_sample = e->tick.sample + BL_TICK_SAMPLES;
	tap = new_tap(e, BL_TAP_BLOCK, r, e->tick.sample + skip);
	if (!tap) {
		r->lost += octets;
		return;
	}
	tap->octets = octets;
	memcpy(tap->left, e->rx[r->left] + skip, octets);
	memcpy(tap->right, e->rx[r->right] + skip, octets);
	bl_ring_publish(&e->segment->taps.ring);
}

void bl_tap_tick(struct bl_engine *e)
{
	bool any = false;

	for (unsigned i = 0; i < BL_RECORDINGS; i++) {
		struct bl_recording *r = &e->segment->recordings[i];

		if (!r->active || r->from_sample >= e->tick.sample + BL_TICK_SAMPLES || r->left >= BL_PORTS ||
		    r->right >= BL_PORTS)
			continue;
		any = true;
		if (!r->begun) {
			r->begun = 1;
			if (new_tap(e, BL_TAP_BEGIN, r, r->from_sample))
				bl_ring_publish(&e->segment->taps.ring);
		}
		block(e, r);
	}
	if (any)
		e->woken[BL_RECORDER] = 1;
}
