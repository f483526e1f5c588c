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
	default:
		break;
	}
	memset(out, BL_ALAW_IDLE, BL_TICK_SAMPLES);
}

void bl_source_tick(struct bl_engine *e)
{
	int16_t sound[BL_TICK_SAMPLES];

	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];

		fill(e, port, e->tx[port]);
		if (bl_port(e, port)->digits.active)
			bl_digits_fill(e, port, e->tx[port]);
		bl_alaw_decode(e->tx[port], sound, BL_TICK_SAMPLES);
		bl_level_process(&bl_port(e, port)->tx_level, sound, BL_TICK_SAMPLES);
	}
}
