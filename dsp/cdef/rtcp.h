/* SPDX-License-Identifier: GPL-2.0-only */
#include "rtcp.h"

#define BL_RTCP_OCTETS_MAX ...

struct bl_rtcp_block {
	uint32_t ssrc;
	uint8_t fraction_lost;
	int32_t lost;
	uint32_t highest;
	uint32_t jitter;
	uint32_t lsr;
	uint32_t dlsr;
};
struct bl_rtcp_voip {
	uint32_t ssrc;
	uint8_t loss_rate, discard_rate, burst_density, gap_density;
	uint16_t burst_ms, gap_ms, round_trip_ms, end_system_ms;
	int8_t signal_dbm0, noise_dbm0;
	uint8_t rerl_db, gmin, r_factor, external_r_factor, mos_lq, mos_cq;
	uint8_t rx_config;
	uint16_t jitter_nominal_ms, jitter_most_ms, jitter_limit_ms;
};
struct bl_rtcp_report {
	uint32_t ssrc;
	uint8_t sender;
	uint8_t has_block, has_voip;
	uint8_t bye;
	uint64_t ntp;
	uint32_t rtp_timestamp, packets, octets;
	struct bl_rtcp_block block;
	struct bl_rtcp_voip voip;
	uint8_t cname_length;
	char cname[255];
};
int bl_rtcp_parse(struct bl_rtcp_report *r, uint32_t about, const uint8_t *in, size_t n);
int bl_rtcp_write(uint8_t *out, size_t max, const struct bl_rtcp_report *r);

struct bl_rtcp_cfg {
	uint32_t ssrc;
	uint32_t bandwidth_bps;
	uint32_t seed;
	uint8_t cname_length;
	char cname[63];
};
struct bl_rtcp {
	uint64_t next;
	uint8_t bye_came;
	uint64_t sent, taken, bad;
	...;
};
struct bl_rtcp_sending {
	uint32_t packets, octets;
	uint32_t rtp_timestamp;
};
size_t bl_rtcp_size(void);
int bl_rtcp_init(struct bl_rtcp *c, const struct bl_rtcp_cfg *cfg, uint64_t now);
int bl_rtcp_take(struct bl_rtcp *c, const uint8_t *in, size_t n, uint64_t now, struct bl_rtcp_report *report);
int bl_rtcp_due(const struct bl_rtcp *c, uint64_t now);
int bl_rtcp_build(struct bl_rtcp *c, uint64_t now, const struct bl_rtcp_sending *sending,
                  const struct bl_rtp_source *source, uint32_t remote_ssrc, const struct bl_rtcp_voip *voip, int bye,
                  uint8_t *out, size_t max);
float bl_rtcp_round_trip_ms(const struct bl_rtcp *c);
void bl_rtcp_voip_init(struct bl_rtcp_voip *v);
