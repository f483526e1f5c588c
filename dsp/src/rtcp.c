/* SPDX-License-Identifier: GPL-2.0-only */
#include "rtcp.h"

#include <errno.h>
#include <string.h>

#define IP_UDP 28 /* octets */
#define MEMBERS 2
#define SECOND (1ull << 32)
#define LEAST_S 5.0
#define COMPENSATION 1.21828 /* e - 3/2, A.7 */
#define GMIN 16

size_t bl_rtcp_size(void)
{
	return sizeof(struct bl_rtcp);
}

/* 0 to 1. */
static double any(struct bl_rtcp *c)
{
	c->chance = c->chance * 1664525u + 1013904223u;
	return (double)(c->chance >> 8) / 16777216.0;
}

static void schedule(struct bl_rtcp *c, uint64_t now)
{
	double least = c->initial ? LEAST_S / 2 : LEAST_S;
	double shared = MEMBERS * (double)c->size_16 / 16 * 8 / (0.05 * (double)c->cfg.bandwidth_bps);
	double seconds = (shared > least ? shared : least) * (0.5 + any(c)) / COMPENSATION;

	c->next = now + (uint64_t)(seconds * (double)SECOND);
}

int bl_rtcp_init(struct bl_rtcp *c, const struct bl_rtcp_cfg *cfg, uint64_t now)
{
	if (!c || !cfg)
		return -EINVAL;
	if (cfg->bandwidth_bps < 1000 || cfg->bandwidth_bps > 1000000000 || cfg->cname_length < 1 ||
	    cfg->cname_length > sizeof cfg->cname)
		return -EINVAL;
	memset(c, 0, sizeof *c);
	c->cfg = *cfg;
	c->chance = cfg->seed;
	c->initial = 1;
	c->size_16 = 16 * (IP_UDP + 100); /* the first one, about */
	c->heard = now;
	schedule(c, now);
	return 0;
}

static void learn_size(struct bl_rtcp *c, size_t octets)
{
	c->size_16 += (uint32_t)octets + IP_UDP - (c->size_16 + 8) / 16;
}

/* The middle 32 bits: seconds and fractions of 16 bits each. */
static uint32_t middle(uint64_t ntp)
{
	return (uint32_t)(ntp >> 16);
}

/* RFC 3550 §6.4.1: now less when we sent it less how long it lay there. */
static void learn_round_trip(struct bl_rtcp *c, const struct bl_rtcp_block *b, uint64_t now)
{
	int32_t round_trip = (int32_t)(middle(now) - b->lsr - b->dlsr);

	if (!b->lsr)
		return;
	c->round_trip = round_trip > 0 ? (uint32_t)round_trip : 0;
	c->has_round_trip = 1;
}

int bl_rtcp_take(struct bl_rtcp *c, const uint8_t *in, size_t n, uint64_t now, struct bl_rtcp_report *report)
{
	if (!c || !in || !report)
		return -EINVAL;
	if (bl_rtcp_parse(report, c->cfg.ssrc, in, n) || report->ssrc == c->cfg.ssrc) {
		c->bad++;
		return -EBADMSG;
	}
	c->taken++;
	c->heard = now;
	learn_size(c, n);
	if (report->sender) {
		c->lsr = middle(report->ntp);
		c->sr_came = now;
	}
	if (report->has_block)
		learn_round_trip(c, &report->block, now);
	if (report->bye)
		c->bye_came = 1;
	return 0;
}

int bl_rtcp_due(const struct bl_rtcp *c, uint64_t now)
{
	if (!c)
		return 0;
	return (int64_t)(now - c->next) >= 0;
}

/* Of those expected since the last report what is lost, 1/256; duplicates and a new beginning count as nothing. */
static uint8_t fraction(uint32_t expected, uint32_t came)
{
	uint64_t lost = (int32_t)expected > 0 && expected > came ? expected - came : 0;

	if (!lost)
		return 0;
	return (uint8_t)(lost >= expected ? UINT8_MAX : (lost << 8) / expected);
}

/* A.3: what is lost since the last report, and ever. */
static void fill_block(struct bl_rtcp *c, const struct bl_rtp_source *s, uint32_t remote, uint64_t now,
                       struct bl_rtcp_block *b)
{
	uint32_t expected = s->highest - s->first + 1, received = (uint32_t)s->received;
	uint32_t newly = expected - c->expected, came = received - c->received;
	int64_t lost = (int64_t)expected - (int64_t)s->received;

	*b = (struct bl_rtcp_block){
	        .ssrc = remote,
	        .fraction_lost = fraction(newly, came),
	        .lost = (int32_t)(lost > 0x7fffff    ? 0x7fffff
	                          : lost < -0x800000 ? -0x800000
	                                             : lost),
	        .highest = s->highest - 0x10000u, /* a source begins one turn up */
	        .jitter = s->jitter >> 4,
	        .lsr = c->lsr,
	        .dlsr = c->lsr ? (uint32_t)((now - c->sr_came) >> 16) : 0,
	};
	c->expected = expected;
	c->received = received;
}

/* SR while something was sent since the last but one report (§6.4). */
static int is_sender(struct bl_rtcp *c, uint32_t packets)
{
	c->silent = packets == c->packets ? c->silent + 1 : 0;
	c->packets = packets;
	return packets && c->silent < 2;
}

static void fill_sender(struct bl_rtcp *c, const struct bl_rtcp_sending *sending, uint64_t now,
                        struct bl_rtcp_report *r)
{
	r->sender = (uint8_t)is_sender(c, sending->packets);
	if (!r->sender)
		return;
	r->ntp = now;
	r->rtp_timestamp = sending->rtp_timestamp;
	r->packets = sending->packets;
	r->octets = sending->octets;
}

int bl_rtcp_build(struct bl_rtcp *c, uint64_t now, const struct bl_rtcp_sending *sending,
                  const struct bl_rtp_source *source, uint32_t remote_ssrc, const struct bl_rtcp_voip *voip, int bye,
                  uint8_t *out, size_t max)
{
	if (!c || !sending || !out)
		return -EINVAL;

	struct bl_rtcp_report r = {.ssrc = c->cfg.ssrc, .bye = bye != 0};
	int octets;

	fill_sender(c, sending, now, &r);
	if (source && source->started) {
		fill_block(c, source, remote_ssrc, now, &r.block);
		r.has_block = 1;
	}
	if (voip) {
		r.voip = *voip;
		r.has_voip = 1;
	}
	r.cname_length = c->cfg.cname_length <= sizeof c->cfg.cname ? c->cfg.cname_length : 0;
	memcpy(r.cname, c->cfg.cname, r.cname_length);
	octets = bl_rtcp_write(out, max, &r);
	if (octets < 0)
		return octets;
	learn_size(c, (size_t)octets);
	c->initial = 0;
	c->sent++;
	schedule(c, now);
	return octets;
}

float bl_rtcp_round_trip_ms(const struct bl_rtcp *c)
{
	if (!c)
		return 0;
	return c->has_round_trip ? (float)c->round_trip * (1000.0f / 65536) : -1.0f;
}

void bl_rtcp_voip_init(struct bl_rtcp_voip *v)
{
	if (!v)
		return;
	*v = (struct bl_rtcp_voip){.signal_dbm0 = BL_RTCP_UNAVAILABLE,
	                           .noise_dbm0 = BL_RTCP_UNAVAILABLE,
	                           .rerl_db = BL_RTCP_UNAVAILABLE,
	                           .gmin = GMIN,
	                           .r_factor = BL_RTCP_UNAVAILABLE,
	                           .external_r_factor = BL_RTCP_UNAVAILABLE,
	                           .mos_lq = BL_RTCP_UNAVAILABLE,
	                           .mos_cq = BL_RTCP_UNAVAILABLE};
}
