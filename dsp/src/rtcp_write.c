/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "octet_order.h"
#include "rtcp.h"

#define VERSION 0x80u
#define SDES_CNAME 1
#define XR_VOIP 7

/* What is being written; beyond max nothing is, and it is told at the end. */
struct pen {
	uint8_t *out;
	size_t max, at;
};

static void octet(struct pen *p, uint32_t value)
{
	if (p->at < p->max)
		p->out[p->at] = (uint8_t)value;
	p->at++;
}

static void word16(struct pen *p, uint32_t value)
{
	octet(p, value >> 8);
	octet(p, value);
}

static void word32(struct pen *p, uint32_t value)
{
	word16(p, value >> 16);
	word16(p, value);
}

/* `octets` of the whole packet, its header among them. */
static void header(struct pen *p, uint32_t count, enum bl_rtcp_type type, size_t octets)
{
	octet(p, VERSION | count);
	octet(p, type);
	word16(p, (uint32_t)(octets / 4 - 1));
}

static void write_block(struct pen *p, const struct bl_rtcp_block *b)
{
	word32(p, b->ssrc);
	word32(p, (uint32_t)b->fraction_lost << 24 | ((uint32_t)b->lost & 0xffffffu));
	word32(p, b->highest);
	word32(p, b->jitter);
	word32(p, b->lsr);
	word32(p, b->dlsr);
}

static void write_report(struct pen *p, const struct bl_rtcp_report *r)
{
	header(p, r->has_block != 0, r->sender ? BL_RTCP_SR : BL_RTCP_RR,
	       8u + (r->sender ? 20u : 0u) + (r->has_block ? 24u : 0u));
	word32(p, r->ssrc);
	if (r->sender) {
		word32(p, (uint32_t)(r->ntp >> 32));
		word32(p, (uint32_t)r->ntp);
		word32(p, r->rtp_timestamp);
		word32(p, r->packets);
		word32(p, r->octets);
	}
	if (r->has_block)
		write_block(p, &r->block);
}

/* One chunk; at least one null octet closes it (RFC 3550 §6.5). */
static void write_sdes(struct pen *p, const struct bl_rtcp_report *r)
{
	size_t items = 2u + r->cname_length, padded = items + 4 - items % 4;

	header(p, 1, BL_RTCP_SDES, 8 + padded);
	word32(p, r->ssrc);
	octet(p, SDES_CNAME);
	octet(p, r->cname_length);
	for (size_t i = 0; i < padded - 2; i++)
		octet(p, i < r->cname_length ? (uint8_t)r->cname[i] : 0);
}

static void write_voip(struct pen *p, uint32_t ssrc, const struct bl_rtcp_voip *v)
{
	const uint8_t octets[] = {v->loss_rate, v->discard_rate, v->burst_density, v->gap_density};
	const uint16_t times[] = {v->burst_ms, v->gap_ms, v->round_trip_ms, v->end_system_ms};
	const uint8_t levels[] = {(uint8_t)v->signal_dbm0,
	                          (uint8_t)v->noise_dbm0,
	                          v->rerl_db,
	                          v->gmin,
	                          v->r_factor,
	                          v->external_r_factor,
	                          v->mos_lq,
	                          v->mos_cq,
	                          v->rx_config,
	                          0};
	const uint16_t buffer[] = {v->jitter_nominal_ms, v->jitter_most_ms, v->jitter_limit_ms};

	header(p, 0, BL_RTCP_XR, 44);
	word32(p, ssrc);
	octet(p, XR_VOIP);
	octet(p, 0);
	word16(p, 8);
	word32(p, v->ssrc);
	for (size_t i = 0; i < sizeof octets; i++)
		octet(p, octets[i]);
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
		word16(p, times[i]);
	for (size_t i = 0; i < sizeof levels; i++)
		octet(p, levels[i]);
	for (size_t i = 0; i < sizeof buffer / sizeof buffer[0]; i++)
		word16(p, buffer[i]);
}

int bl_rtcp_write(uint8_t *out, size_t max, const struct bl_rtcp_report *r)
{
	if (!out || !r)
		return -EINVAL;

	struct pen p = {out, max, 0};

	write_report(&p, r);
	if (r->cname_length)
		write_sdes(&p, r);
	if (r->has_voip)
		write_voip(&p, r->ssrc, &r->voip);
	if (r->bye) {
		header(&p, 1, BL_RTCP_BYE, 8);
		word32(&p, r->ssrc);
	}
	return p.at > max ? -ENOBUFS : (int)p.at;
}
