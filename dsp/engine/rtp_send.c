/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets of RTP ports: sound in packets of 5, 10 or 20 ms; instead of it, while a digit is sent, telephone events. */
#include <string.h>

#include "g711.h"
#include "machine.h"

static uint32_t timestamp_of(const struct bl_engine *e, const struct bl_rtp_port *r)
{
	return r->timestamp_base + (uint32_t)e->tick.sample;
}

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
	r->octets += (uint32_t)length;
	r->counters.sent++;
}

static void send_sound(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint8_t *payload = r->packet + BL_RTP_HEADER;
	uint16_t fill;

	if (r->fill > BL_RTP_PAYLOAD - BL_TICK_SAMPLES)
		r->fill = 0;
	if (r->law == BL_JITTER_ULAW)
		bl_alaw_to_ulaw(e->tx[port], payload + r->fill, BL_TICK_SAMPLES);
	else
		memcpy(payload + r->fill, e->tx[port], BL_TICK_SAMPLES);
	r->fill = fill = (uint16_t)(r->fill + BL_TICK_SAMPLES);
	if (fill < r->packet_ms * 8)
		return;
	r->fill = 0;
	send_packet(e, port, bl_rtp_payload_type(r), r->marker, timestamp_of(e, r) + BL_TICK_SAMPLES - fill, fill);
	r->marker = 0;
}

/* True while an event is under way: no sound beside it (RFC 4733 §2.5.1.2). */
static bool send_event(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_telephone_event_packet packet;

	if (!r->event_type)
		return false;
	if (bl_telephone_event_tx_tick(&r->event_tx, timestamp_of(e, r), &packet)) {
		r->fill = 0; /* the sound before it is not sent after it */
		memcpy(r->packet + BL_RTP_HEADER, packet.payload, packet.length);
		send_packet(e, port, r->sent_event_type, packet.marker, packet.timestamp, packet.length);
		r->marker = 1;
	}
	bl_digits_events_tick(e, port);
	return bl_telephone_event_tx_busy(&r->event_tx);
}

void bl_rtp_send(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];

		if (bl_port(e, port)->kind != BL_PORT_RTP || !bl_rtp_of(e, port)->remote.port)
			continue;
		if (!send_event(e, port))
			send_sound(e, port);
		bl_rtcp_tick(e, port);
	}
}
