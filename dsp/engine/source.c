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
			memcpy(out, bl_law_pass(e, port, p->peer), BL_TICK_SAMPLES);
			return;
		}
		break;
	case BL_SOURCE_PLAY:
		bl_play_fill(e, port, out);
		return;
	case BL_SOURCE_TONE:
		(void)bl_tone_process_alaw(&p->tone, out, BL_TICK_SAMPLES); /* zone tones have no end */
		return;
	case BL_SOURCE_TEST:
		bl_test_fill(e, port, out);
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
static void whisper(int16_t *said, const int16_t *words)
{
	for (int i = 0; i < BL_TICK_SAMPLES; i++) {
		int32_t both = said[i] + words[i];

		said[i] = (int16_t)(both < INT16_MIN ? INT16_MIN : both > INT16_MAX ? INT16_MAX : both);
	}
}

/* `said` is what is sent: it goes through the code again when something was done to it. */
static void shape(struct bl_engine *e, unsigned port)
{
	const struct bl_port *p = bl_port(e, port);
	bool whispered = bl_port_is_open(e, p->whisperer),
	     altered = bl_gain_alters(&p->tx_gain) && !p->reg.sends.signal; /* a register's level is the line's */

	bl_law_decode(e, port, e->said[port]);
	if (!whispered && !altered)
		return;
	if (whispered)
		whisper(e->said[port], e->heard[p->whisperer]);
	if (altered)
		bl_gain_process(&p->tx_gain, e->said[port], e->said[port], BL_TICK_SAMPLES);
	bl_alaw_encode(e->said[port], e->tx[port], BL_TICK_SAMPLES);
	bl_alaw_decode(e->tx[port], e->said[port], BL_TICK_SAMPLES);
}

void bl_source_tick(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];
		uint8_t source = bl_port(e, port)->source;

		__builtin_prefetch(bl_port_ahead(e, i));
		__builtin_prefetch(&bl_port_ahead(e, i)->digits);
		e->own[port] = source == BL_SOURCE_PLAY || source == BL_SOURCE_TONE;
		fill(e, port, e->tx[port]);
		if (bl_port(e, port)->digits.active && !bl_port(e, port)->digits.events)
			bl_digits_fill(e, port, e->tx[port]);
		if (bl_port(e, port)->reg.sends.signal)
			bl_register_fill(bl_port(e, port), e->tx[port]);
		shape(e, port);
		e->batch.in[i] = e->said[port];
		e->batch.level[i] = &bl_port(e, port)->tx_level;
		__builtin_prefetch(e->batch.level[i]);
	}
	(void)bl_measure_many(e->batch.measured, e->batch.in, BL_TICK_SAMPLES, e->ports_open);
	bl_level_add_many(e->batch.level, e->batch.measured, e->ports_open);
}
