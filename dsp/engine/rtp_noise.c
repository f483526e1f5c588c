/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Silence that is told instead of sent: comfort noise of RFC 3389, both ways.
 *
 * Heard: from a descriptor's timestamp to that of the next sound there is noise, where else something would be
 * concealed and called missing. The jitter buffer runs empty meanwhile, and is laid out anew behind a long pause.
 *
 * Sent, where a port was opened so: silence is what voice activity detection says is no speech and what is below -40
 * dBm0 besides, for a steady tone is no voice either; both 200 ms after the last that was not. What the port itself
 * plays, its tones and digits, and whatever is not a voice's are sent whole. A descriptor begins the silence, tells a
 * change of 3 dB and comes every 2 s at least; the first packet behind it is marked (RFC 3551 §4.1).
 */
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define HANGOVER_MS 200
#define LOUD_RMS 159        /* -40 dBm0, as a sine's */
#define HELD_SAMPLES 1600   /* 200 ms behind what is loud */
#define LOOK_SAMPLES 1600   /* 200 ms between looks at the noise */
#define TOLD_SAMPLES 16000u /* 2 s */
#define CHANGE_DB 3

enum { NO_PAUSE, PAUSE, PAUSE_ENDS };

static struct bl_rtp_noise *noise_of(struct bl_engine *e, unsigned port)
{
	return &e->segment->noises[port - BL_RTP_FIRST];
}

void bl_noise_begin(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtp_noise *n = noise_of(e, port);
	const struct bl_vad_cfg vad = {.hangover_ms = HANGOVER_MS};

	r->pause = NO_PAUSE;
	r->still = 0;
	if (!r->noise_type)
		return;
	(void)bl_cng_init(&n->cng, r->ssrc); /* these cannot fail on such settings */
	(void)bl_vad_init(&n->vad, &vad);
	(void)bl_sid_init(&n->sid);
	n->held = 0;
}

void bl_noise_take(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtp_noise *n = noise_of(e, port);

	if (packet->sequence != (uint16_t)r->rx.highest)
		return;                                             /* overtaken: what it says is over */
	(void)bl_cng_set(&n->cng, packet->payload, packet->length); /* it is not empty */
	if (r->pause == NO_PAUSE)
		n->from = packet->timestamp; /* else the sound between the two pauses is heard where it lies */
	r->pause = PAUSE;
}

void bl_noise_ends(struct bl_engine *e, unsigned port, uint32_t timestamp)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtp_noise *n = noise_of(e, port);

	if ((int32_t)(timestamp - n->from) < 0 || (r->pause == PAUSE_ENDS && (int32_t)(timestamp - n->until) >= 0))
		return;
	n->until = timestamp;
	r->pause = PAUSE_ENDS;
}

bool bl_noise_is_due(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	const struct bl_rtp_noise *n = noise_of(e, port);
	uint32_t play = r->jitter.play;

	if (r->pause == PAUSE_ENDS && (int32_t)(play - n->until) >= 0 && r->jitter.running)
		r->pause = NO_PAUSE;
	return r->pause != NO_PAUSE && (!r->jitter.running || (int32_t)(play + BL_TICK_SAMPLES - n->from) > 0);
}

void bl_noise_fill(struct bl_engine *e, unsigned port, uint64_t came)
{
	int16_t noise[BL_TICK_SAMPLES];

	bl_cng_process(&noise_of(e, port)->cng, noise, BL_TICK_SAMPLES);
	for (unsigned i = 0; i < BL_TICK_SAMPLES; i++)
		if (!(came >> i & 1))
			e->heard[port][i] = noise[i];
}

void bl_noise_listen(struct bl_engine *e, unsigned port, const struct bl_measure *said)
{
	struct bl_rtp_noise *n = noise_of(e, port);
	uint32_t fill = bl_rtp_of(e, port)->fill % BL_RTP_PAYLOAD;

	(void)bl_vad_process(&n->vad, said);
	if (said->energy > (uint64_t)LOUD_RMS * LOUD_RMS * BL_TICK_SAMPLES)
		n->held = HELD_SAMPLES;
	else
		n->held -= n->held < BL_TICK_SAMPLES ? n->held : BL_TICK_SAMPLES;
	memcpy(n->said + fill / BL_TICK_SAMPLES * BL_TICK_SAMPLES, e->said[port], sizeof e->said[port]);
}

/* A packet of silence, from its first sample to its last: how a voice begins is no noise. */
static void learn(struct bl_rtp_noise *n, unsigned samples)
{
	struct bl_measure m;

	for (unsigned at = 0; at + BL_TICK_SAMPLES <= samples; at += BL_TICK_SAMPLES) {
		(void)bl_measure(&m, n->said + at, BL_TICK_SAMPLES); /* a tick is a length that both take */
		(void)bl_sid_process(&n->sid, &m, n->said + at);
	}
}

/* What the port sends is a voice, and of somebody else. */
static bool passes_a_voice(struct bl_engine *e, unsigned port)
{
	const struct bl_port *p = bl_port(e, port);

	if (p->profile != BL_PROFILE_VOICE || p->digits.active || p->source == BL_SOURCE_PLAY ||
	    p->source == BL_SOURCE_TONE)
		return false;
	return p->source != BL_SOURCE_BRIDGE || !bl_port_is_open(e, p->peer) ||
	       bl_port(e, p->peer)->profile != BL_PROFILE_VBD;
}

/* Octets of a descriptor that is due now, in a silence that has lasted so long, or 0. */
static int describe(struct bl_rtp_noise *n, bool begins, uint8_t *out, size_t room)
{
	int octets;

	if (!begins && n->quiet % LOOK_SAMPLES)
		return 0;
	octets = bl_sid_write(&n->sid, BL_SID_ORDER, out, room);
	if (octets <= 0 || (!begins && n->quiet - n->told < TOLD_SAMPLES && abs(out[0] - n->level) < CHANGE_DB))
		return begins ? octets : 0;
	n->level = out[0];
	n->told = n->quiet;
	return octets;
}

int bl_noise_instead(struct bl_engine *e, unsigned port, unsigned samples, uint8_t *out, size_t room)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_rtp_noise *n = noise_of(e, port);
	bool voice = n->vad.active || n->held || !passes_a_voice(e, port), begins = !r->still;
	int octets = -1;

	n->quiet = begins ? 0 : n->quiet + samples;
	if (begins)
		n->told = 0;
	if (!voice) {
		learn(n, samples);
		octets = describe(n, begins, out, room);
	}
	if (octets < 0) {
		r->marker |= r->still;
		r->still = 0;
		return -1;
	}
	r->still = 1;
	return octets;
}
