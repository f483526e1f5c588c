/* SPDX-License-Identifier: GPL-2.0-only */
/* What is heard on the ports: levels and DTMF digits. */
#include "machine.h"

#define EVENTS 4 /* bl_dtmf_process: 2 * (n / hop + 1) loses none */

void bl_detect_start(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);

	p->detect_base = e->tick.sample;
	p->detect = bl_dtmf_init(&p->dtmf, NULL) == 0;
}

static void report(struct bl_engine *e, unsigned port, const struct bl_dtmf_event *digit)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_event *event = bl_event_new(e, p->listener, BL_DIGIT_DETECTED, port);

	if (event) {
		event->sample = p->detect_base + digit->at_sample;
		event->octets[0] = (uint8_t)digit->digit;
		event->length = 1;
		bl_event_publish(e, p->listener);
	}
	bl_collect_digit(e, port, digit->digit);
}

static void hear(struct bl_engine *e, unsigned port, const int16_t *sound)
{
	struct bl_dtmf_event digits[EVENTS];
	size_t count = bl_dtmf_process(&bl_port(e, port)->dtmf, sound, BL_TICK_SAMPLES, digits, EVENTS);

	for (size_t i = 0; i < count; i++)
		if (digits[i].on)
			report(e, port, &digits[i]);
}

void bl_detect_tick(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];
		struct bl_port *p = bl_port(e, port);

		bl_level_process(&p->rx_level, e->heard[port], BL_TICK_SAMPLES);
		if (p->detect)
			hear(e, port, e->heard[port]);
		bl_collect_tick(e, port);
	}
}
