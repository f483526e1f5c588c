/* SPDX-License-Identifier: GPL-2.0-only */
#include "digit_relay.h"

#include <errno.h>
#include <string.h>

#define TICK_MS 5
#define LAG (BL_DIGIT_RELAY_LAG_MS / TICK_MS)
#define INFO_LAG (BL_DIGIT_RELAY_INFO_LAG_MS / TICK_MS)
#define KEPT 200 /* ticks: its sound has been played by then */

size_t bl_digit_relay_size(void)
{
	return sizeof(struct bl_digit_relay);
}

int bl_digit_relay_init(struct bl_digit_relay *r)
{
	if (!r)
		return -EINVAL;
	memset(r, 0, sizeof *r);
	return 0;
}

void bl_digit_relay_reset(struct bl_digit_relay *r)
{
	if (!r)
		return;
	(void)bl_digit_relay_init(r);
}

static struct bl_digit_past *past_of(struct bl_digit_relay *r, uint32_t number)
{
	return &r->past[number % BL_DIGIT_RELAY_PAST];
}

static void tell(struct bl_digit_relay *r, const struct bl_digit_past *p, int on)
{
	struct bl_digit_change *c = &r->queue[(r->first + r->queued) % BL_DIGIT_RELAY_QUEUE];

	if (r->queued >= BL_DIGIT_RELAY_QUEUE) {
		r->dropped++;
		return;
	}
	*c = (struct bl_digit_change){.duration_ms = on ? 0 : (p->end - p->begin) * TICK_MS,
	                              .digit = p->digit,
	                              .on = on != 0,
	                              .source = p->owner};
	r->queued++;
}

static void end(struct bl_digit_relay *r, struct bl_digit_past *p)
{
	if (!p->on)
		return;
	p->on = 0;
	p->end = r->ticks;
	tell(r, p, 0);
}

static struct bl_digit_past *newest(struct bl_digit_relay *r)
{
	return past_of(r, r->newest - 1);
}

static void make(struct bl_digit_relay *r, char digit, enum bl_digit_source source)
{
	struct bl_digit_past *p;

	if (r->newest)
		end(r, newest(r));
	p = past_of(r, r->newest++);
	*p = (struct bl_digit_past){.begin = r->ticks,
	                            .digit = digit,
	                            .told = (uint8_t)(1u << source),
	                            .live = (uint8_t)(1u << source),
	                            .owner = (uint8_t)source,
	                            .on = 1};
	r->last[source] = r->newest;
	r->digits++;
	tell(r, p, 1);
}

/* Not too long ago for this source to tell it. */
static int in_time(const struct bl_digit_relay *r, const struct bl_digit_past *p, enum bl_digit_source source)
{
	if (source == BL_DIGIT_INFO)
		return p->on || r->ticks - p->end <= INFO_LAG;
	return r->ticks - p->begin <= LAG;
}

/* The tone breaks off and comes again within its digit. */
static int comes_again(const struct bl_digit_relay *r, const struct bl_digit_past *p)
{
	return p->owner != BL_DIGIT_INBAND && (p->told & 1u << BL_DIGIT_INBAND) &&
	       (p->on || r->ticks - p->end < p->lag);
}

static int belongs(const struct bl_digit_relay *r, const struct bl_digit_past *p, char digit,
                   enum bl_digit_source source)
{
	if (p->digit != digit)
		return 0;
	if (source == BL_DIGIT_INBAND && comes_again(r, p))
		return 1;
	return !(p->told & 1u << source) && in_time(r, p, source);
}

/* A source begins to tell a digit: whose? */
static void told(struct bl_digit_relay *r, char digit, enum bl_digit_source source)
{
	uint32_t from = r->newest > BL_DIGIT_RELAY_PAST ? r->newest - BL_DIGIT_RELAY_PAST : 0;

	if (r->last[source] > from && r->last[source] <= r->newest)
		from = r->last[source] - 1; /* in order: the last again, or a later one */
	for (uint32_t number = from; number < r->newest; number++) {
		struct bl_digit_past *p = past_of(r, number);

		if (!belongs(r, p, digit, source))
			continue;
		if (source == BL_DIGIT_INBAND && !(p->told & 1u << source))
			p->lag = r->ticks - p->begin;
		p->told |= (uint8_t)(1u << source);
		if (source != BL_DIGIT_INFO)
			p->live |= (uint8_t)(1u << source);
		r->last[source] = number + 1;
		r->laid++;
		return;
	}
	make(r, digit, source);
}

/* A source has told a digit's end: the last of those that were on ends it. */
static void ended(struct bl_digit_relay *r, enum bl_digit_source source)
{
	struct bl_digit_past *p = past_of(r, r->last[source] - 1);

	if (!r->last[source] || r->last[source] > r->newest)
		return;
	p->live = (uint8_t)(p->live & ~(1u << source));
	if (!p->live)
		end(r, p);
}

void bl_digit_relay_early(struct bl_digit_relay *r, int early)
{
	if (!r)
		return;
	r->early = early != 0;
}

void bl_digit_relay_inband(struct bl_digit_relay *r, char digit, int on)
{
	if (!r)
		return;
	r->inband_on = on != 0;
	if (on)
		told(r, digit, BL_DIGIT_INBAND);
	else
		ended(r, BL_DIGIT_INBAND);
}

void bl_digit_relay_event(struct bl_digit_relay *r, char digit, int on, uint32_t timestamp, uint32_t duration)
{
	if (!r)
		return;
	r->event_on = on != 0;
	r->event_known = 1;
	r->event_from = timestamp;
	r->event_to = timestamp + duration;
	r->event_kept = KEPT;
	if (on)
		told(r, digit, BL_DIGIT_EVENT);
	else
		ended(r, BL_DIGIT_EVENT);
}

void bl_digit_relay_info(struct bl_digit_relay *r, char digit, uint32_t duration_ms)
{
	if (!r)
		return;

	uint64_t digits = r->digits;

	if (!duration_ms)
		duration_ms = BL_DIGIT_RELAY_INFO_MS;
	if (duration_ms > BL_DIGIT_RELAY_INFO_MAX_MS)
		duration_ms = BL_DIGIT_RELAY_INFO_MAX_MS;
	told(r, digit, BL_DIGIT_INFO);
	if (r->digits != digits)
		r->info_end = r->ticks + duration_ms / TICK_MS;
}

void bl_digit_relay_tick(struct bl_digit_relay *r)
{
	if (!r)
		return;
	r->ticks++;
	if (r->newest && newest(r)->live & 1u << BL_DIGIT_INFO && (int32_t)(r->ticks - r->info_end) >= 0)
		ended(r, BL_DIGIT_INFO);
	if (r->event_known && !r->event_on && --r->event_kept == 0)
		r->event_known = 0;
}

int bl_digit_relay_next(struct bl_digit_relay *r, struct bl_digit_change *change)
{
	if (!r || !change)
		return 0;
	if (!r->queued)
		return 0;
	*change = r->queue[r->first % BL_DIGIT_RELAY_QUEUE];
	r->first = (uint8_t)((r->first + 1) % BL_DIGIT_RELAY_QUEUE);
	r->queued--;
	return 1;
}

int bl_digit_relay_muted(const struct bl_digit_relay *r, uint32_t play)
{
	if (!r)
		return 0;
	if (r->early || r->inband_on)
		return 1;
	return r->event_known && (int32_t)(play - r->event_from) >= 0 &&
	       (r->event_on || (int32_t)(play - r->event_to) < 0);
}
