/* SPDX-License-Identifier: GPL-2.0-only */
/* What each port transmits this tick. */
#include <string.h>

#include "g711.h"
#include "machine.h"

static void fill(struct bl_engine *e, unsigned port, uint8_t *out)
{
	struct bl_port *p = bl_port(e, port);

	switch (p->source) {
	case BL_SOURCE_BRIDGE:
	case BL_SOURCE_LISTEN:
		if (p->peer < BL_PORTS) {
			memcpy(out, e->rx[p->peer], BL_TICK_SAMPLES);
			return;
		}
		break;
	case BL_SOURCE_PLAY:
		bl_play_fill(e, port, out);
		return;
	case BL_SOURCE_TONE:
		(void)bl_tone_process_alaw(&p->tone, out, BL_TICK_SAMPLES); /* zone tones have no end */
		return;
	case BL_SOURCE_CONFERENCE:
		bl_alaw_encode(e->said[port], out, BL_TICK_SAMPLES);
		return;
	default:
		break;
	}
	memset(out, BL_ALAW_IDLE, BL_TICK_SAMPLES);
}

/* Over what the port transmits; heard by its party alone. */
static void whisper(struct bl_engine *e, unsigned port, const int16_t *words)
{
	for (int i = 0; i < BL_TICK_SAMPLES; i++) {
		int32_t both = e->said[port][i] + words[i];

		e->said[port][i] = (int16_t)(both < INT16_MIN ? INT16_MIN : both > INT16_MAX ? INT16_MAX : both);
	}
	bl_alaw_encode(e->said[port], e->tx[port], BL_TICK_SAMPLES);
}

void bl_source_tick(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i], whisperer = bl_port(e, port)->whisperer;

		fill(e, port, e->tx[port]);
		if (bl_port(e, port)->digits.active)
			bl_digits_fill(e, port, e->tx[port]);
		bl_alaw_decode(e->tx[port], e->said[port], BL_TICK_SAMPLES);
		if (bl_port_is_open(e, whisperer))
			whisper(e, port, e->heard[whisperer]);
		bl_level_process(&bl_port(e, port)->tx_level, e->said[port], BL_TICK_SAMPLES);
	}
}
