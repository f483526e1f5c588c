/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets of RTP ports: sound in packets of 5, 10 or 20 ms; instead of it, while a digit is sent, telephone events. */
#include <string.h>

#include "machine.h"

/* `length` octets of payload stand in r->packet. */
static void send_packet(struct bl_engine *e, unsigned port, uint8_t payload_type, uint8_t marker, uint32_t timestamp,
                        size_t length)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtp_packet packet = {.sequence = r->sequence,
	                               .payload_type = payload_type,
	                               .marker = marker,
	                               .timestamp = timestamp,
	                               .ssrc = r->ssrc};
	size_t n = BL_RTP_HEADER + length;

	bl_rtp_header(r->packet, &packet);
	r->sequence++;
	if (!bl_secure_close(e, port, r->packet, &n, sizeof r->packet) ||
	    !bl_rtp_socket_send(e->sockets[port - BL_RTP_FIRST].rtp, &r->remote, r->packet, n)) {
		r->counters.send_errors++;
		return;
	}
	bl_trace_rtp(e, port, true, &r->remote, r->packet, n);
	r->octets += (uint32_t)length;
	r->counters.sent++;
}

/* A tick's sound to what waits for the next packet. */
static void gather(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint8_t *payload = r->packet + BL_RTP_HEADER;

	if (r->fill > BL_RTP_PAYLOAD - BL_TICK_SAMPLES)
		r->fill = 0;
	if (bl_codec_coded(r->codec))
		memcpy(e->segment->codecs[port - BL_RTP_FIRST].said + r->fill, e->said[port], sizeof e->said[port]);
	else if (r->codec == BL_CODEC_PCMU)
		bl_law_send(e, port, payload + r->fill);
	else
		memcpy(payload + r->fill, e->tx[port], BL_TICK_SAMPLES);
	r->fill = (uint16_t)(r->fill + BL_TICK_SAMPLES);
}

/* True where this packet's sound is silence that is not sent. Octets of G.711 stand where a descriptor will. */
static bool send_noise(struct bl_engine *e, unsigned port, unsigned n)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint8_t descriptor[BL_SID_OCTETS];
	int octets = bl_noise_instead(e, port, n, descriptor, sizeof descriptor);

	if (octets > 0) {
		memcpy(r->packet + BL_RTP_HEADER, descriptor, (size_t)octets);
		send_packet(e, port, r->noise_type, 0, bl_rtp_timestamp(r, e->tick.sample + BL_TICK_SAMPLES - n),
		            (size_t)octets);
	}
	return octets >= 0;
}

static void send_sound(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtp_codec *c = &e->segment->codecs[port - BL_RTP_FIRST];
	int octets, n;

	if (!r->fill)
		r->packet_ms = r->next_packet_ms; /* never amid a packet: Opus has no frames of 15 ms */
	gather(e, port);
	n = octets = r->fill;
	if (n < r->packet_ms * 8)
		return;
	r->fill = 0;
	if (r->suppress && send_noise(e, port, (unsigned)n))
		return;
	if (bl_codec_coded(r->codec))
		octets = bl_codec_encode(&c->state, r->codec, c->said, (size_t)n, r->packet + BL_RTP_HEADER,
		                         BL_RTP_PAYLOAD);
	if (octets <= 0)
		return;
	send_packet(e, port, r->payload_type, r->marker,
	            bl_rtp_timestamp(r, e->tick.sample + BL_TICK_SAMPLES - (uint64_t)n), (size_t)octets);
	r->marker = 0;
}

/* True while an event is under way: no sound beside it (RFC 4733 §2.5.1.2). */
static bool send_event(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_telephone_event_packet packet;

	if (!r->event_type)
		return false;
	if (bl_telephone_event_tx_tick(&r->event_tx, bl_rtp_timestamp(r, e->tick.sample), &packet)) {
		r->fill = 0; /* the sound before it is not sent after it */
		memcpy(r->packet + BL_RTP_HEADER, packet.payload, packet.length);
		send_packet(e, port, r->sent_event_type, packet.marker, packet.timestamp, packet.length);
		r->marker = 1;
	}
	bl_digits_events_tick(e, port);
	return bl_telephone_event_tx_busy(&r->event_tx);
}

static void fetch(const struct bl_rtp_port *r)
{
	if (!r)
		return;
	__builtin_prefetch(r);
	__builtin_prefetch(&r->fill);
	__builtin_prefetch(&r->event_tx);
	__builtin_prefetch(&r->event_tx.queued);
	__builtin_prefetch(&r->rtcp.next);
}

void bl_rtp_send(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];

		fetch(bl_rtp_ahead(e, i));
		if (bl_port(e, port)->kind != BL_PORT_RTP || !bl_rtp_of(e, port)->remote.port)
			continue;
		if (bl_rtp_of(e, port)->suppress)
			bl_noise_listen(e, port, &e->batch.measured[i]);
		if (!send_event(e, port))
			send_sound(e, port);
		bl_rtcp_tick(e, port);
	}
}
