/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ports and bits of the dead. Who opened a port or set a timeslot's bits must go on reading the engine's events; one
 * that has left its ring unread for the orphan time is taken for dead for good: its ports are closed, its bits rest. A
 * CAS channel that is left as it was hangs up nobody. So that there is something to read on a quiet box, owners are
 * asked eight times in that time whether they are still there.
 */
#include "machine.h"

#define ASKED 8

void bl_orphans_forgive(struct bl_engine *e)
{
	for (int client = 0; client < BL_CLIENTS; client++)
		e->segment->header.heard[client] = e->tick.sample;
}

static bool owns(struct bl_engine *e, unsigned client)
{
	for (unsigned i = 0; i < e->ports_open; i++)
		if (bl_port(e, e->open[i])->owner == client)
			return true;
	return bl_cas_owned(e, client);
}

static void close_all(struct bl_engine *e, unsigned client)
{
	for (unsigned i = 0; i < e->ports_open; i++)
		if (bl_port(e, e->open[i])->owner == client) {
			bl_port_close(e, e->open[i]);
			e->segment->header.orphans++;
		}
	bl_ports_list(e);
	e->segment->header.orphans += bl_cas_rest(e, client);
}

static void ask(struct bl_engine *e, unsigned client)
{
	if (bl_event_new(e, client, BL_STILL_THERE, 0))
		bl_event_publish(e, client);
}

static void look_after(struct bl_engine *e, unsigned client)
{
	struct bl_header *h = &e->segment->header;
	struct bl_ring *ring = &e->segment->events[client].ring;
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);

	if (head != h->heads[client] || head == atomic_load_explicit(&ring->tail, memory_order_relaxed))
		h->heard[client] = e->tick.sample;
	h->heads[client] = head;
	if (!owns(e, client))
		return;
	if (e->tick.sample - h->heard[client] >= h->orphan_samples)
		close_all(e, client);
	else
		ask(e, client);
}

void bl_orphans_tick(struct bl_engine *e)
{
	const struct bl_header *h = &e->segment->header;

	if (!h->orphan_samples || e->tick.sample < e->orphans_due)
		return;
	e->orphans_due = e->tick.sample + h->orphan_samples / ASKED;
	for (unsigned client = 0; client < BL_CLIENTS; client++)
		look_after(e, client);
}
