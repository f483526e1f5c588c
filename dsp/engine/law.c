/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two laws of G.711. Inside all sound is A-law; timeslots of a T1 and RTP ports of PCMU are mu-law on the wire.
 *
 * Mu-law through A-law and back is not itself (eight values are taken for their neighbours), so what goes from one such
 * port to another keeps the octets that came, wherever they still say what is sent: two of them are joined octet for
 * octet. Between two clear ports no octet is a sound, and none is changed whatever the laws.
 */
#include <string.h>

#include "g711.h"
#include "machine.h"

static bool clear(const struct bl_engine *e, unsigned port, unsigned peer)
{
	const struct bl_port *p = &e->segment->ports[port];

	return p->profile == BL_PROFILE_CLEAR && e->segment->ports[peer].profile == BL_PROFILE_CLEAR &&
	       !p->digits.active && !p->reg.sends.signal;
}

const uint8_t *bl_law_pass(const struct bl_engine *e, unsigned port, unsigned peer)
{
	return clear(e, port, peer) ? e->ulaw[peer] : e->rx[peer];
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
	const struct bl_port *p = &e->segment->ports[port];
	bool joined = (p->source == BL_SOURCE_BRIDGE || p->source == BL_SOURCE_LISTEN) && p->peer < BL_PORTS;

	if (joined && clear(e, port, p->peer)) {
		memcpy(out, e->tx[port], BL_TICK_SAMPLES);
		return;
	}
	bl_alaw_to_ulaw(e->tx[port], out, BL_TICK_SAMPLES);
	if (silent(e->tx[port]))
		memset(out, BL_ULAW_IDLE, BL_TICK_SAMPLES);
	if (joined && bl_law_is_ulaw(e, p->peer))
		keep(e->ulaw[p->peer], e->tx[port], out);
}
