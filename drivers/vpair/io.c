/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two spans of one engine back to back, as if a crossed cable joined them: what one sends in a tick the other receives
 * in the next. Octet for octet, no clock but the engine's.
 *
 * A span whose partner is not open, or names another partner, has LOS; one in RED tells its partner so (RAI, G.732).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "g711.h"
#include "span.h"

struct settings { /* drivers/vpair/driver.py */
	uint8_t partner;
};

struct state {
	uint64_t sent; /* ticks' first sample, plus 1: 0 is nothing; written last */
	uint8_t frames[BL_TICK_SAMPLES][BL_TIMESLOTS];
};

_Static_assert(sizeof(struct settings) <= BL_CARD_SETTINGS, "settings");
_Static_assert(sizeof(struct state) <= BL_CARD_STATE, "state");

static struct state *state_of(struct bl_span *span)
{
	return (struct state *)(void *)span->card_state;
}

static unsigned partner_of(const struct bl_span *span)
{
	return ((const struct settings *)(const void *)span->settings.settings)->partner;
}

static int span_open(struct bl_span *span, int first)
{
	int fd;

	if (partner_of(span) >= BL_SPANS || partner_of(span) == span->number)
		return -EINVAL;
	if (first)
		memset(span->card_state, 0, sizeof(struct state));
	fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* a span has a descriptor; this one carries nothing */
	return fd < 0 ? -errno : fd;
}

/* What was sent before the gap is not heard after it: its sample does not fit. */
static void span_resume(struct bl_span *span, const struct bl_tick *tick)
{
	(void)span;
	(void)tick;
}

static void nothing(const struct bl_span *span, uint8_t frames[][BL_TIMESLOTS])
{
	memset(frames, BL_ALAW_IDLE, sizeof(uint8_t[BL_TICK_SAMPLES][BL_TIMESLOTS]));
	if (span->settings.d_channel && span->settings.d_channel < BL_TIMESLOTS)
		for (int i = 0; i < BL_TICK_SAMPLES; i++)
			frames[i][span->settings.d_channel] = 0xff; /* no flags: Q.921 2.2 */
}

static void span_read(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS])
{
	struct bl_span *partner = span - span->number + partner_of(span);
	const struct state *sent = state_of(partner);

	(void)fd;
	if (!partner->open || partner->settings.card != BL_CARD_VPAIR || partner_of(partner) != span->number ||
	    sent->sent + BL_TICK_SAMPLES != tick->sample + 1) {
		span->card_alarms = BL_ALARM_LOS;
		span->counters.lost += partner->open;
		nothing(span, frames);
		return;
	}
	memcpy(frames, sent->frames, sizeof sent->frames);
	span->card_alarms = partner->alarms & BL_ALARM_RED ? BL_ALARM_RAI : 0;
	span->counters.received++;
}

static void span_write(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS])
{
	struct state *st = state_of(span);

	(void)fd;
	st->sent = 0;
	memcpy(st->frames, frames, sizeof st->frames);
	__atomic_store_n(&st->sent, tick->sample + 1, __ATOMIC_RELEASE);
	span->counters.sent++;
}

const struct bl_span_io bl_vpair_io = {span_open, span_resume, span_read, span_write};
