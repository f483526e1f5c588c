/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "octet_order.h"
#include "rtcp.h"

#define VERSION 2u
#define PADDING 0x20u
#define HEADER 8 /* with the sender's SSRC */
#define SENDER 20
#define BLOCK 24
#define SDES_CNAME 1
#define XR_VOIP 7
#define XR_VOIP_OCTETS 36

/* One packet of a compound: its octets without padding. */
struct packet {
	uint8_t type, count;
	const uint8_t *octets;
	size_t length;
};

static int read_packet(struct packet *p, const uint8_t *in, size_t n, int first)
{
	size_t length, padding = 0;

	if (n < 4 || in[0] >> 6 != VERSION)
		return -EBADMSG;
	length = 4 * ((size_t)bl_get16(in + 2) + 1);
	if (length > n)
		return -EBADMSG;
	if (in[0] & PADDING) {
		padding = in[length - 1];
		if (first || length != n || padding == 0 || padding % 4 || padding > length - 4)
			return -EBADMSG;
	}
	*p = (struct packet){.type = in[1], .count = in[0] & 0x1fu, .octets = in, .length = length - padding};
	return (int)length;
}

static void read_block(struct bl_rtcp_block *b, const uint8_t *in)
{
	*b = (struct bl_rtcp_block){
	        .ssrc = bl_get32(in),
	        .fraction_lost = in[4],
	        .lost = (int32_t)(bl_get32(in + 4) << 8) / 256,
	        .highest = bl_get32(in + 8),
	        .jitter = bl_get32(in + 12),
	        .lsr = bl_get32(in + 16),
	        .dlsr = bl_get32(in + 20),
	};
}

static int read_report(struct bl_rtcp_report *r, uint32_t about, const struct packet *p)
{
	size_t at = HEADER + (p->type == BL_RTCP_SR ? SENDER : 0);

	if (p->length < at + (size_t)p->count * BLOCK)
		return -EBADMSG;
	r->ssrc = bl_get32(p->octets + 4);
	if (p->type == BL_RTCP_SR) {
		r->sender = 1;
		r->ntp = (uint64_t)bl_get32(p->octets + 8) << 32 | bl_get32(p->octets + 12);
		r->rtp_timestamp = bl_get32(p->octets + 16);
		r->packets = bl_get32(p->octets + 20);
		r->octets = bl_get32(p->octets + 24);
	}
	for (int i = 0; i < p->count; i++, at += BLOCK) {
		if (bl_get32(p->octets + at) != about)
			continue;
		read_block(&r->block, p->octets + at);
		r->has_block = 1;
	}
	return 0;
}

/* Items of one chunk until its null octet; the chunk's end, or -EBADMSG. */
static int read_chunk(struct bl_rtcp_report *r, const struct packet *p, size_t at)
{
	int ours = at + 4 <= p->length && bl_get32(p->octets + at) == r->ssrc;

	for (at += 4; at < p->length && p->octets[at]; at += 2u + p->octets[at + 1]) {
		if (at + 2 > p->length || at + 2 + p->octets[at + 1] > p->length)
			return -EBADMSG;
		if (p->octets[at] != SDES_CNAME || !ours)
			continue;
		r->cname_length = p->octets[at + 1];
		memcpy(r->cname, p->octets + at + 2, r->cname_length);
	}
	return at < p->length ? (int)((at + 4) & ~(size_t)3) : -EBADMSG;
}

static int read_sdes(struct bl_rtcp_report *r, const struct packet *p)
{
	int at = 4;

	for (int i = 0; i < p->count; i++) {
		at = read_chunk(r, p, (size_t)at);
		if (at < 0)
			return at;
	}
	return 0;
}

static void read_voip(struct bl_rtcp_voip *v, const uint8_t *in)
{
	*v = (struct bl_rtcp_voip){
	        .ssrc = bl_get32(in + 4),
	        .loss_rate = in[8],
	        .discard_rate = in[9],
	        .burst_density = in[10],
	        .gap_density = in[11],
	        .burst_ms = (uint16_t)bl_get16(in + 12),
	        .gap_ms = (uint16_t)bl_get16(in + 14),
	        .round_trip_ms = (uint16_t)bl_get16(in + 16),
	        .end_system_ms = (uint16_t)bl_get16(in + 18),
	        .signal_dbm0 = (int8_t)in[20],
	        .noise_dbm0 = (int8_t)in[21],
	        .rerl_db = in[22],
	        .gmin = in[23],
	        .r_factor = in[24],
	        .external_r_factor = in[25],
	        .mos_lq = in[26],
	        .mos_cq = in[27],
	        .rx_config = in[28],
	        .jitter_nominal_ms = (uint16_t)bl_get16(in + 30),
	        .jitter_most_ms = (uint16_t)bl_get16(in + 32),
	        .jitter_limit_ms = (uint16_t)bl_get16(in + 34),
	};
}

static int read_xr(struct bl_rtcp_report *r, uint32_t about, const struct packet *p)
{
	if (p->length < HEADER)
		return -EBADMSG;
	for (size_t at = HEADER; at < p->length;) {
		size_t length = 4 * ((size_t)bl_get16(p->octets + at + 2) + 1);

		if (length > p->length - at)
			return -EBADMSG;
		if (p->octets[at] == XR_VOIP && length == XR_VOIP_OCTETS && bl_get32(p->octets + at + 4) == about) {
			read_voip(&r->voip, p->octets + at);
			r->has_voip = 1;
		}
		at += length;
	}
	return 0;
}

static int read_bye(struct bl_rtcp_report *r, const struct packet *p)
{
	if (p->length < 4 + 4 * (size_t)p->count)
		return -EBADMSG;
	for (size_t i = 0; i < p->count; i++)
		r->bye |= bl_get32(p->octets + 4 + 4 * i) == r->ssrc;
	return 0;
}

static int read_one(struct bl_rtcp_report *r, uint32_t about, const struct packet *p)
{
	switch (p->type) {
	case BL_RTCP_SR:
	case BL_RTCP_RR:
		return read_report(r, about, p);
	case BL_RTCP_SDES:
		return read_sdes(r, p);
	case BL_RTCP_BYE:
		return read_bye(r, p);
	case BL_RTCP_XR:
		return read_xr(r, about, p);
	default:
		return 0;
	}
}

int bl_rtcp_parse(struct bl_rtcp_report *r, uint32_t about, const uint8_t *in, size_t n)
{
	if (!r || !in)
		return -EINVAL;
	memset(r, 0, sizeof *r);
	for (size_t at = 0; at < n || n == 0;) {
		struct packet p = {0};
		int length = read_packet(&p, in + at, n - at, at == 0);

		if (length < 0 || (at == 0 && p.type != BL_RTCP_SR && p.type != BL_RTCP_RR) ||
		    read_one(r, about, &p) < 0)
			return -EBADMSG;
		at += (size_t)length;
	}
	return 0;
}
