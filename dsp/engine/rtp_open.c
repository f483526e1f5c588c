/* SPDX-License-Identifier: GPL-2.0-only */
/* How an RTP port begins: what it is asked to be, its codec, its jitter buffer by profile. */
#include <string.h>
#include <sys/random.h>

#include "machine.h"

/* Least delay, beside a packet's time: 30 ms at 20 ms. From the 10 ms more of the beginning, no join on a quiet LAN. */
#define LEAST_SAMPLES 80
#define START_SAMPLES 160
#define NEARER_SAMPLES 120 /* 15 ms are worth one: by the E-model they are 0.4 R */

static bool remote_valid(const struct bl_address *remote)
{
	return (remote->port != 0) == (remote->ip != 0);
}

static bool dynamic(unsigned type)
{
	return type >= 96 && type <= 127;
}

bool bl_rtp_types_fit(unsigned codec, unsigned payload_type, unsigned event_type, unsigned sent_event_type,
                      unsigned noise_type)
{
	bool events = dynamic(event_type) && dynamic(sent_event_type) && event_type != payload_type &&
	              sent_event_type != payload_type;
	bool noise = (noise_type == BL_RTP_CN || dynamic(noise_type)) && codec != BL_CODEC_OPUS &&
	             noise_type != payload_type && noise_type != event_type && noise_type != sent_event_type;

	return bl_codec_type_fits(codec, payload_type) && (events || (!event_type && !sent_event_type)) &&
	       (noise || !noise_type);
}

bool bl_rtp_valid(const struct bl_rtp_command *c)
{
	return remote_valid(&c->remote) && bl_codec_served(c->codec) && bl_codec_packet_fits(c->codec, c->packet_ms) &&
	       bl_rtp_types_fit(c->codec, c->payload_type, c->event_type, c->sent_event_type, c->noise_type) &&
	       (c->noise_type || !c->suppress);
}

void bl_rtp_codec_begin(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint32_t clock_hz = BL_SAMPLE_RATE_HZ * bl_codec_units(r->codec);
	struct bl_telephone_event_tx_cfg tx;

	(void)bl_telephone_event_tx_init(&r->event_tx, NULL); /* defaults cannot fail, nor can such a clock */
	tx = r->event_tx.cfg;
	tx.clock_hz = clock_hz;
	(void)bl_telephone_event_tx_init(&r->event_tx, &tx);
	r->event_rx.cfg.clock_hz = clock_hz;
	bl_noise_begin(e, port);
	if (!bl_codec_coded(r->codec))
		return;
	bl_codec_init(&e->segment->codecs[port - BL_RTP_FIRST].state, r->codec);
	bl_order_begin(e, port);
}

void bl_rtp_setup(struct bl_engine *e, unsigned port, const struct bl_rtp_command *c)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint64_t sample = e->tick.sample;

	memset(r, 0, sizeof *r);
	(void)bl_jitter_init(&r->jitter); /* these cannot fail on their defaults */
	(void)bl_plc_init(&r->plc);
	bl_loss_init(&r->loss);
	(void)bl_telephone_event_rx_init(&r->event_rx, NULL);
	/* RFC 3550 §5.1: random; without entropy zeros serve, only less well. */
	(void)!getrandom(&r->ssrc, sizeof r->ssrc, GRND_NONBLOCK);
	(void)!getrandom(&r->timestamp_base, sizeof r->timestamp_base, GRND_NONBLOCK);
	(void)!getrandom(&r->sequence, sizeof r->sequence, GRND_NONBLOCK);
	r->packet_ms = r->next_packet_ms = c->packet_ms;
	r->codec = c->codec;
	r->payload_type = c->payload_type;
	r->event_type = c->event_type;
	r->sent_event_type = c->sent_event_type;
	r->noise_type = c->noise_type;
	r->suppress = c->suppress != 0;
	bl_rtp_codec_begin(e, port);
	bl_rtp_profile(r, BL_PROFILE_VOICE);
	r->sequence &= 0x7fff; /* RFC 3711 §3.3.1: far from its wrap */
	bl_rtcp_begin(r, sample);
	bl_rtp_remote(r, &c->remote, sample);
}

/* Only a voice may be stretched; what else there is wants a fixed delay (V.152), octets of RFC 4040 untouched. */
void bl_rtp_profile(struct bl_rtp_port *r, unsigned profile)
{
	struct bl_jitter_cfg jitter = r->jitter.cfg;
	unsigned packet = r->next_packet_ms * BL_SAMPLES_PER_MS;

	if (jitter.vbd && profile == BL_PROFILE_VOICE) { /* no loss of now is made of the voice before that */
		bl_plc_reset(&r->plc);
		r->sounded = 0;
	}
	jitter.law = bl_rtp_law(r);
	jitter.vbd = profile != BL_PROFILE_VOICE;
	jitter.resampled = profile == BL_PROFILE_VBD;
	jitter.min_samples = (uint16_t)(packet + LEAST_SAMPLES);
	jitter.start_samples = (uint16_t)(packet + START_SAMPLES);
	jitter.nearer_samples = NEARER_SAMPLES;
	(void)bl_jitter_set(&r->jitter, &jitter); /* nothing else changes */
}
