/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channel-associated signalling: bits ABCD of timeslots, told as they change and set by command.
 *
 * Edges are told, not meanings: how long bits must stand before they count is the signalling system's (Q.424). They are
 * looked at once a tick. A line that chatters is told at most every 10 ms, and only into a ring of which half is free;
 * what stands when it has been quiet for so long is always told, if it is not what was told last.
 */
#include <errno.h>
#include <string.h>

#include "machine.h"

#define SPACING_TICKS 2
#define BITS_MAX 0xf
#define LOST (BL_ALARM_RED | BL_ALARM_AIS)

static void rest(struct bl_span *span, unsigned timeslot)
{
	span->cas.owner[timeslot] = BL_NO_CLIENT;
	span->cas.tx[timeslot] = span->settings.resting_bits;
}

/* What a death left torn; bits that make no sense rest. */
static void mend(struct bl_span *span)
{
	struct bl_cas *cas = &span->cas;

	for (unsigned t = 0; t < BL_TIMESLOTS; t++) {
		if (cas->rx[t] > BITS_MAX)
			cas->rx[t] = BL_BITS_UNKNOWN;
		if (cas->tx[t] > BITS_MAX || cas->owner[t] >= BL_CLIENTS)
			rest(span, t);
		cas->quiet[t] = 0;
	}
}

void bl_cas_begin(struct bl_span *span, bool first)
{
	if (!first) {
		mend(span);
		return;
	}
	span->cas = (struct bl_cas){0};
	memset(span->cas.rx, BL_BITS_UNKNOWN, sizeof span->cas.rx);
	memset(span->cas.told, BL_BITS_UNKNOWN, sizeof span->cas.told);
	for (unsigned t = 0; t < BL_TIMESLOTS; t++)
		rest(span, t);
}

int bl_cas_set(struct bl_engine *e, unsigned port, unsigned client, uint8_t bits)
{
	struct bl_span *span;

	if (port >= BL_RTP_FIRST || bits > BITS_MAX)
		return -EINVAL;
	span = &e->segment->spans[port / BL_TIMESLOTS];
	if (!span->open || !span->settings.cas)
		return -ENOTCONN;
	if (!bl_carries_bits(&span->settings, port % BL_TIMESLOTS))
		return -EINVAL;
	if (bits != span->cas.tx[port % BL_TIMESLOTS])
		bl_trace_bits(e, port, true, bits);
	span->cas.owner[port % BL_TIMESLOTS] = (uint8_t)client;
	span->cas.tx[port % BL_TIMESLOTS] = bits;
	return 0;
}

static bool tell(struct bl_engine *e, unsigned port, uint8_t bits)
{
	unsigned owner = e->segment->spans[port / BL_TIMESLOTS].owner;
	struct bl_event *event = bl_event_room(e, owner) ? bl_event_new(e, owner, BL_BITS_CHANGED, port) : NULL;

	if (!event)
		return false;
	event->reason = bits;
	bl_event_publish(e, owner);
	return true;
}

static void look(struct bl_engine *e, unsigned n, unsigned timeslot)
{
	struct bl_cas *cas = &e->segment->spans[n].cas;
	uint8_t bits = cas->rx[timeslot];

	if (cas->quiet[timeslot])
		cas->quiet[timeslot]--;
	if (bits > BITS_MAX || bits == cas->told[timeslot] || cas->quiet[timeslot])
		return;
	if (tell(e, n * BL_TIMESLOTS + timeslot, bits)) {
		bl_trace_bits(e, n * BL_TIMESLOTS + timeslot, false, bits);
		cas->told[timeslot] = bits;
		cas->quiet[timeslot] = SPACING_TICKS;
	}
}

/* Whoever hears of RED or AIS believes the bits no more: all are told again afterwards. */
void bl_cas_tell(struct bl_engine *e, unsigned n)
{
	struct bl_span *span = &e->segment->spans[n];

	if (!span->settings.cas)
		return;
	if (span->alarms & LOST) {
		memset(span->cas.told, BL_BITS_UNKNOWN, sizeof span->cas.told);
		return;
	}
	for (unsigned t = 0; t < BL_TIMESLOTS; t++)
		if (bl_carries_bits(&span->settings, t))
			look(e, n, t);
}

bool bl_cas_owned(const struct bl_engine *e, unsigned client)
{
	for (unsigned n = 0; n < BL_SPANS; n++) {
		const struct bl_span *span = &e->segment->spans[n];

		if (span->open && span->settings.cas && memchr(span->cas.owner, (int)client, sizeof span->cas.owner))
			return true;
	}
	return false;
}

unsigned bl_cas_rest(struct bl_engine *e, unsigned client)
{
	unsigned count = 0;

	for (unsigned port = 0; port < BL_RTP_FIRST; port++) {
		struct bl_span *span = &e->segment->spans[port / BL_TIMESLOTS];

		if (!span->open || !span->settings.cas || span->cas.owner[port % BL_TIMESLOTS] != client)
			continue;
		if (span->cas.tx[port % BL_TIMESLOTS] != span->settings.resting_bits)
			bl_trace_bits(e, port, true, span->settings.resting_bits);
		rest(span, port % BL_TIMESLOTS);
		count++;
	}
	return count;
}
