/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What anyone may read of the table while the engine writes it: a figure may be one tick old, never a sum of two. The
 * reads are not synchronised, on purpose: the engine waits for nobody, and nothing is decided by them.
 */
#include <string.h>

#include "dbm0.h"
#include "segment.h"

/* The resampler's delay at a place of 2^32 between two samples. */
static int32_t store_us(uint32_t place)
{
	return (BL_SKEW_TAPS / 2 + 1) * 125 - (int32_t)(place * 125ull >> 32);
}

void bl_span_status(const struct bl_segment *s, uint32_t span, struct bl_span_status *status)
{
	if (!s || !status)
		return;
	*status = (struct bl_span_status){0};
	if (span >= BL_SPANS)
		return;

	const struct bl_span *p = &s->spans[span];

	*status = (struct bl_span_status){
	        .open = p->open,
	        .alarms = p->alarms,
	        .clock_locked = !p->settings.clock_recovered || p->loop.locked,
	        .leads = s->header.clock.leader == span,
	        .buffer_us = (int32_t)(p->phase.last_ns / 1000),
	        .store_us = bl_span_skewed(s, span) ? store_us(p->store.rx.place) : 0,
	        .skew_ppm = (float)p->store.rx.step * 1e6f / 4294967296.0f,
	        .clock_ppm = p->settings.clock_recovered ? (float)(p->loop.ppm + s->header.clock.trim_ppm)
	                                                 : s->header.clock_ppm,
	        .counters = p->counters,
	};
	status->counters.frames_received = p->rx.counters.frames;
	status->counters.frames_sent = p->tx.frames;
	status->counters.fcs_errors = p->rx.counters.fcs_errors;
	status->counters.frame_errors = p->rx.counters.aborts + p->rx.counters.short_frames +
	                                p->rx.counters.long_frames + p->rx.counters.non_aligned;
}

void bl_bits_status(const struct bl_segment *s, uint32_t port, struct bl_bits_status *status)
{
	if (!s || !status)
		return;

	const struct bl_span *p = &s->spans[port / BL_TIMESLOTS % BL_SPANS];

	*status = (struct bl_bits_status){.open = p->open && p->settings.cas &&
	                                          bl_carries_bits(&p->settings, port % BL_TIMESLOTS),
	                                  .tx = p->cas.tx[port % BL_TIMESLOTS],
	                                  .rx = p->cas.rx[port % BL_TIMESLOTS]};
}

void bl_test_status(const struct bl_segment *s, uint32_t port, struct bl_test_status *status)
{
	if (!s || !status)
		return;

	const struct bl_port *p = &s->ports[port % BL_PORTS];

	*status = (struct bl_test_status){
	        .active = p->kind == BL_PORT_TIMESLOT && p->source == BL_SOURCE_TEST,
	        .synced = p->test.rx.synced,
	        .counters = p->test.rx.counters,
	};
}

/* Loss is concealed behind every codec alike; G.113 has figures of it for none but G.711. */
static uint8_t emodel_of(unsigned codec)
{
	static const uint8_t by_codec[BL_CODECS] = {
	        [BL_CODEC_PCMA] = BL_EMODEL_G711_PLC,   [BL_CODEC_PCMU] = BL_EMODEL_G711_PLC,
	        [BL_CODEC_G722] = BL_EMODEL_G722,       [BL_CODEC_G726_16] = BL_EMODEL_G726_16,
	        [BL_CODEC_G726_24] = BL_EMODEL_G726_24, [BL_CODEC_G726_32] = BL_EMODEL_G726_32,
	        [BL_CODEC_G726_40] = BL_EMODEL_G726_40, [BL_CODEC_OPUS] = BL_EMODEL_OPUS,
	};

	return codec < BL_CODECS ? by_codec[codec] : BL_EMODEL_CODECS;
}

void bl_rtp_leg(const struct bl_rtp_port *r, struct bl_leg *leg)
{
	struct bl_loss_figures loss;
	float round_trip_ms = bl_rtcp_round_trip_ms(&r->rtcp);

	bl_loss_read(&r->loss, &loss);
	*leg = (struct bl_leg){
	        .codec = emodel_of(r->codec),
	        .loss_percent = (float)(loss.loss_percent + loss.discard_percent),
	        .burst_r = (float)loss.burst_r,
	        .delay_ms = (float)r->packet_ms + (float)bl_jitter_delay(&r->jitter) / BL_SAMPLES_PER_MS +
	                    (round_trip_ms > 0 ? round_trip_ms / 2 : 0),
	        .echo_loss_db = 65.0f,
	};
}

static void rtp_status(const struct bl_rtp_port *r, struct bl_port_status *status)
{
	struct bl_leg_quality quality;
	struct bl_leg leg;

	bl_rtp_leg(r, &leg);
	if (bl_leg_quality(&leg, &quality) == 0) {
		status->mos_lq = quality.mos_lq;
		status->mos_cq = quality.mos_cq;
	}
	status->loss_percent = leg.loss_percent;
	status->round_trip_ms = bl_rtcp_round_trip_ms(&r->rtcp);
	status->codec = r->codec;
	status->secure = r->secure;
	status->remote = r->remote;
	status->jitter_us = (uint32_t)(r->rx.jitter / 16 * 125);
	status->delay_us = bl_jitter_delay(&r->jitter) * 125;
	status->rtp = r->counters;
	status->rtp.received = r->rx.received;
	status->rtp.lost = bl_rtp_source_lost(&r->rx);
	status->rtp.duplicates = r->rx.duplicates;
	status->rtp.late = r->jitter.late;
	status->rtp.resyncs = r->jitter.resyncs;
}

static void echo_status(const struct bl_echo *echo, struct bl_port_status *status)
{
	struct bl_echo_report report;

	bl_echo_read(echo, &report);
	status->echo = 1;
	status->double_talk = report.double_talk;
	status->echo_disabled = report.disabled;
	status->erl_db = report.erl_db;
	status->erle_db = report.erle_db;
}

void bl_conference_status(const struct bl_segment *s, uint32_t conference, struct bl_conference_status *status)
{
	if (!s || !status)
		return;

	const struct bl_conference *c = &s->conferences[conference % BL_CONFERENCES];
	int32_t dominant = c->mixer.dominant;

	status->parties = c->mixer.speaks | c->mixer.hears;
	status->dominant = BL_NO_PORT;
	if (status->parties && dominant >= 0 && dominant < BL_MIXER_PARTIES)
		status->dominant = c->ports[dominant];
}

void bl_port_status(const struct bl_segment *s, uint32_t port, struct bl_port_status *status)
{
	if (!s || !status)
		return;

	memset(status, 0, sizeof *status);
	status->peer = BL_NO_PORT;
	if (port >= BL_PORTS)
		return;

	const struct bl_port *p = &s->ports[port];
	struct bl_level_reading reading;

	if (p->kind)
		status->peer = p->peer;
	status->round_trip_ms = -1;
	status->rx_dbm0 = status->tx_dbm0 = status->noise_dbm0 = BL_DBM0_SILENCE;
	if (p->kind >= BL_PORT_KINDS || p->source >= BL_SOURCES || !p->kind)
		return;
	status->kind = p->kind;
	status->muted = p->rx_gain.muted != 0;
	status->profile = p->profile;
	status->speaks = p->speaks;
	status->source = p->digits.active ? BL_SOURCE_DIGITS : p->source;
	bl_level_read(&p->rx_level, &reading);
	status->rx_dbm0 = reading.rms_dbm0;
	status->noise_dbm0 = reading.noise_dbm0;
	status->clipped = reading.clipped;
	bl_level_read(&p->tx_level, &reading);
	status->tx_dbm0 = reading.rms_dbm0;
	status->hears = p->reg.hears;
	status->sends = p->reg.sends;
	if (p->kind == BL_PORT_TIMESLOT && p->echo && !bl_register_works(&p->reg))
		echo_status(&s->echo[port], status);
	if (p->kind == BL_PORT_RTP)
		rtp_status(&s->rtp[port - BL_RTP_FIRST], status);
}
