/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RTP ports: sound over UDP, RFC 3550 and 3551, telephone events beside it (RFC 4733).
 *
 * From the jitter buffer on all sound is of 8 kHz, in octets of G.711: another codec's packets are decoded before it,
 * and their timestamps counted in samples of 8 kHz. Events keep the codec's clock until they are told.
 *
 * A port sends to the remote that signalling named. A packet from there is believed at once and at any time; one from
 * elsewhere, a peer behind an address translator, when four came in a row and the named one is silent. Address and SSRC
 * are then held: another SSRC from there is believed when the held one is quiet and two packets came in a row (RFC 3550
 * A.1); one that has said BYE is followed at once. What is lost is concealed on a port that carries a voice.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "g711.h"
#include "machine.h"

#define QUIET_SAMPLES 480 /* 60 ms: the held SSRC has stopped */
#define SSRC_PROBATION 2
#define ADDRESS_PROBATION 4
#define LEAST_SAMPLES 240     /* 30 ms: two packets may lag; from the 40 ms of the beginning, no join on a quiet LAN */
#define NEARER_SAMPLES 120    /* 15 ms are worth one: by the E-model they are 0.4 R */
#define FORMER_SAMPLES 8000   /* 1 s in which the peer of before a transfer is not taken for the one behind it */
#define TIMEOUT_SAMPLES 80000 /* 10 s */
#define CHANGES 3             /* bl_telephone_event_rx_take: enough */

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
	bl_order_forget(e, port);
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
	r->packet_ms = c->packet_ms;
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

	if (jitter.vbd && profile == BL_PROFILE_VOICE) { /* no loss of now is made of the voice before that */
		bl_plc_reset(&r->plc);
		r->sounded = 0;
	}
	jitter.law = bl_rtp_law(r);
	jitter.vbd = profile != BL_PROFILE_VOICE;
	jitter.resampled = profile == BL_PROFILE_VBD;
	jitter.min_samples = LEAST_SAMPLES;
	jitter.nearer_samples = NEARER_SAMPLES;
	if (jitter.resampled != r->jitter.cfg.resampled)
		(void)bl_skew_init(&r->skew);     /* cannot fail */
	(void)bl_jitter_set(&r->jitter, &jitter); /* nothing else changes */
}

static bool same(const struct bl_address *a, const struct bl_address *b)
{
	return a->ip == b->ip && a->port == b->port;
}

void bl_rtp_remote(struct bl_rtp_port *r, const struct bl_address *remote, uint64_t sample)
{
	if (r->latched && !same(&r->remote, remote)) {
		r->former = r->remote;
		r->former_until = sample + FORMER_SAMPLES;
	}
	if (!same(&r->signalled, remote))
		r->mux = 0; /* another peer: it has to show that it does so */
	r->marker = 1;
	r->latched = r->over = 0;
	r->timed_out = 0;
	r->other_packets = 0;
	r->last_packet = sample;
	r->remote = r->signalled = *remote;
}

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

/* The stream of an event that is on is given up: nobody else would tell its end. */
static void end_event(struct bl_engine *e, unsigned port)
{
	struct bl_telephone_event_rx *rx = &bl_rtp_of(e, port)->event_rx;
	struct bl_telephone_event_change end = {
	        .event = rx->event, .timestamp = rx->begin, .duration = rx->segment - rx->begin + rx->duration};

	if (rx->on)
		tell_event(e, port, &end);
	bl_telephone_event_rx_reset(rx);
}

/* The source whose packets we hear, from now on. */
static void latch(struct bl_engine *e, unsigned port, const struct bl_address *from, const struct bl_rtp_packet *packet)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);

	if (!r->rx.started || packet->ssrc != r->remote_ssrc || r->over) {
		uint64_t received = r->rx.received, duplicates = r->rx.duplicates;

		bl_rtp_source_reset(&r->rx);
		r->rx.received = received;
		r->rx.duplicates = duplicates;
		bl_jitter_reset(&r->jitter);
		end_event(e, port);
		bl_plc_reset(&r->plc);
		r->sounded = 0;
		r->pause = 0;
		if (bl_codec_coded(r->codec)) {
			bl_codec_listen(&e->segment->codecs[port - BL_RTP_FIRST].state, r->codec);
			bl_order_forget(e, port);
		}
	}
	r->remote = *from;
	r->remote_ssrc = packet->ssrc;
	r->latched = 1;
	r->over = 0;
	r->other_packets = 0;
}

/* Packets in a row of one who is not the one held, this one included. */
static unsigned in_a_row(struct bl_rtp_port *r, const struct bl_address *from, const struct bl_rtp_packet *packet)
{
	bool next = r->other_packets && packet->ssrc == r->other_ssrc && packet->sequence == r->other_sequence &&
	            same(from, &r->other);

	r->other = *from;
	r->other_ssrc = packet->ssrc;
	r->other_sequence = (uint16_t)(packet->sequence + 1);
	r->other_packets = (uint16_t)(next ? r->other_packets + 1 : 1);
	return r->other_packets;
}

/* Somebody else than signalling named: the peer behind an address translator, or a stranger. */
static bool accept_address(struct bl_rtp_port *r, const struct bl_address *from, const struct bl_rtp_packet *packet,
                           uint64_t sample)
{
	if (r->latched || (sample < r->former_until && same(from, &r->former)))
		return false;
	return in_a_row(r, from, packet) >= ADDRESS_PROBATION;
}

static bool quiet(const struct bl_rtp_port *r, uint64_t sample)
{
	return sample - r->last_packet > QUIET_SAMPLES;
}

/* Another SSRC from the held address: a phone that began a new stream, or noise. */
static bool accept_ssrc(struct bl_rtp_port *r, const struct bl_address *from, const struct bl_rtp_packet *packet,
                        uint64_t sample)
{
	return r->over || (in_a_row(r, from, packet) >= SSRC_PROBATION && quiet(r, sample));
}

static bool source_held(struct bl_engine *e, unsigned port, const struct bl_address *from,
                        const struct bl_rtp_packet *packet)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);

	if (!r->remote.port)
		return false;
	if (r->latched && same(from, &r->remote)) {
		if (packet->ssrc == r->remote_ssrc && !(r->over && quiet(r, e->tick.sample)))
			return true; /* BYE overtakes the last packets; what comes later has begun anew */
		if (!accept_ssrc(r, from, packet, e->tick.sample))
			return false;
	} else if (!same(from, &r->signalled) && !accept_address(r, from, packet, e->tick.sample)) {
		return false;
	}
	latch(e, port, from, packet);
	return true;
}

/* What is missing between the newest packet (0: this is the stream's first) and this one, for the figures of loss. */
static void account(struct bl_rtp_port *r, const struct bl_rtp_packet *packet, uint32_t highest, int late)
{
	int32_t step = highest ? (int16_t)(packet->sequence - (uint16_t)highest) : 1;

	if (step > 0 && step < 1000) /* more is another life of the sender */
		bl_loss_take(&r->loss, (uint32_t)step - 1, late);
}

static void take_sound(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint32_t highest = r->rx.highest;
	int late;

	if (bl_rtp_source_take(&r->rx, packet, (uint32_t)e->tick.sample))
		return;
	if (bl_codec_coded(r->codec))
		late = !bl_order_take(e, port, packet);
	else
		late = bl_jitter_put(&r->jitter, packet->timestamp, packet->payload, packet->length) == -ETIME;
	if (r->pause)
		bl_noise_ends(e, port, packet->timestamp);
	account(r, packet, highest, late);
}

/* Its place in the order of a codec's packets. */
static void pass(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet)
{
	struct bl_rtp_packet silent = *packet;

	silent.length = 0;
	if (bl_codec_coded(bl_rtp_of(e, port)->codec))
		(void)bl_order_take(e, port, &silent); /* there is no sound that could be late */
}

static void take_noise(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet)
{
	if (bl_rtp_source_take(&bl_rtp_of(e, port)->rx, packet, (uint32_t)e->tick.sample))
		return;
	pass(e, port, packet);
	bl_noise_take(e, port, packet);
}

/* `wire`: its timestamp by the codec's clock. */
static void take_event(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet, uint32_t wire)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_telephone_event_change changes[CHANGES];
	int count;

	if (bl_rtp_source_take(&r->rx, packet, (uint32_t)e->tick.sample))
		return;
	pass(e, port, packet);
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
	if (!bl_secure_open(e, port, octets, &n))
		return;
	if (bl_rtp_parse(&packet, octets, n)) {
		r->counters.bad++;
		return;
	}
	if (!payload_known(r, &packet))
		return;
	if (!source_held(e, port, from, &packet)) {
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
		take_noise(e, port, &packet);
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

/* The far clock's pace: 39 to 41 of its octets are 40 of ours. */
static size_t wanted(struct bl_rtp_port *r)
{
	if (!r->jitter.cfg.resampled)
		return BL_TICK_SAMPLES;
	(void)bl_skew_set(&r->skew, bl_jitter_skew_ppm(&r->jitter)); /* the buffer says no more than it takes */
	return bl_skew_want(&r->skew, BL_TICK_SAMPLES);
}

static void resample(struct bl_rtp_port *r, const uint8_t *octets, size_t n, uint8_t *out)
{
	int16_t sound[BL_TICK_SAMPLES + 1];

	if (r->codec == BL_CODEC_PCMU)
		bl_ulaw_decode(octets, sound, n);
	else
		bl_alaw_decode(octets, sound, n);
	(void)bl_skew_process(&r->skew, sound, n, sound, BL_TICK_SAMPLES); /* as many as it wanted */
	bl_alaw_encode(sound, out, BL_TICK_SAMPLES);
}

/* This tick's octets, A-law, and which of them came. */
static void play_out(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint8_t *quiet = &e->quiet[port - BL_RTP_FIRST], octets[BL_TICK_SAMPLES + 1];
	size_t n = wanted(r);
	bool running;
	int came;

	*quiet = r->pause && bl_noise_is_due(e, port);
	if (bl_codec_coded(r->codec))
		bl_order_tick(e, port);
	running = r->jitter.running;
	came = bl_jitter_get(&r->jitter, octets, n, &e->came[port - BL_RTP_FIRST]);
	if (running && !*quiet && !r->over)
		r->counters.silence_samples += n - (size_t)came;
	if (r->jitter.cfg.resampled)
		resample(r, octets, n, e->rx[port]);
	else if (r->codec == BL_CODEC_PCMU)
		bl_ulaw_to_alaw(octets, e->rx[port], BL_TICK_SAMPLES);
	else
		memcpy(e->rx[port], octets, BL_TICK_SAMPLES);
}

void bl_rtp_receive(struct bl_engine *e)
{
	bl_rtp_sockets_drain(e);
	for (unsigned i = 0; i < e->ports_open; i++) {
		struct bl_telephone_event_change change;
		unsigned port = e->open[i];

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
