/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What comes to RTP ports of every codec, with and without keys: sound, comfort noise, telephone events, RTCP and
 * anything else, from the peer and from strangers; ticks between. What the ports send meanwhile goes through the rig.
 */
#include "rig.h"

#define PORTS 3

/* The peer of a port, or who takes itself for one. */
struct sender {
	unsigned port;
	uint8_t type; /* that its codec has */
	unsigned suite;
	uint16_t sequence;
	uint32_t timestamp;
	uint32_t ssrc;
	struct bl_srtp srtp;
	struct bl_srtp_ctx *ctx;
};

static void begin(struct fuzz *f, struct rig *r, struct sender *s, unsigned port)
{
	unsigned how = fuzz_choice(f, 64), codec = how % BL_CODECS;

	*s = (struct sender){.port = port, .ssrc = 1, .suite = how < 32 ? 0 : 1 + how % 4};
	s->type = rig_open_rtp(r, port, codec, how & 8, s->suite);
	if (s->suite) {
		struct bl_srtp_cfg cfg = {.suite = (uint8_t)s->suite};

		if (bl_srtp_init(&s->srtp, &cfg) || bl_srtp_ctx_open(&s->ctx, &s->srtp))
			abort();
	}
	if (how & 16) {
		struct bl_command c = {.kind = BL_SET_PROFILE, .port = (uint16_t)port};

		c.profile.profile = (uint8_t)fuzz_choice(f, BL_PROFILES);
		rig_give(r, BL_SIP, &c);
	}
}

static void end(struct sender *s)
{
	bl_srtp_ctx_close(s->ctx);
	if (s->suite)
		bl_srtp_close(&s->srtp);
}

static void put(uint8_t *out, uint32_t value, size_t octets)
{
	for (size_t i = 0; i < octets; i++)
		out[i] = (uint8_t)(value >> 8 * (octets - 1 - i));
}

/* A header of RTP: mostly the next of its stream, now and then anywhere. */
static void head(struct fuzz *f, struct sender *s, uint8_t *octets)
{
	static const uint8_t types[] = {13, 101, 102, 8, 96, 72, 127};
	uint32_t what = fuzz_choice(f, 16), how = fuzz_choice(f, 256), jump = how < 16 ? fuzz_below(f, 0) : how & 7;

	if (how >> 5 != 7)
		s->sequence = (uint16_t)(s->sequence + 1);
	s->timestamp += how >> 5 == 6 ? jump * 40 : 160;
	s->ssrc = how >> 3 == 9 ? fuzz_choice(f, 4) : s->ssrc;
	octets[0] = how >> 3 == 10 ? (uint8_t)fuzz_choice(f, 256) : 0x80;
	octets[1] = (uint8_t)((what < sizeof types ? types[what] : s->type) | (how & 1 ? 0x80 : 0));
	put(octets + 2, s->sequence + (how >> 5 == 4 || how < 16 ? jump : 0), 2);
	put(octets + 4, s->timestamp + (how >> 5 == 4 ? 160 * jump : how >> 3 == 12 || how < 16 ? jump : 0), 4);
	put(octets + 8, s->ssrc, 4);
}

/* As its keys have it, unless the sender has none of them. */
static uint8_t *closed(struct sender *s, uint8_t *octets, size_t *n, bool control)
{
	size_t room = *n + BL_SRTP_TRAILER_MAX;
	uint8_t *sealed = fuzz_room(room), *exact;

	memcpy(sealed, octets, *n);
	(void)(control ? bl_srtcp_protect : bl_srtp_protect)(&s->srtp, s->ctx, sealed, n, room);
	exact = fuzz_room(*n);
	memcpy(exact, sealed, *n);
	free(sealed);
	free(octets);
	return exact;
}

static void say(struct fuzz *f, struct sender *s)
{
	struct bl_address from = rig_peer;
	uint32_t how = fuzz_choice(f, 256), who = fuzz_choice(f, 16);
	bool control = how < 32;
	size_t start = how < 48 ? 0 : BL_RTP_HEADER;
	size_t n = start + (how % 32 == 31 ? fuzz_below(f, 1488) : fuzz_choice(f, 200));
	uint8_t header[BL_RTP_HEADER], *octets;

	if (start)
		head(f, s, header);
	n = n < start + f->left ? n : start + f->left; /* a short input has packets too */
	octets = fuzz_room(n);
	memcpy(octets, header, start);
	memcpy(octets + start, f->next, n - start);
	f->next += n - start;
	f->left -= n - start;
	if (!start && n > 1 && how < 24)
		put(octets, 0x80c8u + (octets[1] & 7) + (octets[0] & 1u ? 0x100u : 0), 2);
	if (s->suite && who != 15)
		octets = closed(s, octets, &n, control || (n > 1 && octets[1] >= 192 && octets[1] < 224));
	if (who == 14)
		from.port++;
	else if (who == 13)
		from.ip++;
	rig_datagram(s->port, control, &from, octets, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct sender senders[PORTS];
	unsigned ports = 1 + fuzz_choice(&f, PORTS);
	struct bl_command bridge = {.kind = BL_CONNECT, .port = BL_RTP_FIRST, .peer = BL_RTP_FIRST + 1};
	struct rig r;

	rig_open(&r);
	for (unsigned i = 0; i < ports; i++)
		begin(&f, &r, &senders[i], BL_RTP_FIRST + i);
	if (ports > 1)
		rig_give(&r, BL_CALL, &bridge);
	rig_fence(&r, BL_RTP_FIRST + ports);
	rig_tick(&r);
	while (f.left) {
		uint32_t how = fuzz_choice(&f, 64);

		say(&f, &senders[how % ports]);
		for (uint32_t ticks = how >> 3; ticks > 3; ticks--) /* as often as not a packet in one, or in none */
			rig_tick(&r);
	}
	rig_tick(&r);
	rig_look(&r);
	for (unsigned i = 0; i < ports; i++)
		end(&senders[i]);
	rig_close(&r);
	return 0;
}
