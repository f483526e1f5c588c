/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening, closing and joining of ports. */
#include <errno.h>
#include <string.h>

#include "g711.h"
#include "machine.h"

bool bl_port_is_open(const struct bl_engine *e, unsigned port)
{
	return port < BL_PORTS && e->segment->ports[port].kind != BL_PORT_CLOSED;
}

void bl_ports_list(struct bl_engine *e)
{
	uint16_t count = 0;

	for (uint16_t i = 0; i < BL_PORTS; i++)
		if (e->segment->ports[i].kind != BL_PORT_CLOSED)
			e->open[count++] = i;
	e->ports_open = count;
	e->dirty = 0;
}

/* `kind` is written last: a port that is half set up is closed. */
static void set_up(struct bl_engine *e, unsigned port, unsigned owner, enum bl_port_kind kind)
{
	struct bl_port *p = bl_port(e, port);

	memset(p, 0, sizeof *p);
	p->peer = p->whisperer = BL_NO_PORT;
	p->conference = BL_CONFERENCES;
	(void)bl_gain_init(&p->rx_gain, 0); /* these cannot fail on their defaults */
	(void)bl_gain_init(&p->tx_gain, 0);
	p->dtmf_limits = *bl_dtmf_column(BL_DTMF_STANDARD);
	p->listener = BL_CALL;
	p->owner = (uint8_t)owner;
	(void)bl_tone_init(&p->tone);
	(void)bl_level_init(&p->rx_level, NULL);
	(void)bl_level_init(&p->tx_level, NULL);
	memset(e->rx[port], BL_ALAW_IDLE, BL_TICK_SAMPLES);
	memset(e->heard[port], 0, sizeof e->heard[port]);
	memset(e->said[port], 0, sizeof e->said[port]);
	(void)bl_digit_relay_init(&p->relay);
	bl_profile_listen(p);
	p->profile = kind == BL_PORT_RTP ? BL_PROFILE_VOICE : BL_PROFILE_CLEAR;
	if (kind == BL_PORT_TIMESLOT || (kind == BL_PORT_RTP && !bl_rtp_of(e, port)->event_type))
		bl_detect_start(e, port); /* its digits can come as tones alone */
	atomic_signal_fence(memory_order_seq_cst);
	p->kind = (uint8_t)kind;
	e->dirty = 1;
}

int bl_timeslot_fits(const struct bl_open_span *span, unsigned timeslot)
{
	if (timeslot == 0 || timeslot > bl_timeslots(span))
		return -EINVAL;
	return timeslot == span->d_channel || (span->cas && !bl_carries_bits(span, timeslot)) ? -EBUSY : 0;
}

int bl_timeslot_open(struct bl_engine *e, unsigned port, unsigned owner)
{
	const struct bl_span *span;
	int error;

	if (port >= BL_RTP_FIRST)
		return -EINVAL;
	span = &e->segment->spans[port / BL_TIMESLOTS];
	if (!span->open)
		return -ENOTCONN;
	error = bl_timeslot_fits(&span->settings, port % BL_TIMESLOTS);
	if (error)
		return error;
	bl_port_close(e, port);
	set_up(e, port, owner, BL_PORT_TIMESLOT);
	return 0;
}

/* A port that is open keeps its sockets: even closed for microseconds they would refuse a packet of the peer's. */
int bl_rtp_open(struct bl_engine *e, unsigned port, unsigned owner, const struct bl_rtp_command *c)
{
	struct bl_rtp_sockets *sockets, kept;
	int error;

	if (port < BL_RTP_FIRST || port >= BL_NULL_FIRST || !bl_rtp_valid(c))
		return -EINVAL;
	sockets = &e->sockets[port - BL_RTP_FIRST];
	if (bl_port_is_open(e, port))
		bl_rtcp_bye(e, port);
	kept = *sockets;
	sockets->rtp = sockets->rtcp = -1;
	bl_port_close(e, port);
	*sockets = kept;
	bl_rtp_setup(e, port, c);
	error = kept.rtp < 0 ? bl_rtp_bind(e, port) : 0;
	if (!error)
		set_up(e, port, owner, BL_PORT_RTP);
	return error;
}

int bl_null_open(struct bl_engine *e, unsigned port, unsigned owner)
{
	if (port < BL_NULL_FIRST || port >= BL_PORTS)
		return -EINVAL;
	bl_port_close(e, port);
	set_up(e, port, owner, BL_PORT_NULL);
	return 0;
}

void bl_port_silence(struct bl_engine *e, unsigned port, enum bl_play_end why)
{
	struct bl_port *p = bl_port(e, port);

	if (p->digits.active)
		bl_digits_end(e, port);
	if (p->source == BL_SOURCE_PLAY)
		bl_play_end(e, port, why);
	if (p->source == BL_SOURCE_TONE) {
		bl_tone_stop(&p->tone);
		p->source = BL_SOURCE_IDLE;
	}
	if (p->source == BL_SOURCE_TEST)
		p->source = BL_SOURCE_IDLE;
}

/* Nobody may go on hearing a port that is another call's next. */
static void send_away(struct bl_engine *e, unsigned port)
{
	for (unsigned other = 0; other < BL_PORTS; other++) {
		struct bl_port *p = bl_port(e, other);

		if (p->kind == BL_PORT_CLOSED)
			continue;
		if (p->source == BL_SOURCE_LISTEN && p->peer == port)
			(void)bl_port_disconnect(e, other); /* it is one that listens */
		if (p->whisperer == port)
			p->whisperer = BL_NO_PORT;
	}
}

void bl_port_close(struct bl_engine *e, unsigned port)
{
	if (!bl_port_is_open(e, port))
		return;
	bl_recordings_of_port_end(e, port);
	bl_port_silence(e, port, BL_PLAY_CLOSED);
	if (bl_port(e, port)->collect.active)
		bl_collect_end(e, port, BL_COLLECT_CLOSED, 0);
	bl_port_part(e, port);
	send_away(e, port);
	(void)bl_conference_leave(e, port); /* in none is as good */
	if (bl_port(e, port)->kind == BL_PORT_RTP)
		bl_rtcp_bye(e, port);
	if (port >= BL_RTP_FIRST && port < BL_NULL_FIRST)
		bl_secure_end(e, port); /* first: should we die now, no keys lie in a closed port */
	bl_port(e, port)->kind = BL_PORT_CLOSED;
	if (port >= BL_RTP_FIRST && port < BL_NULL_FIRST)
		bl_rtp_unbind(e, port);
	memset(e->tx[port], BL_ALAW_IDLE, BL_TICK_SAMPLES);
	e->dirty = 1;
}

/* A key that is down beyond the bridge is up for this port's peer: its end would be told to nobody. */
static void leave_bridge(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);

	if (port >= BL_RTP_FIRST && port < BL_NULL_FIRST)
		bl_telephone_event_tx_release(&bl_rtp_of(e, port)->event_tx);
	if (p->source == BL_SOURCE_BRIDGE || p->source == BL_SOURCE_LISTEN)
		p->source = BL_SOURCE_IDLE;
	p->peer = BL_NO_PORT;
}

int bl_port_disconnect(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);

	if (!bl_port_is_open(e, port) || (p->source != BL_SOURCE_BRIDGE && p->source != BL_SOURCE_LISTEN))
		return -ENOTCONN;
	if (p->source == BL_SOURCE_BRIDGE && p->peer < BL_PORTS && bl_port(e, p->peer)->peer == port)
		leave_bridge(e, p->peer);
	leave_bridge(e, port);
	return 0;
}

void bl_port_part(struct bl_engine *e, unsigned port)
{
	(void)bl_port_disconnect(e, port); /* not connected is as good */
	if (bl_port(e, port)->source == BL_SOURCE_CONFERENCE)
		(void)bl_conference_leave(e, port); /* it is in one */
}

static void take_source(struct bl_engine *e, unsigned port, unsigned peer, enum bl_source source)
{
	struct bl_port *p = bl_port(e, port);

	bl_port_part(e, port);
	bl_port_silence(e, port, BL_PLAY_STOPPED);
	p->ahead.count = 0;
	p->peer = (uint16_t)peer;
	p->source = (uint8_t)source;
}

int bl_port_connect(struct bl_engine *e, unsigned a, unsigned b)
{
	if (a == b || b >= BL_PORTS)
		return -EINVAL;
	if (!bl_port_is_open(e, a) || !bl_port_is_open(e, b))
		return -ENOTCONN;
	if (bl_port(e, a)->source == BL_SOURCE_BRIDGE && bl_port(e, a)->peer == b)
		return 0;
	take_source(e, a, b, BL_SOURCE_BRIDGE);
	take_source(e, b, a, BL_SOURCE_BRIDGE);
	return 0;
}

int bl_port_listen(struct bl_engine *e, unsigned port, unsigned to)
{
	if (to >= BL_PORTS)
		return -EINVAL;
	if (!bl_port_is_open(e, to))
		return -ENOTCONN;
	take_source(e, port, to, BL_SOURCE_LISTEN);
	return 0;
}
