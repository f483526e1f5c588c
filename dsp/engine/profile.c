/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done to a port's sound, by what it carries: voice, voice-band data (V.152), T.38, or octets that nobody may
 * touch (RFC 4040). A change is made between two ticks; no octet is lost or doubled by it.
 *
 * Only timeslots have a line, and an echo; while a register works there, nothing is cancelled. The canceller's far end
 * is what was sent a tick ago: that is the newest that can have come back.
 */
#include <errno.h>

#include "machine.h"

static int echo_mode(const struct bl_port *p)
{
	switch (p->profile) {
	case BL_PROFILE_VOICE:
		return BL_ECHO_ON;
	case BL_PROFILE_VBD:
		return BL_ECHO_NLP_OFF;
	default:
		return BL_ECHO_OFF;
	}
}

static int start_echo(struct bl_engine *e, unsigned port, unsigned tail_ms)
{
	struct bl_echo *echo = &e->segment->echo[port];
	const struct bl_echo_cfg cfg = {
	        .tail_ms = (uint16_t)tail_ms, .mode = BL_ECHO_ON, .comfort_noise = 1, .disabler = 1};
	int error;

	if (bl_port(e, port)->echo && echo->cfg.tail_ms == tail_ms)
		return 0; /* what it has learned of the line is kept */
	error = bl_echo_init(echo, &cfg);
	if (!error)
		bl_port(e, port)->echo = 1;
	return error;
}

int bl_profile_set(struct bl_engine *e, unsigned port, const struct bl_profile_command *c)
{
	struct bl_port *p = bl_port(e, port);
	int error = 0;

	if (c->profile >= BL_PROFILES || (c->echo_tail_ms && p->kind != BL_PORT_TIMESLOT))
		return -EINVAL;
	if (c->echo_tail_ms)
		error = start_echo(e, port, c->echo_tail_ms);
	else
		p->echo = 0;
	if (error)
		return error;
	p->profile = c->profile;
	if (p->kind == BL_PORT_RTP)
		bl_rtp_profile(bl_rtp_of(e, port), c->profile);
	if (p->echo)
		(void)bl_echo_set_mode(&e->segment->echo[port], echo_mode(p)); /* one that it knows */
	return 0;
}

static void tell(struct bl_engine *e, unsigned port, enum bl_event_kind kind, unsigned reason, unsigned count)
{
	struct bl_event *event = bl_event_new(e, BL_CALL, kind, port);

	if (!event)
		return;
	event->reason = (uint16_t)reason;
	event->count = count;
	bl_event_publish(e, BL_CALL);
}

/* G.168 §7, V.152: an answer tone keeps the canceller without NLP; reversals or V.8's modulation switch it off. */
static void carry_data(struct bl_engine *e, unsigned port, bool echo_off)
{
	struct bl_port *p = bl_port(e, port);

	if (p->profile == BL_PROFILE_VOICE) {
		p->profile = BL_PROFILE_VBD;
		if (p->kind == BL_PORT_RTP)
			bl_rtp_profile(bl_rtp_of(e, port), p->profile);
		tell(e, port, BL_PROFILE_CHANGED, p->profile, 0);
	}
	if (p->profile == BL_PROFILE_VBD && p->echo)
		(void)bl_echo_set_mode(&e->segment->echo[port], echo_off ? BL_ECHO_OFF : BL_ECHO_NLP_OFF);
}

void bl_profile_heard(struct bl_engine *e, unsigned port, const struct bl_heard *heard)
{
	const struct bl_port *p = bl_port(e, port);

	if (heard->kind == BL_HEARD_PREAMBLE) {
		if (heard->on)
			tell(e, port, BL_FAX_HEARD, 0, 0);
		return;
	}
	tell(e, port, BL_TONE_HEARD, heard->code, heard->on);
	if (!heard->on || heard->code == BL_ANSWER_CNG)
		return;
	carry_data(e, port, heard->code != BL_ANSWER_ANS);
	if (p->source == BL_SOURCE_BRIDGE && bl_port_is_open(e, p->peer))
		carry_data(e, p->peer, heard->code != BL_ANSWER_ANS);
}

void bl_profile_listen(struct bl_port *p)
{
	bl_register_listen(p);
	(void)bl_vad_init(&p->vad, NULL); /* these cannot fail on their defaults */
	(void)bl_agc_init(&p->agc, NULL);
}

/* The state itself was left as the dead engine had it: it mends what is torn by itself. */
void bl_profile_resume(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);

	if (p->profile >= BL_PROFILES)
		p->profile = BL_PROFILE_CLEAR;
	p->echo = p->echo && p->kind == BL_PORT_TIMESLOT;
	p->resampled = 0;
	bl_register_resume(e, port);
	bl_profile_listen(p);
}

void bl_echo_tick(struct bl_engine *e)
{
	struct bl_echo *echo[BL_RTP_FIRST];
	const int16_t *far[BL_RTP_FIRST], *near[BL_RTP_FIRST];
	int16_t *out[BL_RTP_FIRST];
	size_t count = 0;

	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];

		if (!bl_port(e, port)->echo || port >= BL_RTP_FIRST || bl_register_works(&bl_port(e, port)->reg))
			continue;
		echo[count] = &e->segment->echo[port];
		far[count] = e->said[port];
		near[count] = out[count] = e->heard[port];
		count++;
	}
	(void)bl_echo_process_many(echo, far, near, out, count, BL_TICK_SAMPLES); /* a tick is a length it takes */
}
