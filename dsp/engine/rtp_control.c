/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RTCP of RTP ports: reports both ways with XR VoIP metrics, on the port above RTP or, once the peer does so, on RTP's
 * own (RFC 5761). Its clock is the engine's sample count. Only what comes from the peer's address is read.
 */
#include <string.h>

#include "machine.h"

#define CNAME_OCTETS 16
#define TYPE_FIRST 192 /* RFC 5761 §4: what RTCP looks like on an RTP port */
#define TYPE_LAST 223

/* NTP's form, from the start of the engine's count: only differences matter. */
static uint64_t now_of(uint64_t sample)
{
	return (sample / BL_SAMPLE_RATE_HZ) << 32 | (sample % BL_SAMPLE_RATE_HZ << 32) / BL_SAMPLE_RATE_HZ;
}

void bl_rtcp_begin(struct bl_rtp_port *r, uint64_t sample)
{
	static const char digits[] = "0123456789abcdef";
	struct bl_rtcp_cfg cfg = {.ssrc = r->ssrc,
	                          .bandwidth_bps = 80000,
	                          .seed = r->ssrc ^ r->timestamp_base,
	                          .cname_length = CNAME_OCTETS};
	uint64_t name = (uint64_t)r->timestamp_base << 32 | r->ssrc;

	for (int i = 0; i < CNAME_OCTETS; i++) /* RFC 7022: random, this session's own */
		cfg.cname[i] = digits[name >> 4 * i & 15];
	(void)bl_rtcp_init(&r->rtcp, &cfg, now_of(sample)); /* these values are in range */
}

bool bl_rtcp_muxed(const uint8_t *octets, size_t n)
{
	return n >= 8 && octets[0] >> 6 == 2 && octets[1] >= TYPE_FIRST && octets[1] <= TYPE_LAST;
}

bool bl_rtcp_datagram(struct bl_engine *e, unsigned port, const struct bl_address *from, uint8_t *octets, size_t n)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtcp_report report;

	if (from->ip != r->remote.ip) {
		r->counters.stray++;
		return false;
	}
	if (!bl_secure_open_control(e, port, octets, &n))
		return false;
	r->counters.rtcp++;
	if (bl_rtcp_take(&r->rtcp, octets, n, now_of(e->tick.sample), &report)) {
		r->counters.bad++;
		return false;
	}
	if (report.bye && r->latched && report.ssrc == r->remote_ssrc)
		r->over = 1;
	return true;
}

static uint8_t share(double percent)
{
	double part = percent * 2.56;

	return (uint8_t)(part < 0 ? 0 : part > 255 ? 255 : part);
}

static uint16_t ms_of(double packets, unsigned packet_ms)
{
	return (uint16_t)(packets < UINT16_MAX / packet_ms ? packets * packet_ms : UINT16_MAX);
}

static int8_t level(float dbm0)
{
	return (int8_t)(dbm0 < -126 ? -126 : dbm0);
}

static void fill_voip(struct bl_engine *e, unsigned port, struct bl_rtcp_voip *voip)
{
	const struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_level_reading reading;
	struct bl_loss_figures loss;
	struct bl_leg_quality quality;
	struct bl_leg leg;

	bl_rtcp_voip_init(voip);
	bl_loss_read(&r->loss, &loss);
	bl_level_read(&bl_port(e, port)->rx_level, &reading);
	voip->ssrc = r->remote_ssrc;
	voip->gmin = BL_LOSS_GMIN;
	voip->loss_rate = share(loss.loss_percent);
	voip->discard_rate = share(loss.discard_percent);
	voip->burst_density = share(loss.burst_percent);
	voip->gap_density = share(loss.gap_percent);
	voip->burst_ms = ms_of(loss.burst_packets, r->packet_ms);
	voip->gap_ms = ms_of(loss.gap_packets, r->packet_ms);
	voip->signal_dbm0 = level(reading.rms_dbm0);
	voip->noise_dbm0 = level(reading.noise_dbm0);
	voip->jitter_nominal_ms = (uint16_t)(bl_jitter_delay(&r->jitter) / BL_SAMPLES_PER_MS);
	voip->jitter_most_ms = BL_JITTER_MAX_SAMPLES / BL_SAMPLES_PER_MS;
	voip->jitter_limit_ms = BL_JITTER_MAX_SAMPLES / BL_SAMPLES_PER_MS;
	if (bl_rtcp_round_trip_ms(&r->rtcp) > 0)
		voip->round_trip_ms = (uint16_t)bl_rtcp_round_trip_ms(&r->rtcp);
	bl_rtp_leg(r, &leg);
	if (bl_leg_quality(&leg, &quality) == 0) {
		voip->r_factor = (uint8_t)(quality.r < 0 ? 0 : quality.r > 100 ? 100 : quality.r);
		voip->mos_lq = (uint8_t)(quality.mos_lq * 10);
		voip->mos_cq = (uint8_t)(quality.mos_cq * 10);
	}
}

static void send_report(struct bl_engine *e, unsigned port, int bye)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtp_sockets *s = &e->sockets[port - BL_RTP_FIRST];
	struct bl_address to = {r->remote.ip, (uint16_t)(r->remote.port + !r->mux), 0};
	struct bl_rtcp_sending sending = {(uint32_t)r->counters.sent, r->octets, bl_rtp_timestamp(r, e->tick.sample)};
	struct bl_rtp_source heard;
	uint8_t octets[BL_RTCP_OCTETS_MAX + BL_SRTP_TRAILER_MAX];
	struct bl_rtcp_voip voip;
	size_t n;
	int made;

	fill_voip(e, port, &voip);
	heard = r->rx;
	heard.jitter *= bl_codec_units(r->codec); /* RFC 3550 §6.4.1: in timestamp units */
	made = bl_rtcp_build(&r->rtcp, now_of(e->tick.sample), &sending, r->latched ? &heard : NULL, r->remote_ssrc,
	                     r->latched ? &voip : NULL, bye, octets, BL_RTCP_OCTETS_MAX);
	if (made <= 0)
		return;
	n = (size_t)made;
	if (!bl_secure_close_control(e, port, octets, &n, sizeof octets) ||
	    !bl_rtp_socket_send(r->mux ? s->rtp : s->rtcp, &to, octets, n))
		r->counters.send_errors++;
}

void bl_rtcp_tick(struct bl_engine *e, unsigned port)
{
	if (bl_rtcp_due(&bl_rtp_of(e, port)->rtcp, now_of(e->tick.sample)))
		send_report(e, port, 0);
}

/* RFC 3550 §6.3.7: at once between so few members, and not by one who has sent nothing. */
void bl_rtcp_bye(struct bl_engine *e, unsigned port)
{
	const struct bl_rtp_port *r = bl_rtp_of(e, port);

	if (r->remote.port && (r->counters.sent || r->rtcp.sent) && e->sockets[port - BL_RTP_FIRST].rtcp >= 0)
		send_report(e, port, 1);
}
