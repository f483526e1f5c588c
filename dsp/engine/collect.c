/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gathering of dialled digits. A digit stops a stop_on_digit play in the tick that hears it, goes to the collect under
 * way, or waits as type-ahead. While a play is heard the wait for the first digit has not begun.
 */
#include <errno.h>
#include <string.h>

#include "machine.h"

#define MS_MAX 3600000u

static bool valid(const struct bl_collect_command *c)
{
	return c->max_digits >= 1 && c->max_digits <= BL_DIGITS && c->first_digit_ms >= 1 &&
	       c->first_digit_ms <= MS_MAX && c->inter_digit_ms >= 1 && c->inter_digit_ms <= MS_MAX &&
	       memchr(c->terminators, 0, sizeof c->terminators);
}

int bl_collect_start(struct bl_engine *e, unsigned port, unsigned owner, uint64_t id,
                     const struct bl_collect_command *c)
{
	struct bl_port *p = bl_port(e, port);

	if (!valid(c))
		return -EINVAL;
	if (p->collect.active)
		bl_collect_end(e, port, BL_COLLECT_CLOSED, 0);
	if (c->clear_type_ahead)
		p->ahead.count = 0;
	if (!p->detect)
		bl_detect_start(e, port);
	p->collect = (struct bl_collect){
	        .id = id,
	        .quiet_since = e->tick.sample,
	        .first_digit_samples = c->first_digit_ms * 8,
	        .inter_digit_samples = c->inter_digit_ms * 8,
	        .owner = (uint8_t)owner,
	        .max_digits = c->max_digits,
	};
	memcpy(p->collect.terminators, c->terminators, sizeof p->collect.terminators);
	p->listener = (uint8_t)owner;
	atomic_signal_fence(memory_order_seq_cst);
	p->collect.active = 1;
	return 0;
}

void bl_collect_end(struct bl_engine *e, unsigned port, enum bl_collect_end why, char terminator)
{
	struct bl_collect *c = &bl_port(e, port)->collect;
	struct bl_event *event = bl_event_new(e, c->owner, BL_DIGITS_COLLECTED, port);

	c->active = 0;
	if (!event)
		return;
	event->id = c->id;
	event->reason = (uint16_t)why;
	event->count = (uint8_t)terminator;
	event->length = c->count;
	memcpy(event->octets, c->digits, c->count);
	bl_event_publish(e, c->owner);
}

static void take(struct bl_engine *e, unsigned port, char digit)
{
	struct bl_collect *c = &bl_port(e, port)->collect;

	c->quiet_since = e->tick.sample;
	if (strchr(c->terminators, digit)) {
		bl_collect_end(e, port, BL_COLLECT_TERMINATOR, digit);
		return;
	}
	if (c->count < BL_DIGITS)
		c->digits[c->count++] = digit;
	if (c->count >= c->max_digits)
		bl_collect_end(e, port, BL_COLLECT_FULL, 0);
}

void bl_collect_digit(struct bl_engine *e, unsigned port, char digit)
{
	struct bl_port *p = bl_port(e, port);

	if (p->source == BL_SOURCE_PLAY && p->play.stop_on_digit)
		bl_play_end(e, port, BL_PLAY_DIGIT);
	if (p->collect.active)
		take(e, port, digit);
	else if (p->source != BL_SOURCE_BRIDGE && p->source != BL_SOURCE_CONFERENCE && p->ahead.count < BL_TYPE_AHEAD)
		p->ahead.digits[p->ahead.count++] = digit;
}

static void take_ahead(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);

	if (p->source == BL_SOURCE_PLAY && p->play.stop_on_digit)
		bl_play_end(e, port, BL_PLAY_DIGIT);
	while (p->collect.active && p->ahead.count) {
		char digit = p->ahead.digits[0];

		p->ahead.count--;
		memmove(p->ahead.digits, p->ahead.digits + 1, p->ahead.count);
		take(e, port, digit);
	}
}

void bl_collect_tick(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_collect *c = &p->collect;

	if (p->ahead.count)
		take_ahead(e, port);
	if (!c->active)
		return;
	if (p->source == BL_SOURCE_PLAY && c->count == 0)
		c->quiet_since = e->tick.sample;
	if (e->tick.sample - c->quiet_since >= (c->count ? c->inter_digit_samples : c->first_digit_samples))
		bl_collect_end(e, port, BL_COLLECT_TIMEOUT, 0);
}
