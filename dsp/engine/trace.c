/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trace's rings. A record is whole before the count that shows it; one that a dying engine left half written is
 * not counted, and the next life writes over it.
 */
#include "trace.h"

#include <string.h>

#include "machine.h"

_Static_assert(sizeof(struct bl_trace_head) == 16 && sizeof(struct bl_trace_rtp) == 32 &&
                       sizeof(struct bl_trace_frame) == 320,
               "records have no padding");

static uint64_t slot(const struct bl_trace *t, enum bl_trace_kind kind, uint64_t slots)
{
	return atomic_load_explicit(&t->written[kind], memory_order_relaxed) & (slots - 1);
}

static void publish(struct bl_trace *t, enum bl_trace_kind kind)
{
	uint64_t written = atomic_load_explicit(&t->written[kind], memory_order_relaxed);

	atomic_store_explicit(&t->written[kind], written + 1, memory_order_release);
}

void bl_trace_frame(struct bl_engine *e, unsigned span, bool sent, const uint8_t *octets, size_t n)
{
	struct bl_trace *t = &e->segment->trace;
	struct bl_trace_frame *record = &t->frames[slot(t, BL_TRACE_OF_FRAMES, BL_TRACE_FRAMES)];

	record->head = (struct bl_trace_head){
	        .at_ns = e->tick.deadline_ns, .port = (uint16_t)span, .sent = sent, .octets = (uint16_t)n};
	memcpy(record->octets, octets, n);
	publish(t, BL_TRACE_OF_FRAMES);
}

void bl_trace_bits(struct bl_engine *e, unsigned port, bool sent, uint8_t bits)
{
	struct bl_trace *t = &e->segment->trace;

	t->bits[slot(t, BL_TRACE_OF_BITS, BL_TRACE_BITS)] = (struct bl_trace_head){
	        .at_ns = e->tick.deadline_ns, .port = (uint16_t)port, .sent = sent, .bits = bits};
	publish(t, BL_TRACE_OF_BITS);
}

void bl_trace_rtp(struct bl_engine *e, unsigned port, bool sent, const struct bl_address *remote, const uint8_t *octets,
                  size_t n)
{
	struct bl_trace *t = &e->segment->trace;
	struct bl_trace_rtp *record;

	if (n < BL_RTP_HEADER)
		return;
	record = &t->rtp[slot(t, BL_TRACE_OF_RTP, BL_TRACE_RTP)];
	record->head = (struct bl_trace_head){.at_ns = e->tick.deadline_ns,
	                                      .port = (uint16_t)port,
	                                      .sent = sent,
	                                      .octets = (uint16_t)n,
	                                      .remote_port = remote->port};
	record->remote_ip = remote->ip;
	memcpy(record->header, octets, BL_RTP_HEADER);
	publish(t, BL_TRACE_OF_RTP);
}

struct ring {
	const uint8_t *records;
	size_t octets; /* of a record */
	uint64_t slots;
};

static struct ring ring_of(const struct bl_trace *t, unsigned kind)
{
	switch (kind) {
	case BL_TRACE_OF_FRAMES:
		return (struct ring){(const uint8_t *)t->frames, sizeof t->frames[0], BL_TRACE_FRAMES};
	case BL_TRACE_OF_BITS:
		return (struct ring){(const uint8_t *)t->bits, sizeof t->bits[0], BL_TRACE_BITS};
	default:
		return (struct ring){(const uint8_t *)t->rtp, sizeof t->rtp[0], BL_TRACE_RTP};
	}
}

static bool is_wanted(const uint8_t *record, const struct bl_trace_wanted *wanted)
{
	struct bl_trace_head head;

	memcpy(&head, record, sizeof head);
	return head.port == wanted->port && head.at_ns >= wanted->from_ns && head.at_ns <= wanted->until_ns;
}

size_t bl_trace_read(const struct bl_trace *t, const struct bl_trace_wanted *wanted, uint64_t *place, void *out,
                     size_t count)
{
	if (!t || !wanted || !place || !out)
		return 0;

	const struct ring ring = ring_of(t, wanted->kind);
	const _Atomic uint64_t *written = &t->written[wanted->kind < BL_TRACE_KINDS ? wanted->kind : BL_TRACE_OF_RTP];
	uint64_t end = atomic_load_explicit(written, memory_order_acquire);
	uint8_t *to = out;
	size_t taken = 0;

	if (end - *place > ring.slots)
		*place = end - ring.slots;
	for (; *place != end && taken < count; (*place)++) {
		memcpy(to, ring.records + (*place & (ring.slots - 1)) * ring.octets, ring.octets);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(written, memory_order_relaxed) - *place >= ring.slots)
			continue; /* its place is the next record's, which may be half written */
		if (is_wanted(to, wanted)) {
			to += ring.octets;
			taken++;
		}
	}
	return taken;
}
