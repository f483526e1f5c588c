/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RTP ports: sound over UDP, RFC 3550 and 3551, telephone events beside it (RFC 4733).
 *
 * From the jitter buffer on all sound is of 8 kHz, in octets of G.711: another codec's packets are decoded before it,
 * and their timestamps counted in samples of 8 kHz. Events keep the codec's clock until they are told. What is lost is
 * concealed on a port that carries a voice.
 */
#include <errno.h>
#include <string.h>

#include "g711.h"
#include "machine.h"

#define TIMEOUT_SAMPLES 80000 /* 10 s */
#define CHANGES 3             /* bl_telephone_event_rx_take: enough */

/* A timestamp of the codec's clock in samples of 8 kHz, which go on over its wrap. */
static uint32_t samples_of(const struct bl_rtp_port *r, uint32_t wire)
{
	int32_t units = (int32_t)bl_codec_units(r->codec), beyond = (int32_t)(wire - r->wire_timestamp);

	if (units == 1)
		return wire;
	return r->timestamp + (uint32_t)(beyond / units - (beyond % units < 0));
}

/* The relay compares it with what is heard. */
static void tell_event(struct bl_engine *e, unsigned port, struct bl_telephone_event_change *change)
{
	const struct bl_rtp_port *r = bl_rtp_of(e, port);

	change->timestamp = samples_of(r, change->timestamp);
	change->duration /= bl_codec_units(r->codec);
	bl_digit_event(e, port, change);
}

void bl_rtp_event_end(struct bl_engine *e, unsigned port)
{
	struct bl_telephone_event_rx *rx = &bl_rtp_of(e, port)->event_rx;
	struct bl_telephone_event_change end = {
	        .event = rx->event, .timestamp = rx->begin, .duration = rx->segment - rx->begin + rx->duration};

	if (rx->on)
		tell_event(e, port, &end);
	bl_telephone_event_rx_reset(rx);
}

/* Whether it is new. The figures of loss begin anew with a stream, and with another life of one. */
static bool is_new(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	bool first = !r->rx.started;
	int life = bl_rtp_source_take(&r->rx, packet->sequence);

	if (first || life > 0)
		bl_loss_end(&r->loss);
	if (life > 0 && bl_codec_coded(r->codec))
		bl_order_forget(e, port);
	return life >= 0;
}

static void take_sound(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	int late;

	if (!is_new(e, port, packet))
		return;
	bl_rtp_source_observe(&r->rx, packet->timestamp, (uint32_t)e->tick.sample);
	if (bl_codec_coded(r->codec))
		late = !bl_order_take(e, port, packet);
	else
		late = bl_jitter_put(&r->jitter, packet->timestamp, packet->payload, packet->length) == -ETIME;
	if (r->pause)
		bl_noise_ends(e, port, packet->timestamp);
	bl_loss_take(&r->loss, packet->sequence, late);
}

/* One without sound has its place in the order of a codec's packets. False: it is not new. */
static bool pass(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtp_packet silent = *packet;

	if (!is_new(e, port, packet))
		return false;
	silent.length = 0;
	if (bl_codec_coded(r->codec))
		(void)bl_order_take(e, port, &silent); /* there is no sound that could be late */
	bl_loss_take(&r->loss, packet->sequence, 0);
	return true;
}

/* `wire`: its timestamp by the codec's clock. */
static void take_event(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet, uint32_t wire)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_telephone_event_change changes[CHANGES];
	int count;

	if (!pass(e, port, packet))
		return;
	count = bl_telephone_event_rx_take(&r->event_rx, wire, packet->marker, packet->payload, packet->length, changes,
	                                   CHANGES);
	if (count < 0) {
		r->counters.bad++;
		return;
	}
	r->counters.events++;
	for (int i = 0; i < count; i++)
		tell_event(e, port, &changes[i]);
}

/* RFC 3264 §6.1: under the number that we named; a peer that named another one may use that. */
static bool is_event(const struct bl_rtp_port *r, const struct bl_rtp_packet *packet)
{
	return r->event_type && (packet->payload_type == r->event_type || packet->payload_type == r->sent_event_type);
}

static bool payload_known(struct bl_rtp_port *r, const struct bl_rtp_packet *packet)
{
	if (packet->payload_type == r->payload_type) {
		size_t most = bl_codec_coded(r->codec) ? BL_OPUS_PACKET_MAX : BL_JITTER_PACKET_MAX;

		if (packet->length >= 1 && packet->length <= most)
			return true;
		r->counters.bad++;
		return false;
	}
	if (is_event(r, packet))
		return true;
	if (r->noise_type && packet->payload_type == r->noise_type && packet->length)
		return true;
	r->counters.other_payload++;
	return false;
}

void bl_rtp_datagram(struct bl_engine *e, unsigned port, const struct bl_address *from, uint8_t *octets, size_t n)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtp_packet packet;
	uint32_t wire;

	if (bl_rtcp_muxed(octets, n)) {
		if (bl_rtcp_datagram(e, port, from, octets, n))
			r->mux = 1;
		return;
	}
	bl_trace_rtp(e, port, false, from, octets, n);
	if (!bl_secure_open(e, port, octets, &n))
		return;
	if (bl_rtp_parse(&packet, octets, n)) {
		r->counters.bad++;
		return;
	}
	if (!payload_known(r, &packet))
		return;
	if (!bl_rtp_believed(e, port, from, &packet)) {
		r->counters.stray++;
		return;
	}
	r->last_packet = e->tick.sample;
	r->timed_out = 0;
	wire = packet.timestamp;
	packet.timestamp = samples_of(r, wire);
	if (is_event(r, &packet)) {
		take_event(e, port, &packet, wire);
		return;
	}
	if (r->noise_type && packet.payload_type == r->noise_type) {
		if (pass(e, port, &packet))
			bl_noise_take(e, port, &packet);
		return;
	}
	r->wire_timestamp += bl_codec_units(r->codec) * (packet.timestamp - r->timestamp);
	r->timestamp = packet.timestamp;
	take_sound(e, port, &packet);
}

static void watch_silence(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);

	if (!r->remote.port || r->timed_out || e->tick.sample - r->last_packet < TIMEOUT_SAMPLES)
		return;
	r->timed_out = 1;
	if (bl_event_new(e, BL_SIP, BL_RTP_TIMED_OUT, port))
		bl_event_publish(e, BL_SIP);
}

static void decode(const struct bl_rtp_port *r, const uint8_t *octets, int16_t *sound, size_t n)
{
	if (r->codec == BL_CODEC_PCMU)
		bl_ulaw_decode(octets, sound, n);
	else
		bl_alaw_decode(octets, sound, n);
}

/* Octets of a tick as they come. Returns how many did, as those below do. */
static size_t take(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint8_t octets[BL_TICK_SAMPLES];
	int came = bl_jitter_get(&r->jitter, octets, BL_TICK_SAMPLES, &e->came[port - BL_RTP_FIRST]);

	if (r->codec == BL_CODEC_PCMU)
		bl_ulaw_to_alaw(memcpy(e->ulaw[port], octets, BL_TICK_SAMPLES), e->rx[port], BL_TICK_SAMPLES);
	else
		memcpy(e->rx[port], octets, BL_TICK_SAMPLES);
	return (size_t)came;
}

/* What the resampler holds back is taken at once, so that the sound goes on where it is. */
static void begin_skew(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	const size_t heard = BL_SKEW_TAPS - BL_SKEW_HELD;
	uint8_t octets[BL_SKEW_HELD];
	int16_t sound[BL_SKEW_TAPS];
	uint64_t came;

	(void)bl_jitter_get(&r->jitter, octets, BL_SKEW_HELD, &came);
	bl_jitter_hold(&r->jitter, BL_SKEW_HELD);
	bl_alaw_decode(e->rx[port] + BL_TICK_SAMPLES - heard, sound, heard);
	decode(r, octets, sound + heard, BL_SKEW_HELD);
	bl_skew_begin(&r->skew, sound);
	r->skewed = 1;
}

/* At the far clock's pace: 39 to 41 of its octets are 40 of ours. */
static size_t take_skewed(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint8_t octets[BL_TICK_SAMPLES + 1];
	int16_t sound[BL_TICK_SAMPLES + 1];
	size_t n;
	int came;

	if (!r->skewed)
		begin_skew(e, port);
	(void)bl_skew_set(&r->skew, bl_jitter_skew_ppm(&r->jitter)); /* the buffer says no more than it takes */
	n = bl_skew_want(&r->skew, BL_TICK_SAMPLES);
	came = bl_jitter_get(&r->jitter, octets, n, &e->came[port - BL_RTP_FIRST]);
	decode(r, octets, sound, n);
	(void)bl_skew_process(&r->skew, sound, n, sound, BL_TICK_SAMPLES); /* as many as it wanted */
	bl_alaw_encode(sound, e->rx[port], BL_TICK_SAMPLES);
	return BL_TICK_SAMPLES + (size_t)came - n;
}

/* What the resampler holds is heard, then what comes. */
static size_t take_back(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint64_t *marks = &e->came[port - BL_RTP_FIRST];
	uint8_t octets[BL_TICK_SAMPLES];
	int16_t sound[BL_TICK_SAMPLES];
	size_t held = bl_skew_end(&r->skew, sound);
	int came = bl_jitter_get(&r->jitter, octets, BL_TICK_SAMPLES - held, marks);

	bl_jitter_hold(&r->jitter, -(int32_t)held);
	*marks = *marks << held | ((1ull << held) - 1);
	decode(r, octets, sound + held, BL_TICK_SAMPLES - held);
	bl_alaw_encode(sound, e->rx[port], BL_TICK_SAMPLES);
	bl_alaw_to_ulaw(e->rx[port], e->ulaw[port], BL_TICK_SAMPLES);
	r->skewed = 0;
	return held + (size_t)came;
}

/* This tick's octets, A-law, and which of them came. */
static void play_out(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint8_t *quiet = &e->quiet[port - BL_RTP_FIRST];
	bool running;
	size_t came;

	*quiet = r->pause && !r->over && bl_noise_is_due(e, port);
	if (bl_codec_coded(r->codec))
		bl_order_tick(e, port);
	running = r->jitter.running;
	if (r->jitter.cfg.resampled)
		came = take_skewed(e, port);
	else
		came = r->skewed ? take_back(e, port) : take(e, port);
	if (running && !*quiet && !r->over)
		r->counters.silence_samples += BL_TICK_SAMPLES - came;
}

/* What play_out and those behind it ask of a port. */
static void fetch(const struct bl_rtp_port *r)
{
	if (!r)
		return;
	__builtin_prefetch(r);
	__builtin_prefetch(&r->last_packet);
	__builtin_prefetch(&r->jitter);
	__builtin_prefetch(&r->jitter.cfg);
	__builtin_prefetch(&r->event_rx);
}

void bl_rtp_receive(struct bl_engine *e)
{
	bl_mark_follow(e);
	bl_rtp_sockets_drain(e);
	for (unsigned i = 0; i < e->ports_open; i++) {
		struct bl_telephone_event_change change;
		unsigned port = e->open[i];

		fetch(bl_rtp_ahead(e, i));
		if (bl_port(e, port)->kind != BL_PORT_RTP)
			continue;
		play_out(e, port);
		if (bl_telephone_event_rx_tick(&bl_rtp_of(e, port)->event_rx, &change))
			tell_event(e, port, &change);
		watch_silence(e, port);
	}
}

/* The sound of a tick in runs of what came and what did not. */
static void conceal_runs(struct bl_plc *plc, int16_t *sound, uint64_t came)
{
	for (unsigned at = 0, end; at < BL_TICK_SAMPLES; at = end) {
		bool good = came >> at & 1;

		for (end = at + 1; end < BL_TICK_SAMPLES && (came >> end & 1) == good;)
			end++;
		if (good)
			bl_plc_good(plc, sound + at, end - at);
		else
			bl_plc_lost(plc, sound + at, end - at);
	}
}

void bl_rtp_conceal(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];
		const struct bl_port *p = bl_port(e, port);
		struct bl_rtp_port *r;
		uint64_t came;
		bool made;

		__builtin_prefetch(bl_port_ahead(e, i));
		if (bl_rtp_ahead(e, i))
			__builtin_prefetch(&bl_rtp_ahead(e, i)->plc);
		if (p->kind != BL_PORT_RTP || p->profile != BL_PROFILE_VOICE)
			continue;
		r = bl_rtp_of(e, port);
		came = e->came[port - BL_RTP_FIRST];
		r->sounded |= came != 0;
		if (e->quiet[port - BL_RTP_FIRST] && came != BL_ALL_CAME) {
			bl_noise_fill(e, port, came);
			bl_plc_good(&r->plc, e->heard[port], BL_TICK_SAMPLES);
			bl_alaw_encode(e->heard[port], e->rx[port], BL_TICK_SAMPLES);
			continue;
		}
		if (!r->sounded || (!came && (r->over || !r->jitter.running)))
			continue; /* nothing was lost before the first sound, in a pause, or after the end */
		made = r->plc.lost || came != BL_ALL_CAME;
		conceal_runs(&r->plc, e->heard[port], came);
		if (!made)
			continue;
		r->counters.concealed_samples += (uint64_t)(BL_TICK_SAMPLES - __builtin_popcountll(came & BL_ALL_CAME));
		bl_alaw_encode(e->heard[port], e->rx[port], BL_TICK_SAMPLES);
	}
}
