/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done to a port's sound, by what it carries: voice, voice-band data (V.152), T.38, or octets that nobody may
 * touch (RFC 4040). A change is made between two ticks; no octet is lost or doubled by it. What a tone has made data is
 * a voice again when both directions have been quiet.
 *
 * Only timeslots have a line, and an echo; while a register works there, nothing is cancelled. The canceller's far end
 * is what was sent a tick ago: that is the newest that can have come back.
 */
#include <errno.h>

#include "dbm0.h"
#include "machine.h"

#define QUIET (0.00025f * BL_DBM0_MEAN_SQUARE * BL_TICK_SAMPLES) /* -36 dBm0, as G.168's disabler is released */
/*
 * Ticks. 2 s: a fax is quiet for less before a page, and begins with a preamble whatever it says after longer (T.30 §5:
 * T4 is 3 s); who speaks pauses for as much now and then.
 */
#define RELEASE 400

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

static void take_profile(struct bl_engine *e, unsigned port, unsigned profile, bool by_tone)
{
	struct bl_port *p = bl_port(e, port);

	p->profile = (uint8_t)profile;
	p->data_by_tone = by_tone;
	p->data_quiet = 0;
	if (p->kind == BL_PORT_RTP)
		bl_rtp_profile(bl_rtp_of(e, port), profile);
	if (p->echo)
		(void)bl_echo_set_mode(&e->segment->echo[port], echo_mode(p)); /* one that it knows */
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
	take_profile(e, port, c->profile, false);
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
		take_profile(e, port, BL_PROFILE_VBD, true);
		tell(e, port, BL_PROFILE_CHANGED, p->profile, 0);
	}
	if (p->profile == BL_PROFILE_VBD && p->echo && echo_off)
		bl_echo_disable(&e->segment->echo[port]);
}

static void carry_data_on_both(struct bl_engine *e, unsigned port, bool echo_off)
{
	const struct bl_port *p = bl_port(e, port);

	carry_data(e, port, echo_off);
	if (p->source == BL_SOURCE_BRIDGE && bl_port_is_open(e, p->peer))
		carry_data(e, p->peer, echo_off);
}

void bl_profile_heard(struct bl_engine *e, unsigned port, const struct bl_heard *heard)
{
	bool preamble = heard->kind == BL_HEARD_PREAMBLE;

	if (!preamble)
		tell(e, port, BL_TONE_HEARD, heard->code, heard->on);
	else if (heard->on)
		tell(e, port, BL_FAX_HEARD, 0, 0);
	if (heard->on && (preamble || heard->code != BL_ANSWER_CNG))
		carry_data_on_both(e, port, !preamble && heard->code != BL_ANSWER_ANS);
}

static bool is_quiet(const struct bl_engine *e, unsigned port, const struct bl_measure *heard)
{
	struct bl_measure said;

	bl_measure_few(&said, e->said[port], BL_TICK_SAMPLES);
	return (float)heard->energy < QUIET && (float)said.energy < QUIET;
}

void bl_profile_tick(struct bl_engine *e, unsigned port, const struct bl_measure *heard)
{
	struct bl_port *p = bl_port(e, port);

	if (p->profile != BL_PROFILE_VBD || !p->data_by_tone)
		return;
	p->data_quiet = is_quiet(e, port, heard) ? (uint16_t)(p->data_quiet + 1) : 0;
	if (p->data_quiet < RELEASE)
		return;
	take_profile(e, port, BL_PROFILE_VOICE, false);
	tell(e, port, BL_PROFILE_CHANGED, p->profile, 0);
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
