/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RTCP between two parties (RFC 3550 §6): compound packets of SR or RR, SDES with CNAME, XR VoIP metrics (RFC 3611
 * §4.7) and BYE; when to send them, and the round trip.
 *
 * A compound is read into one flat report and written from one: what is written is read back the same. A compound is
 * believed as a whole or not at all (A.2): version 2, SR or RR first and unpadded, lengths that add up, padding only on
 * the last packet. Packets of other types are passed over. Of many report blocks the one about us is taken.
 *
 * Interval (§6.2, §6.3.1): two members share 5 % of the session's bandwidth, five seconds at least, half of it before
 * the first packet, times a random factor of 0.5 to 1.5 and by 1.21828. With two members there is nothing for
 * reconsideration to reconsider.
 * Times are NTP's: seconds since 1900 in the upper 32 bits, fractions below; any clock that runs evenly serves.
 */
#ifndef BL_RTCP_H
#define BL_RTCP_H

#include <stddef.h>
#include <stdint.h>

#include "rtp.h"

#define BL_RTCP_CNAME_MAX 255
#define BL_RTCP_OCTETS_MAX 420  /* the longest compound that is written */
#define BL_RTCP_UNAVAILABLE 127 /* of levels, RERL, R and MOS in XR */

enum bl_rtcp_type { BL_RTCP_SR = 200, BL_RTCP_RR, BL_RTCP_SDES, BL_RTCP_BYE, BL_RTCP_XR = 207 };

struct bl_rtcp_block {
	uint32_t ssrc;         /* whom it is about */
	uint8_t fraction_lost; /* since the last one, 1/256 */
	int32_t lost;          /* ever; 24 bits with sign */
	uint32_t highest;      /* extended sequence number */
	uint32_t jitter;       /* units of the media clock */
	uint32_t lsr;          /* middle of the last SR's NTP time; 0: none came */
	uint32_t dlsr;         /* since it came, 1/65536 s */
};

/* RFC 3611 §4.7; shares in 1/256, times in ms, levels in dBm0, MOS in tenths; BL_RTCP_UNAVAILABLE where not known. */
struct bl_rtcp_voip {
	uint32_t ssrc; /* whom it is about */
	uint8_t loss_rate, discard_rate, burst_density, gap_density;
	uint16_t burst_ms, gap_ms, round_trip_ms, end_system_ms;
	int8_t signal_dbm0, noise_dbm0;
	uint8_t rerl_db, gmin, r_factor, external_r_factor, mos_lq, mos_cq;
	uint8_t rx_config; /* concealment, adaptive buffer and its rate: §4.7.6 */
	uint16_t jitter_nominal_ms, jitter_most_ms, jitter_limit_ms;
};

struct bl_rtcp_report {
	uint32_t ssrc;  /* whose it is */
	uint8_t sender; /* 1: SR, the four below are there */
	uint8_t has_block, has_voip;
	uint8_t bye;
	uint64_t ntp;
	uint32_t rtp_timestamp, packets, octets;
	struct bl_rtcp_block block;
	struct bl_rtcp_voip voip;
	uint8_t cname_length; /* 0: none */
	char cname[BL_RTCP_CNAME_MAX];
};

/* Read a compound; of blocks the one about `about`. -EBADMSG: it is none. */
int bl_rtcp_parse(struct bl_rtcp_report *r, uint32_t about, const uint8_t *in, size_t n);
/* Write one: its octets, a multiple of four, or -ENOBUFS. */
int bl_rtcp_write(uint8_t *out, size_t max, const struct bl_rtcp_report *r);

struct bl_rtcp_cfg {
	uint32_t ssrc;          /* ours */
	uint32_t bandwidth_bps; /* of the session; 1000 to 10^9, default 80000: G.711 of 20 ms with its headers */
	uint32_t seed;          /* of the random factor */
	uint8_t cname_length;   /* 1 to 63: RFC 7022 */
	char cname[63];
};

struct bl_rtcp {
	struct bl_rtcp_cfg cfg;
	uint64_t next;    /* when the next is due */
	uint64_t sr_came; /* when the last SR came */
	uint32_t lsr;     /* middle of its NTP time */
	uint32_t initial; /* nothing has been sent */
	uint32_t chance;
	uint32_t size_16;            /* mean size of compounds with UDP and IP, sixteenths of an octet */
	uint32_t expected, received; /* at the last report */
	uint32_t packets;            /* sent at the last report: silent since, it is an RR */
	uint32_t silent;             /* reports since a packet was sent */
	uint32_t round_trip;         /* 1/65536 s */
	uint8_t has_round_trip, bye_came;
	uint64_t heard;            /* when the last compound came */
	uint64_t sent, taken, bad; /* compounds */
};

/* What the sending side has sent. */
struct bl_rtcp_sending {
	uint32_t packets, octets; /* payload octets */
	uint32_t rtp_timestamp;   /* of now */
};

size_t bl_rtcp_size(void);
/* -EINVAL: a value out of its range. */
int bl_rtcp_init(struct bl_rtcp *c, const struct bl_rtcp_cfg *cfg, uint64_t now);
/* A datagram of the other party. -EBADMSG: counted and not believed. */
int bl_rtcp_take(struct bl_rtcp *c, const uint8_t *in, size_t n, uint64_t now, struct bl_rtcp_report *report);
/* A report is due. */
int bl_rtcp_due(const struct bl_rtcp *c, uint64_t now);
/*
 * The report that is due, its octets in out, and when the next one is. `source` NULL: nothing is received; voip NULL:
 * no XR. bye: the last one, sent at once. Returns its octets or -ENOBUFS.
 */
int bl_rtcp_build(struct bl_rtcp *c, uint64_t now, const struct bl_rtcp_sending *sending,
                  const struct bl_rtp_source *source, uint32_t remote_ssrc, const struct bl_rtcp_voip *voip, int bye,
                  uint8_t *out, size_t max);
/* Round trip in ms, -1: not known. */
float bl_rtcp_round_trip_ms(const struct bl_rtcp *c);
/* Nothing is known: all figures that may be unavailable are, the others are 0. */
void bl_rtcp_voip_init(struct bl_rtcp_voip *v);

#endif
