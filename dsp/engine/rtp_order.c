/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sound of a codec with a memory: decoded in the order in which it was sent, and put into the jitter buffer as A-law.
 *
 * A packet that comes before one sent earlier waits until that one comes, or until the buffer has nothing left to give
 * but what is missing: so long the earlier one would still be heard. What waited tells of the network by the time at
 * which it came. Events and descriptions of silence stand in the same row of numbers, without sound.
 *
 * Decoding is dear: who sends more than can be heard, by fault or by malice, is not decoded, lest all others wait.
 */
#include <string.h>

#include "g711.h"
#include "machine.h"

#define TICK_SAMPLES (2 * BL_TICK_SAMPLES) /* decoded a tick: twice what is heard in it, */
#define BURST_SAMPLES BL_JITTER_SAMPLES    /* and what the buffer can hold, behind a stall of the network */

static struct bl_rtp_codec *codec_of(struct bl_engine *e, unsigned port)
{
	return &e->segment->codecs[port - BL_RTP_FIRST];
}

void bl_order_begin(struct bl_engine *e, unsigned port)
{
	codec_of(e, port)->samples_left = BURST_SAMPLES;
	bl_order_forget(e, port);
}

void bl_order_forget(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_codec *c = codec_of(e, port);

	c->started = c->waiting = 0;
	for (int i = 0; i < BL_ORDER_SLOTS; i++)
		c->early[i].waits = 0;
}

static struct bl_rtp_early *slot(struct bl_rtp_codec *c, uint16_t sequence)
{
	return &c->early[sequence % BL_ORDER_SLOTS];
}

static void put(struct bl_rtp_port *r, uint32_t timestamp, const int16_t *sound, size_t n, uint32_t came)
{
	uint8_t octets[BL_CODEC_SAMPLES_MAX];

	bl_alaw_encode(sound, octets, n);
	(void)bl_jitter_put_held(&r->jitter, timestamp, octets, n, r->jitter.now - came); /* late: counted there */
}

/* False: it is more than can be heard. */
static bool decode(struct bl_rtp_port *r, struct bl_rtp_codec *c, const struct bl_rtp_packet *packet, uint32_t came)
{
	int16_t sound[BL_CODEC_SAMPLES_MAX];
	int n;

	c->next = (uint16_t)(packet->sequence + 1);
	if (!packet->length)
		return true;
	if (c->samples_left < BL_CODEC_SAMPLES_MAX)
		return false;
	n = bl_codec_decode(&c->state, r->codec, packet->payload, packet->length, sound);
	c->samples_left -= n > 0 ? (uint32_t)n : BL_CODEC_SAMPLES_MAX;
	r->counters.bad += n < 0;
	if (n <= 0)
		return true;
	put(r, packet->timestamp, sound, (size_t)n, came);
	c->end = packet->timestamp + (uint32_t)n;
	return true;
}

static struct bl_rtp_packet packet_of(const struct bl_rtp_early *early)
{
	size_t room = sizeof early->payload;

	return (struct bl_rtp_packet){.sequence = early->sequence,
	                              .timestamp = early->timestamp,
	                              .payload = early->payload,
	                              .length = early->octets < room ? early->octets : room};
}

static void decode_early(struct bl_rtp_port *r, struct bl_rtp_codec *c, struct bl_rtp_early *early)
{
	const struct bl_rtp_packet packet = packet_of(early);

	early->waits = 0;
	c->waiting--;
	(void)decode(r, c, &packet, early->came); /* it was promised a hearing; a flood breaks that */
}

/* What is lost before this packet, where its codec can say it and it is not too late. */
static void restore(struct bl_rtp_port *r, struct bl_rtp_codec *c, const struct bl_rtp_packet *packet, uint32_t came)
{
	int16_t sound[BL_CODEC_SAMPLES_MAX];
	uint32_t gap = packet->timestamp - c->end;
	size_t n;

	if (!packet->length || gap == 0 || gap > BL_CODEC_SAMPLES_MAX || r->jitter.stalled ||
	    (int32_t)(c->end - r->jitter.play) < 0 || c->samples_left < 2 * BL_CODEC_SAMPLES_MAX)
		return;
	c->samples_left -= gap;
	n = bl_codec_restore(&c->state, r->codec, packet->payload, packet->length, sound, gap);
	if (!n)
		return;
	put(r, c->end, sound, n, came - gap); /* as long on its way as this packet */
	r->counters.concealed_samples += n;
}

/* Those that follow without a hole. */
static void release(struct bl_rtp_port *r, struct bl_rtp_codec *c)
{
	while (c->waiting && slot(c, c->next)->waits && slot(c, c->next)->sequence == c->next)
		decode_early(r, c, slot(c, c->next));
}

/* Nothing before the first that waits is hoped for any more. */
static void give_up(struct bl_rtp_port *r, struct bl_rtp_codec *c)
{
	for (uint16_t ahead = 1; ahead < BL_ORDER_SLOTS; ahead++) {
		struct bl_rtp_early *early = slot(c, (uint16_t)(c->next + ahead));
		const struct bl_rtp_packet packet = packet_of(early);

		if (!early->waits || packet.sequence != (uint16_t)(c->next + ahead))
			continue;
		restore(r, c, &packet, early->came);
		decode_early(r, c, early);
		release(r, c);
		return;
	}
	c->waiting = 0;
}

static void wait(struct bl_rtp_port *r, struct bl_rtp_codec *c, const struct bl_rtp_packet *packet)
{
	struct bl_rtp_early *early = slot(c, packet->sequence);

	early->timestamp = packet->timestamp;
	early->came = r->jitter.now;
	early->sequence = packet->sequence;
	early->octets = (uint16_t)packet->length;
	memcpy(early->payload, packet->payload, packet->length);
	early->waits = 1;
	c->waiting++;
}

/* Its turn is over; the buffer learns how late it was, and hears nothing of it. */
static void note_late(struct bl_rtp_port *r, const struct bl_rtp_packet *packet)
{
	static const uint8_t idle = BL_ALAW_IDLE;

	if (packet->length && (int32_t)(packet->timestamp - r->jitter.play) < 0)
		(void)bl_jitter_put(&r->jitter, packet->timestamp, &idle, 1);
}

bool bl_order_take(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtp_codec *c = codec_of(e, port);
	int step = (int16_t)(packet->sequence - c->next);
	bool heard;

	if (!c->started) {
		c->started = 1;
		c->end = packet->timestamp;
		step = 0;
	}
	if (step < 0) {
		note_late(r, packet);
		return false;
	}
	while (c->waiting && step >= BL_ORDER_SLOTS) {
		give_up(r, c);
		step = (int16_t)(packet->sequence - c->next);
	}
	if (step > 0 && step < BL_ORDER_SLOTS) {
		wait(r, c, packet);
		return true;
	}
	if (step > 0)
		restore(r, c, packet, r->jitter.now);
	heard = decode(r, c, packet, r->jitter.now);
	release(r, c);
	return heard;
}

void bl_order_tick(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtp_codec *c = codec_of(e, port);

	if (c->samples_left < BURST_SAMPLES)
		c->samples_left += TICK_SAMPLES;
	while (c->waiting && (!r->jitter.running || (int32_t)(c->end - r->jitter.play) < BL_TICK_SAMPLES))
		give_up(r, c);
}
