/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coming back: an engine was killed between any two of its stores. What makes sense goes on, what does not is closed
 * and counted; filters and detectors begin anew, their sound of before the gap being stale anyway.
 */
#include <math.h>
#include <string.h>

#include "g711.h"
#include "machine.h"

static bool kind_fits(unsigned port, uint8_t kind)
{
	return kind == (port < BL_RTP_FIRST ? BL_PORT_TIMESLOT : port < BL_NULL_FIRST ? BL_PORT_RTP : BL_PORT_NULL);
}

static bool bridge_fits(struct bl_engine *e, unsigned port)
{
	const struct bl_port *p = bl_port(e, port);

	return p->peer < BL_PORTS && p->peer != port && kind_fits(p->peer, bl_port(e, p->peer)->kind) &&
	       bl_port(e, p->peer)->source == BL_SOURCE_BRIDGE && bl_port(e, p->peer)->peer == port;
}

static bool collect_fits(const struct bl_collect *c)
{
	return c->count <= BL_DIGITS && c->max_digits >= 1 && c->max_digits <= BL_DIGITS && c->owner < BL_CLIENTS &&
	       memchr(c->terminators, 0, sizeof c->terminators);
}

static bool tone_fits(const struct bl_tone *t)
{
	return t->steps_n >= 1 && t->steps_n <= BL_TONE_STEPS && t->step < t->steps_n;
}

static bool digits_fit(const struct bl_port *p)
{
	const struct bl_digits *d = &p->digits;
	bool queue_fits = d->mf ? d->mf_tx.queued <= BL_MF_TX_QUEUE : /* its `first` is bounded where it is used */
	                          d->tx.queued <= BL_DTMF_TX_QUEUE && d->tx.first < BL_DTMF_TX_QUEUE;

	return queue_fits && (!d->mf || p->kind == BL_PORT_TIMESLOT) &&
	       (d->owner < BL_CLIENTS || d->owner == BL_NO_CLIENT) && (!d->events || p->kind == BL_PORT_RTP);
}

static bool source_fits(struct bl_engine *e, unsigned port)
{
	const struct bl_port *p = bl_port(e, port);

	switch (p->source) {
	case BL_SOURCE_IDLE:
		return true;
	case BL_SOURCE_BRIDGE:
		return bridge_fits(e, port);
	case BL_SOURCE_PLAY:
		return bl_play_valid(&p->play);
	case BL_SOURCE_LISTEN:
		return p->peer < BL_PORTS;
	case BL_SOURCE_CONFERENCE:
		return p->conference < BL_CONFERENCES && p->party < BL_MIXER_PARTIES &&
		       e->segment->conferences[p->conference].ports[p->party] == port;
	case BL_SOURCE_TEST:
		return p->kind == BL_PORT_TIMESLOT && p->test.tx.pattern < BL_PRBS_PATTERNS &&
		       p->test.rx.pattern < BL_PRBS_PATTERNS;
	case BL_SOURCE_TONE:
		return tone_fits(&p->tone);
	default:
		return false;
	}
}

static void mend_source(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);

	if (source_fits(e, port))
		return;
	e->segment->header.repaired++;
	if (p->source == BL_SOURCE_PLAY && p->play.owner < BL_CLIENTS)
		bl_play_end(e, port, BL_PLAY_STOPPED);
	p->source = BL_SOURCE_IDLE;
	p->peer = BL_NO_PORT;
}

/* Events are not taken up again: their sending ends here, as every one must. */
static void mend_digits(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);

	if (p->collect.active && !collect_fits(&p->collect)) {
		p->collect.active = 0;
		e->segment->header.repaired++;
	}
	if (p->digits.active && !digits_fit(p)) {
		p->digits.active = p->digits.events = 0;
		e->segment->header.repaired++;
	}
	if (p->digits.active && p->digits.events)
		bl_digits_end(e, port);
	if (p->ahead.count > BL_TYPE_AHEAD)
		p->ahead.count = 0;
	if (p->listener >= BL_CLIENTS)
		p->listener = BL_CALL;
	if (p->owner >= BL_CLIENTS)
		p->owner = BL_CALL;
}

/* An event is known by its timestamp: one that was told is not told again. */
static void mend_event(struct bl_telephone_event_rx *rx)
{
	struct bl_telephone_event_rx known = *rx;

	(void)bl_telephone_event_rx_init(rx, NULL);
	known.cfg = rx->cfg;
	*rx = known;
}

/* A torn name of a codec is taken for the plainest; its peer's packets then are of another type, and counted. */
static void mend_codec(struct bl_rtp_port *r)
{
	if (!bl_codec_served(r->codec) || !bl_codec_type_fits(r->codec, r->payload_type)) {
		r->codec = BL_CODEC_PCMA;
		r->payload_type = BL_RTP_PCMA;
	}
	if (!bl_codec_packet_fits(r->codec, r->packet_ms))
		r->packet_ms = 20;
	if (!bl_codec_packet_fits(r->codec, r->next_packet_ms))
		r->next_packet_ms = r->packet_ms;
	if (!bl_rtp_types_fit(r->codec, r->payload_type, r->event_type, r->sent_event_type, r->noise_type))
		r->event_type = r->sent_event_type = r->noise_type = 0;
	r->suppress = r->suppress && r->noise_type;
}

static void mend_rtp(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	uint64_t late = r->jitter.late, resyncs = r->jitter.resyncs;

	mend_codec(r);
	r->fill = 0;
	r->marker = 1;
	(void)bl_jitter_init(&r->jitter); /* these cannot fail on their defaults */
	bl_rtp_profile(r, bl_port(e, port)->profile);
	r->jitter.late = late;
	r->jitter.resyncs = resyncs + 1;
	(void)bl_plc_init(&r->plc);
	r->sounded = r->skewed = 0;
	mend_event(&r->event_rx);
	bl_rtp_codec_begin(e, port);
}

/* Its UDP port is gone, or its settings are torn: its owner hears it as if it had asked just now. */
static void tell_lost(struct bl_engine *e, unsigned owner, enum bl_command_kind asked, unsigned port, int error)
{
	struct bl_event *event = bl_event_new(e, owner, BL_COMMAND_REFUSED, port);

	e->segment->header.repaired++;
	if (!event)
		return;
	event->count = asked;
	event->reason = (uint16_t)-error;
	bl_event_publish(e, owner);
}

static void mend_port(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);
	int error;

	mend_source(e, port);
	mend_digits(e, port);
	bl_profile_resume(e, port);
	(void)bl_digit_relay_init(&p->relay); /* cannot fail */
	if (p->detect)
		bl_detect_start(e, port);
	(void)bl_level_init(&p->rx_level, NULL); /* defaults cannot fail */
	(void)bl_level_init(&p->tx_level, NULL);
	if (p->kind != BL_PORT_RTP)
		return;
	mend_rtp(e, port);
	bl_rtcp_begin(bl_rtp_of(e, port), e->tick.sample);
	if (bl_secure_resume(e, port) < 0)
		e->segment->header.repaired++; /* mute and deaf until its keys are given again */
	error = bl_rtp_bind(e, port);
	if (error) {
		tell_lost(e, p->owner, BL_OPEN_RTP, port, error);
		bl_port_close(e, port);
	}
}

static void mend_ports(struct bl_engine *e)
{
	for (unsigned i = 0; i < BL_PORTS; i++) {
		struct bl_port *p = bl_port(e, i);

		memset(e->rx[i], BL_ALAW_IDLE, BL_TICK_SAMPLES);
		if (p->kind == BL_PORT_CLOSED)
			continue;
		if (kind_fits(i, p->kind)) {
			mend_port(e, i);
			if (i < BL_RTP_FIRST && !e->segment->spans[i / BL_TIMESLOTS].open)
				bl_port_close(e, i);
			continue;
		}
		memset(p, 0, sizeof *p);
		e->segment->header.repaired++;
	}
	bl_ports_list(e);
}

static void mend_spans(struct bl_engine *e)
{
	for (unsigned i = 0; i < BL_SPANS; i++) {
		struct bl_span *span = &e->segment->spans[i];
		int error;

		if (!span->open)
			continue;
		(void)bl_hdlc_rx_init(&span->rx, NULL); /* defaults cannot fail; LAPD sends lost frames again */
		(void)bl_hdlc_tx_init(&span->tx, NULL);
		span->shift_frames = 0;
		error = bl_span_open(e, i, span->owner, &span->settings, false);
		if (error) {
			span->open = 0;
			tell_lost(e, span->owner, BL_OPEN_SPAN, i, error);
		}
	}
	bl_spans_resume(e);
}

static void mend_recordings(struct bl_engine *e)
{
	for (unsigned i = 0; i < BL_RECORDINGS; i++) {
		struct bl_recording *r = &e->segment->recordings[i];

		if (!r->active || (r->left < BL_PORTS && r->right < BL_PORTS && r->owner < BL_CLIENTS &&
		                   r->end_sample >= r->from_sample))
			continue;
		r->active = 0;
		e->segment->header.repaired++;
	}
}

/* The sample clock goes on as if nothing had happened; a segment of another machine's life begins where it stood. */
static void resume_clock(struct bl_engine *e)
{
	struct bl_header *h = &e->segment->header;
	int64_t now = bl_now_ns(), late = now - h->deadline_ns;

	e->tick.sample = h->samples / BL_TICK_SAMPLES * BL_TICK_SAMPLES;
	e->tick.deadline_ns = now;
	if (!h->generation || !h->deadline_ns || late < 0)
		return;
	e->tick.deadline_ns = h->deadline_ns;
	e->tick.missed = (uint64_t)(late / BL_TICK_NS) * BL_TICK_SAMPLES;
	e->tick.deadline_ns = bl_clock_advance(e, e->tick.missed / BL_TICK_SAMPLES);
	e->tick.sample += e->tick.missed;
	h->skipped_ticks += e->tick.missed / BL_TICK_SAMPLES;
}

void bl_table_resume(struct bl_engine *e)
{
	struct bl_header *h = &e->segment->header;

	bl_loop_mend(&h->clock.loop);
	if (!isfinite(h->clock.trim_ppm))
		h->clock.trim_ppm = 0;
	resume_clock(e);
	h->generation++;
	mend_spans(e);
	mend_ports(e);
	bl_conferences_resume(e);
	mend_recordings(e);
	bl_orphans_forgive(e);
	h->samples = e->tick.sample;
}
