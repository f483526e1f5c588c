/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose packets an RTP port believes.
 *
 * A port sends to the remote that signalling named. A packet from there is believed at once and at any time; one from
 * elsewhere, a peer behind an address translator, when four came in a row and the named one is silent. Address and SSRC
 * are then held: another SSRC from there is believed when the held one is quiet and two packets came in a row (RFC 3550
 * A.1); one that has said BYE is followed at once.
 */
#include "machine.h"

#define QUIET_SAMPLES 480 /* 60 ms: the held SSRC has stopped */
#define SSRC_PROBATION 2
#define ADDRESS_PROBATION 4
#define FORMER_SAMPLES 8000 /* 1 s in which the peer of before a transfer is not taken for the one behind it */

static bool same(const struct bl_address *a, const struct bl_address *b)
{
	return a->ip == b->ip && a->port == b->port;
}

void bl_rtp_remote(struct bl_rtp_port *r, const struct bl_address *remote, uint64_t sample)
{
	if (r->latched && !same(&r->remote, remote)) {
		r->former = r->remote;
		r->former_until = sample + FORMER_SAMPLES;
	}
	if (!same(&r->signalled, remote))
		r->mux = 0;                     /* another peer: it has to show that it does so */
	r->marker |= !same(&r->remote, remote); /* where it is the same, the stream goes on */
	r->latched = r->over = 0;
	r->timed_out = 0;
	r->other_packets = 0;
	r->last_packet = sample;
	r->remote = r->signalled = *remote;
}

/* The source whose packets we hear, from now on. */
static void latch(struct bl_engine *e, unsigned port, const struct bl_address *from, const struct bl_rtp_packet *packet)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);

	if (!r->rx.started || packet->ssrc != r->remote_ssrc || r->over) {
		uint64_t received = r->rx.received, duplicates = r->rx.duplicates;

		bl_rtp_source_reset(&r->rx);
		r->rx.received = received;
		r->rx.duplicates = duplicates;
		bl_jitter_reset(&r->jitter);
		bl_rtp_event_end(e, port);
		bl_plc_reset(&r->plc);
		r->sounded = 0;
		r->pause = 0;
		if (bl_codec_coded(r->codec)) {
			bl_codec_listen(&e->segment->codecs[port - BL_RTP_FIRST].state, r->codec);
			bl_order_forget(e, port);
		}
	}
	r->remote = *from;
	r->remote_ssrc = packet->ssrc;
	r->latched = 1;
	r->over = 0;
	r->other_packets = 0;
}

/* Packets in a row of one who is not the one held, this one included. */
static unsigned in_a_row(struct bl_rtp_port *r, const struct bl_address *from, const struct bl_rtp_packet *packet)
{
	bool next = r->other_packets && packet->ssrc == r->other_ssrc && packet->sequence == r->other_sequence &&
	            same(from, &r->other);

	r->other = *from;
	r->other_ssrc = packet->ssrc;
	r->other_sequence = (uint16_t)(packet->sequence + 1);
	r->other_packets = (uint16_t)(next ? r->other_packets + 1 : 1);
	return r->other_packets;
}

/* Somebody else than signalling named: the peer behind an address translator, or a stranger. */
static bool accept_address(struct bl_rtp_port *r, const struct bl_address *from, const struct bl_rtp_packet *packet,
                           uint64_t sample)
{
	if (r->latched || (sample < r->former_until && same(from, &r->former)))
		return false;
	return in_a_row(r, from, packet) >= ADDRESS_PROBATION;
}

static bool quiet(const struct bl_rtp_port *r, uint64_t sample)
{
	return sample - r->last_packet > QUIET_SAMPLES;
}

/* Another SSRC from the held address: a phone that began a new stream, or noise. */
static bool accept_ssrc(struct bl_rtp_port *r, const struct bl_address *from, const struct bl_rtp_packet *packet,
                        uint64_t sample)
{
	return r->over || (in_a_row(r, from, packet) >= SSRC_PROBATION && quiet(r, sample));
}

bool bl_rtp_believed(struct bl_engine *e, unsigned port, const struct bl_address *from,
                     const struct bl_rtp_packet *packet)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);

	if (!r->remote.port)
		return false;
	if (r->latched && same(from, &r->remote)) {
		if (packet->ssrc == r->remote_ssrc && !(r->over && quiet(r, e->tick.sample)))
			return true; /* BYE overtakes the last packets; what comes later has begun anew */
		if (!accept_ssrc(r, from, packet, e->tick.sample))
			return false;
	} else if (!same(from, &r->signalled) && !accept_address(r, from, packet, e->tick.sample)) {
		return false;
	}
	latch(e, port, from, packet);
	return true;
}
