/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>
#include <sys/eventfd.h>

#include "machine.h"

static struct bl_event_ring *ring_of(struct bl_engine *e, unsigned client)
{
	return &e->segment->events[client % BL_CLIENTS];
}

struct bl_event *bl_event_new(struct bl_engine *e, unsigned client, enum bl_event_kind kind, unsigned port)
{
	struct bl_event_ring *r = ring_of(e, client);
	struct bl_event *event;
	uint32_t slot;

	if (client == BL_NO_CLIENT)
		return NULL;
	if (!bl_ring_reserve(&r->ring, BL_EVENT_SLOTS, 0, &slot)) {
		atomic_fetch_add_explicit(&r->ring.dropped, 1, memory_order_relaxed);
		return NULL;
	}
	event = &r->slots[slot];
	memset(event, 0, sizeof *event);
	event->kind = (uint16_t)kind;
	event->port = (uint16_t)port;
	event->sample = e->tick.sample;
	return event;
}

bool bl_event_room(struct bl_engine *e, unsigned client)
{
	uint32_t slot;

	return bl_ring_reserve(&ring_of(e, client)->ring, BL_EVENT_SLOTS, BL_EVENT_SLOTS / 2, &slot);
}

void bl_event_publish(struct bl_engine *e, unsigned client)
{
	bl_ring_publish(&ring_of(e, client)->ring);
	e->woken[client % BL_CLIENTS] = 1;
}

void bl_events_wake(struct bl_engine *e)
{
	for (int i = 0; i < BL_CLIENTS; i++) {
		if (e->woken[i] && e->event_fds[i] >= 0)
			(void)eventfd_write(e->event_fds[i], 1); /* EAGAIN: it has been readable for 2^64 ticks */
		e->woken[i] = 0;
	}
}
