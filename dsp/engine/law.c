/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two laws of G.711. Inside all sound is A-law; timeslots of a T1 and RTP ports of PCMU are mu-law on the wire.
 *
 * Mu-law through A-law and back is not itself (eight values are taken for their neighbours), so what goes from one such
 * port to another keeps the octets that came, wherever they still say what is sent: two of them are joined octet for
 * octet. Between two clear ports no octet is a sound, and none is changed whatever the laws; nor is one of a test.
 */
#include <string.h>

#include "g711.h"
#include "machine.h"

/* A null port has nothing but sounds, and what something is done to is one. */
static bool clear(const struct bl_engine *e, unsigned port, unsigned from)
{
	const struct bl_port *p = &e->segment->ports[port], *other = &e->segment->ports[from];

	return p->profile == BL_PROFILE_CLEAR && other->profile == BL_PROFILE_CLEAR && other->kind != BL_PORT_NULL &&
	       !p->digits.active && !p->reg.sends.signal && !bl_gain_alters(&other->rx_gain) &&
	       !bl_gain_alters(&p->tx_gain) && !bl_port_is_open(e, p->whisperer);
}

/* The port whose octets this one transmits, BL_NO_PORT: its own. A test is of both ways of one port. */
static unsigned source_of(const struct bl_engine *e, unsigned port)
{
	const struct bl_port *p = &e->segment->ports[port];

	if (p->source == BL_SOURCE_TEST)
		return port;
	return (p->source == BL_SOURCE_BRIDGE || p->source == BL_SOURCE_LISTEN) && p->peer < BL_PORTS ? p->peer
	                                                                                              : BL_NO_PORT;
}

static bool passes(const struct bl_engine *e, unsigned port)
{
	unsigned from = source_of(e, port);

	return from != BL_NO_PORT && clear(e, port, from);
}

void bl_law_decode(const struct bl_engine *e, unsigned port, int16_t *said)
{
	if (bl_law_is_ulaw(e, port) && passes(e, port))
		bl_ulaw_decode(e->tx[port], said, BL_TICK_SAMPLES);
	else
		bl_alaw_decode(e->tx[port], said, BL_TICK_SAMPLES);
}

const uint8_t *bl_law_pass(const struct bl_engine *e, unsigned port, unsigned from)
{
	return bl_law_is_ulaw(e, from) && clear(e, port, from) ? e->ulaw[from] : e->rx[from];
}

/* Octets that came, in the place of those that say the same. */
static void keep(const uint8_t *came, const uint8_t *sent, uint8_t *out)
{
	uint8_t alaw[BL_TICK_SAMPLES];

	bl_ulaw_to_alaw(came, alaw, BL_TICK_SAMPLES);
	for (int i = 0; i < BL_TICK_SAMPLES; i++)
		out[i] = alaw[i] == sent[i] ? came[i] : out[i];
}

/* Nothing is said; A-law's idle itself would be a small value of mu-law. */
static bool silent(const uint8_t *sent)
{
	return sent[0] == BL_ALAW_IDLE && memcmp(sent, sent + 1, BL_TICK_SAMPLES - 1) == 0;
}

void bl_law_send(const struct bl_engine *e, unsigned port, uint8_t *out)
{
	unsigned from = source_of(e, port);

	if (passes(e, port)) {
		memcpy(out, e->tx[port], BL_TICK_SAMPLES);
		return;
	}
	bl_alaw_to_ulaw(e->tx[port], out, BL_TICK_SAMPLES);
	if (silent(e->tx[port]))
		memset(out, BL_ULAW_IDLE, BL_TICK_SAMPLES);
	if (from != BL_NO_PORT && bl_law_is_ulaw(e, from))
		keep(e->ulaw[from], e->tx[port], out);
}
