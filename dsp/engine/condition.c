/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is received, as the others hear it. Octets of a port to which nothing is done pass untouched, so a bridge stays
 * bit-exact; those of any other are coded anew.
 */
#include <string.h>

#include "g711.h"
#include "machine.h"

/* A null port is heard playing what it plays; it never returns what it is told. */
static void receive_null(struct bl_engine *e, unsigned port)
{
	if (e->own[port])
		memcpy(e->rx[port], e->tx[port], BL_TICK_SAMPLES);
	else
		memset(e->rx[port], BL_ALAW_IDLE, BL_TICK_SAMPLES);
}

void bl_decode_tick(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];

		if (bl_port(e, port)->kind == BL_PORT_NULL)
			receive_null(e, port);
		bl_alaw_decode(e->rx[port], e->heard[port], BL_TICK_SAMPLES);
	}
	bl_stores_resample(e);
	bl_rtp_conceal(e);
}

static void condition(struct bl_port *p, const struct bl_measure *measured, int16_t *sound)
{
	if (p->automatic && p->profile == BL_PROFILE_VOICE)
		bl_agc_process(&p->agc, measured, p->speaks, sound, sound);
	if (bl_gain_alters(&p->rx_gain))
		bl_gain_process(&p->rx_gain, sound, sound, BL_TICK_SAMPLES);
}

void bl_condition_tick(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];
		struct bl_port *p = bl_port(e, port);

		__builtin_prefetch(&bl_port_ahead(e, i)->relay);
		if (bl_relay_silences(e, port))
			memset(e->heard[port], 0, sizeof e->heard[port]);
		else if (p->automatic || p->echo || bl_gain_alters(&p->rx_gain))
			condition(p, &e->batch.measured[i], e->heard[port]);
		else
			continue;
		bl_alaw_encode(e->heard[port], e->rx[port], BL_TICK_SAMPLES);
	}
}
