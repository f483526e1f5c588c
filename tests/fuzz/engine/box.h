/* SPDX-License-Identifier: GPL-2.0-only */
/* A box with something of everything: what commands meet, and what a death may tear. */
#ifndef BOX_H
#define BOX_H

#include "rig.h"

#define BOX_RTP 4

static const uint16_t box_ports[] = {
        1,   2,   3,   17,  33,  34,  35, 65, 66, 88, 97, 98, BL_RTP_FIRST, BL_RTP_FIRST + 1, BL_RTP_FIRST + 2,
        259, 300, 512, 513, 514, 575, 0,  16, 95};

#define BOX_PORTS (sizeof box_ports / sizeof *box_ports)

/* Two E1 with D-channels joined by a cable, two spans with CAS by one of another clock, which leads. */
static inline void box_spans(struct rig *r, bool t1)
{
	for (uint8_t span = 0; span < 4; span++) {
		struct bl_command c = {.kind = BL_OPEN_SPAN,
		                       .port = span,
		                       .span = {.card = BL_CARD_VPAIR,
		                                .t1 = span > 1 && t1,
		                                .d_channel = span > 1 ? 0 : 16,
		                                .cas = span > 1,
		                                .clock_recovered = 1,
		                                .clock_domain = (uint8_t)(1 + span / 2),
		                                .clock_priority = (uint8_t)(2 - span / 2),
		                                .settings = {span ^ 1, span > 1}}};

		rig_give(r, BL_LINE, &c);
	}
}

static inline void box_port(struct rig *r, unsigned kind, unsigned port)
{
	struct bl_command c = {.kind = (uint16_t)kind, .port = (uint16_t)port};

	rig_give(r, BL_CALL, &c);
}

static inline void box_open(struct rig *r, struct fuzz *f)
{
	uint32_t how = fuzz_choice(f, 256);

	rig_open(r);
	box_spans(r, how & 1);
	for (unsigned i = 0; i < 12; i++)
		box_port(r, BL_OPEN_TIMESLOT, box_ports[i]);
	for (unsigned i = 0; i < BOX_RTP; i++)
		rig_open_rtp(r, BL_RTP_FIRST + i, (how >> 1) + i, how & 16, i || !(how & 32) ? 0 : 1);
	for (unsigned i = 0; i < 3; i++)
		box_port(r, BL_OPEN_NULL, BL_NULL_FIRST + i);
	rig_tick(r);
}

/* A command of any kind with any values, mostly for a port that is there. */
static inline void box_command(struct rig *r, struct fuzz *f)
{
	struct bl_command c;
	uint32_t how = fuzz_choice(f, 256);
	uint8_t *values = (uint8_t *)&c.span;
	size_t room = sizeof c - offsetof(struct bl_command, span), n = fuzz_choice(f, 256);

	memset(&c, how & 1 ? 0xff : 0, sizeof c);
	c.kind = (uint16_t)(how >> 1 == 7 ? fuzz_below(f, 65536) : fuzz_choice(f, BL_COMMAND_KINDS + 1));
	c.port = (uint16_t)(how >> 1 == 9 ? fuzz_below(f, 65536) : box_ports[fuzz_choice(f, BOX_PORTS)]);
	if (c.kind == BL_OPEN_SPAN || c.kind == BL_CLOSE_SPAN || c.kind == BL_SEND_FRAME || c.kind == BL_TELL_FRAMER)
		c.port %= BL_SPANS + 1;
	c.id = fuzz_choice(f, 4);
	n = n < room ? n : room;
	n = n < f->left ? n : f->left;
	memcpy(values, f->next, n);
	f->next += n;
	f->left -= n;
	if (n && how & 2 &&
	    (c.kind == BL_CONNECT || c.kind == BL_LISTEN || c.kind == BL_WHISPER || c.kind == BL_RECORD))
		c.peer = box_ports[values[0] % BOX_PORTS]; /* and what a recording's other side is */
	(void)bl_command_push(r->engine->segment, how >> 2 & 7, &c);
}

/* Sound and events from the peer, in order. */
static inline void box_sound(struct rig *r, struct fuzz *f, uint16_t *sequence)
{
	uint32_t how = fuzz_choice(f, 256);
	size_t n = BL_RTP_HEADER + (how & 64 ? 160 : 4);
	uint8_t *octets = fuzz_room(n);

	++*sequence;
	octets[0] = 0x80;
	octets[1] = (uint8_t)(how & 64 ? r->engine->segment->rtp[how & 3].payload_type & 127 : 101);
	octets[2] = (uint8_t)(*sequence >> 8);
	octets[3] = (uint8_t)*sequence;
	octets[6] = (uint8_t)(*sequence * 160 >> 8);
	octets[7] = (uint8_t)(*sequence * 160);
	memset(octets + BL_RTP_HEADER, (int)how, n - BL_RTP_HEADER);
	rig_datagram(BL_RTP_FIRST + (how & 3), false, &rig_peer, octets, n);
}

#endif
