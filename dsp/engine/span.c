/* SPDX-License-Identifier: GPL-2.0-only */
/* Spans: cards in and out, the D-channel's frames, alarms. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "g711.h"
#include "machine.h"

#define PERSIST_TICKS 100 /* 500 ms until RED, and until it is over */
#define TRIM_MAX_PPM 200.0f

static const struct bl_span_io *const cards[BL_CARDS] = {
        [BL_CARD_CESOPSN] = &bl_cesopsn_io,
        [BL_CARD_VPAIR] = &bl_vpair_io,
        [BL_CARD_DAHDI] = &bl_dahdi_io,
        [BL_CARD_SPI] = &bl_spi_io,
};

static const struct bl_span_io *io_of(const struct bl_span *span)
{
	return span->settings.card < BL_CARDS ? cards[span->settings.card] : NULL;
}

static bool valid(const struct bl_open_span *s)
{
	return s->card < BL_CARDS && cards[s->card] && s->t1 <= 1 && s->d_channel <= bl_timeslots(s) &&
	       isfinite(s->trim_ppm) && fabsf(s->trim_ppm) <= TRIM_MAX_PPM && s->clock_domain >= 1 &&
	       s->clock_domain <= BL_SPANS && s->clock_priority >= 1 && s->clock_priority <= BL_SPANS && s->cas <= 1 &&
	       !(s->cas && s->d_channel) && s->resting_bits <= 0xf;
}

void bl_span_release(struct bl_engine *e, unsigned span)
{
	int fd = e->span_fds[span];
	struct bl_span *s;

	if (fd < 0)
		return;
	e->span_fds[span] = -1;
	s = &e->segment->spans[span];
	if (io_of(s)->close)
		io_of(s)->close(s, fd);
	else
		close(fd);
}

/* The machine's clock is trimmed as the first open span wants. */
static void survey_clocks(struct bl_engine *e)
{
	unsigned domains = 0; /* bits */

	e->segment->header.clock.trim_ppm = 0;
	for (unsigned i = BL_SPANS; i-- > 0;) {
		const struct bl_span *span = &e->segment->spans[i];

		if (!span->open || !valid(&span->settings))
			continue;
		e->segment->header.clock.trim_ppm = (double)span->settings.trim_ppm;
		if (span->settings.clock_recovered)
			domains |= 1u << span->settings.clock_domain;
	}
	e->segment->header.clock.domains = (uint32_t)__builtin_popcount(domains);
}

static void close_timeslots(struct bl_engine *e, unsigned n)
{
	for (unsigned i = 0; i < BL_TIMESLOTS; i++)
		bl_port_close(e, n * BL_TIMESLOTS + i);
}

/* Those that the span's new settings have no bearer for. */
static void close_others(struct bl_engine *e, unsigned n)
{
	for (unsigned i = 0; i < BL_TIMESLOTS; i++)
		if (bl_timeslot_fits(&e->segment->spans[n].settings, i))
			bl_port_close(e, n * BL_TIMESLOTS + i);
}

static void start_d_channel(struct bl_span *span)
{
	(void)bl_hdlc_rx_init(&span->rx, NULL); /* defaults cannot fail */
	(void)bl_hdlc_tx_init(&span->tx, NULL);
}

static int open_card(struct bl_engine *e, unsigned n, unsigned owner, const struct bl_open_span *settings, bool first)
{
	struct bl_span *span = &e->segment->spans[n];
	int fd;

	span->owner = (uint8_t)owner;
	span->settings = *settings;
	fd = io_of(span)->open(span, first);
	if (fd < 0)
		return fd;
	e->span_fds[n] = fd;
	bl_mark_span(e, n);
	bl_cas_begin(span, first);
	if (first) {
		span->counters = (struct bl_span_counters){0};
		span->alarms = span->card_alarms = 0;
		span->framer.alarms = 0;
		memset(span->framer.bits, BL_BITS_UNKNOWN, sizeof span->framer.bits);
		span->bad_ticks = span->good_ticks = span->fit_windows = 0;
		start_d_channel(span);
	}
	atomic_signal_fence(memory_order_seq_cst);
	span->open = 1;
	return 0;
}

/*
 * `first`: a new life of the span; otherwise the engine comes back and counters, clock and numbering go on. One that is
 * open goes on as it was where the card refuses.
 */
int bl_span_open(struct bl_engine *e, unsigned n, unsigned owner, const struct bl_open_span *settings, bool first)
{
	struct bl_span *span = &e->segment->spans[n];
	struct bl_open_span wanted = *settings, before = span->settings;
	unsigned owned = span->owner;
	bool goes_on = first && span->open;
	int error;

	if (!valid(&wanted))
		return -EINVAL;
	bl_span_release(e, n);
	span->number = (uint8_t)n;
	span->open = 0;
	error = open_card(e, n, owner, &wanted, first);
	if (!error && first)
		close_others(e, n);
	if (error && goes_on && open_card(e, n, owned, &before, false))
		close_timeslots(e, n);
	survey_clocks(e);
	return error;
}

int bl_span_close(struct bl_engine *e, unsigned n)
{
	if (!e->segment->spans[n].open)
		return -ENOTCONN;
	close_timeslots(e, n);
	bl_span_release(e, n);
	e->segment->spans[n].open = 0;
	e->segment->spans[n].alarms = 0;
	survey_clocks(e);
	return 0;
}

int bl_span_tell_framer(struct bl_engine *e, unsigned n, const struct bl_framer_command *told)
{
	struct bl_span *span = &e->segment->spans[n];

	if (!span->open)
		return -ENOTCONN;
	if (told->alarms & ~BL_ALARMS_OF_CARDS)
		return -EINVAL;
	span->framer = *told;
	return 0;
}

int bl_span_send_frame(struct bl_engine *e, unsigned n, const struct bl_send_frame *frame)
{
	struct bl_span *span = &e->segment->spans[n];
	int error;

	if (!span->open || !span->settings.d_channel)
		return -ENOTCONN;
	if (frame->length < 1 || frame->length > BL_HDLC_FRAME_MAX)
		return -EINVAL;
	error = bl_hdlc_tx_send(&span->tx, frame->octets, frame->length);
	if (!error)
		bl_trace_frame(e, n, true, frame->octets, frame->length);
	return error;
}

void bl_spans_resume(struct bl_engine *e)
{
	survey_clocks(e); /* of those that have come back */
	for (unsigned i = 0; i < BL_SPANS; i++)
		if (e->span_fds[i] >= 0)
			io_of(&e->segment->spans[i])->resume(&e->segment->spans[i], &e->tick);
}

static void watch_alarms(struct bl_engine *e, unsigned n)
{
	struct bl_span *span = &e->segment->spans[n];
	uint8_t alarms = span->card_alarms & (uint8_t)~BL_ALARM_RED;
	struct bl_event *event;

	if (alarms & (BL_ALARM_LOS | BL_ALARM_LFA)) {
		span->bad_ticks += span->bad_ticks < PERSIST_TICKS;
		span->good_ticks = 0;
	} else {
		span->good_ticks += span->good_ticks < PERSIST_TICKS;
		span->bad_ticks = 0;
	}
	if (span->bad_ticks >= PERSIST_TICKS || (span->alarms & BL_ALARM_RED && span->good_ticks < PERSIST_TICKS))
		alarms |= BL_ALARM_RED;
	if (alarms == span->alarms)
		return;
	span->alarms = alarms;
	event = bl_event_new(e, span->owner, BL_SPAN_ALARM_CHANGED, n);
	if (!event)
		return;
	event->count = alarms;
	bl_event_publish(e, span->owner);
}

/* What a framer says that is no part of the card. Frames of a line that failed are none. */
static void heed_framer(struct bl_engine *e, unsigned n)
{
	struct bl_span *span = &e->segment->spans[n];
	const struct bl_framer_command *told = &span->framer;

	span->card_alarms |= told->alarms & BL_ALARMS_OF_CARDS;
	if (told->alarms & (BL_ALARM_LOS | BL_ALARM_LFA | BL_ALARM_AIS))
		bl_idle_frames(&span->settings, e->frames[n], e->due[n].rx);
	for (unsigned t = 0; span->settings.cas && t < BL_TIMESLOTS; t++)
		if (told->bits[t] <= 0xf)
			span->cas.rx[t] = told->bits[t];
}

struct receiver {
	struct bl_engine *engine;
	unsigned span;
};

static void frame_received(void *user, const uint8_t *frame, size_t length)
{
	const struct receiver *r = user;
	unsigned owner = r->engine->segment->spans[r->span].owner;
	struct bl_event *event = bl_event_new(r->engine, owner, BL_FRAME_RECEIVED, r->span);

	bl_trace_frame(r->engine, r->span, false, frame, length);
	if (!event)
		return;
	event->length = (uint16_t)length;
	memcpy(event->octets, frame, length);
	bl_event_publish(r->engine, owner);
}

static void receive_d_channel(struct bl_engine *e, unsigned n)
{
	struct bl_span *span = &e->segment->spans[n];
	struct receiver receiver = {e, n};
	uint8_t octets[BL_TICK_FRAMES_MAX];

	if (!span->settings.d_channel || span->settings.d_channel >= BL_TIMESLOTS)
		return;
	for (unsigned i = 0; i < e->due[n].rx; i++)
		octets[i] = e->frames[n][i][span->settings.d_channel];
	(void)bl_hdlc_rx_process(&span->rx, octets, e->due[n].rx, frame_received, &receiver);
}

static void part(struct bl_engine *e, unsigned n, const uint8_t (*frames)[BL_TIMESLOTS])
{
	const struct bl_open_span *settings = &e->segment->spans[n].settings;
	unsigned first = n * BL_TIMESLOTS, last = bl_timeslots(settings);
	uint8_t(*came)[BL_TICK_SAMPLES] = (settings->t1 ? e->ulaw : e->rx) + first;

	for (unsigned t = 1; t <= last; t++)
		for (int i = 0; i < BL_TICK_SAMPLES; i++)
			came[t][i] = frames[i][t];
	if (settings->t1)
		bl_ulaw_to_alaw(came[1], e->rx[first + 1], last * sizeof came[1]);
}

void bl_spans_receive(struct bl_engine *e)
{
	uint8_t even[BL_TICK_SAMPLES][BL_TIMESLOTS];

	for (unsigned n = 0; n < BL_SPANS; n++) {
		struct bl_span *span = &e->segment->spans[n];

		if (e->span_fds[n] < 0)
			continue;
		bl_store_begin(e, n);
		io_of(span)->read(span, e->span_fds[n], &e->tick, e->frames[n], e->due[n].rx);
		heed_framer(e, n);
		if (bl_span_skewed(e->segment, n)) {
			bl_store_receive(e, n, even);
			part(e, n, even);
		} else {
			part(e, n, e->frames[n]);
		}
		receive_d_channel(e, n);
		watch_alarms(e, n);
		bl_cas_tell(e, n);
	}
}

static void join(struct bl_engine *e, unsigned n, uint8_t (*frames)[BL_TIMESLOTS])
{
	const struct bl_open_span *settings = &e->segment->spans[n].settings;
	unsigned last = bl_timeslots(settings);
	uint8_t coded[BL_TICK_SAMPLES];

	memset(frames, bl_idle(settings, BL_TIMESLOTS), BL_TICK_SAMPLES * sizeof frames[0]);
	for (unsigned t = 1; t <= last; t++) {
		unsigned port = n * BL_TIMESLOTS + t;
		const uint8_t *sent = e->tx[port];

		if (e->segment->ports[port].kind != BL_PORT_TIMESLOT)
			continue;
		if (settings->t1) {
			bl_law_send(e, port, coded);
			sent = coded;
		}
		for (int i = 0; i < BL_TICK_SAMPLES; i++)
			frames[i][t] = sent[i];
	}
}

static void send_d_channel(struct bl_engine *e, unsigned n)
{
	struct bl_span *span = &e->segment->spans[n];
	uint8_t octets[BL_TICK_FRAMES_MAX];

	if (!span->settings.d_channel || span->settings.d_channel >= BL_TIMESLOTS)
		return;
	bl_hdlc_tx_process(&span->tx, octets, e->due[n].tx);
	for (unsigned i = 0; i < e->due[n].tx; i++)
		e->frames[n][i][span->settings.d_channel] = octets[i];
}

void bl_spans_send(struct bl_engine *e)
{
	uint8_t even[BL_TICK_SAMPLES][BL_TIMESLOTS];

	for (unsigned n = 0; n < BL_SPANS; n++) {
		struct bl_span *span = &e->segment->spans[n];

		if (e->span_fds[n] < 0)
			continue;
		if (bl_span_skewed(e->segment, n)) {
			join(e, n, even);
			bl_store_send(e, n, even);
		} else {
			join(e, n, e->frames[n]);
		}
		send_d_channel(e, n);
		io_of(span)->write(span, e->span_fds[n], &e->tick, e->frames[n], e->due[n].tx);
	}
}
