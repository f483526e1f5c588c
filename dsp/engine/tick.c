/* SPDX-License-Identifier: GPL-2.0-only */
/* One tick: 5 ms of everything, in this order. What a bridge hears this tick goes out this tick. */
#include "machine.h"

typedef void (*stage_fn)(struct bl_engine *e);

/* Names: STAGES in appliance/media/status.py. */
static const stage_fn stages[BL_STAGES] = {
        bl_commands_read, bl_spans_receive,  bl_rtp_receive,     bl_decode_tick, bl_echo_tick,
        bl_detect_tick,   bl_condition_tick, bl_conference_tick, bl_source_tick, bl_tap_tick,
        bl_spans_send,    bl_rtp_send,       bl_events_wake,
};

void bl_engine_tick(struct bl_engine *e)
{
	if (!e)
		return;

	struct bl_header *h = &e->segment->header;
	int64_t begun = bl_now_ns();

	for (int i = 0; i < BL_STAGES; i++) {
		int64_t now;

		stages[i](e);
		now = bl_now_ns();
		h->stage_ns[i] += (uint64_t)(now - begun);
		begun = now;
	}
	bl_clock_update(e);
	h->ticks++;
	e->tick.deadline_ns = bl_clock_advance(e, 1);
	e->tick.sample += BL_TICK_SAMPLES;
	e->tick.missed = 0;
	h->deadline_ns = e->tick.deadline_ns;
	__atomic_store_n(&h->samples, e->tick.sample, __ATOMIC_RELEASE);
}
