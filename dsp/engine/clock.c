/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's clock: absolute deadlines on CLOCK_MONOTONIC, at the pace of the span that leads.
 *
 * A second-order loop a span holds the lead of the earliest packet of each window at its target. Only the earliest
 * counts: queues and late senders can delay a packet, nothing hurries it. Beginning wide (0.4 rad/s) it follows a clock
 * within seconds; once steady it narrows to 0.05 rad/s, and jitter of the network moves it by less than 1 ppm.
 *
 * The lowest priority leads, of spans without LOS, LFA and AIS. When it fails the next one's loop is taken over as it
 * stands: the pace changes, no phase jumps. It leads again when it has been well for ten seconds. A span of the
 * leader's domain has the leader's clock; what is left of a difference slips.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "machine.h"

#define WINDOW_TICKS 50 /* 250 ms */
#define WINDOW_S 0.25
#define WIDE_RAD_S 0.4
#define NARROW_RAD_S 0.05
#define LIMIT_PPM 250.0   /* G.703: a 2048 kbit/s clock is within 50 ppm; two of them, trims and room to catch up */
#define STEADY_NS 100000  /* near the target … */
#define STEADY_WINDOWS 20 /* … for 5 s: locked */
#define MEAN_WINDOWS 10   /* … and, on the average of these, */
#define MEAN_US 12.0      /* so near that the integral part alone carries the clock within 10 ppm */
#define LOST_NS 2000000   /* this far off: wide again, and no figure to learn a frequency from */
#define BURST_NS 8000000  /* longest burst that a target makes room for */
#define SLIP_MARGIN_NS 1000000
#define RESTORE_WINDOWS 40 /* G.781 wait to restore: 10 s without a fault */

int64_t bl_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double limit(double value, double most)
{
	return value > most ? most : value < -most ? -most : value;
}

static bool fit(const struct bl_span *span)
{
	return span->open && span->settings.clock_recovered &&
	       !(span->card_alarms & (BL_ALARM_LOS | BL_ALARM_LFA | BL_ALARM_AIS));
}

/* The fit span of the lowest priority. */
static unsigned choose_leader(struct bl_segment *s)
{
	unsigned now = s->header.clock.leader, best = BL_SPANS;
	bool led = now < BL_SPANS && fit(&s->spans[now]);

	for (unsigned i = 0; i < BL_SPANS; i++) {
		struct bl_span *span = &s->spans[i];

		span->fit_windows = fit(span) ? span->fit_windows + (span->fit_windows < RESTORE_WINDOWS) : 0;
		if (!span->fit_windows || (led && i != now && span->fit_windows < RESTORE_WINDOWS))
			continue;
		if (best == BL_SPANS || span->settings.clock_priority < s->spans[best].settings.clock_priority)
			best = i;
	}
	return best;
}

static void steer(struct bl_loop *l, int64_t error_ns)
{
	double error_us = (double)error_ns / 1000.0; /* µs per second is ppm */
	double bandwidth = l->locked ? NARROW_RAD_S : WIDE_RAD_S;

	l->steady = llabs(error_ns) < STEADY_NS ? l->steady + (l->steady < STEADY_WINDOWS) : 0;
	l->mean_us += (error_us - l->mean_us) / MEAN_WINDOWS;
	if (l->steady >= STEADY_WINDOWS && fabs(l->mean_us) < MEAN_US)
		l->locked = 1;
	if (llabs(error_ns) > LOST_NS)
		l->locked = 0;
	else
		l->ppm = limit(l->ppm + bandwidth * bandwidth * error_us * WINDOW_S, LIMIT_PPM);
	l->correction = limit(2 * bandwidth * error_us, LIMIT_PPM);
}

/* A ring that runs empty or over, because its clock is not the domain's, is laid out anew: one slip. */
static void watch_ring(struct bl_span *span)
{
	int64_t error = span->phase.last_ns - span->phase.target_ns;
	int64_t most = span->phase.target_ns - SLIP_MARGIN_NS;

	if (error < -most || error > most + 2 * SLIP_MARGIN_NS)
		span->shift_frames = error / 125000;
}

/* The earliest packet of the first windows gives the target: one window may hold no packet that came at its best. */
static void learn_target(struct bl_phase *phase)
{
	int64_t most = phase->least_ns + BURST_NS;

	phase->fresh--;
	if (phase->last_ns > phase->target_ns)
		phase->target_ns = phase->last_ns < most ? phase->last_ns : most;
}

/* What the window told of a span's clock. */
static void judge(struct bl_span *span, bool own)
{
	bl_loop_mend(&span->loop);
	span->loop.correction = 0;
	if (!span->open || span->phase.packets == 0)
		return;
	span->phase.last_ns = span->phase.lead_ns;
	span->phase.packets = 0;
	if (span->phase.fresh) {
		learn_target(&span->phase);
		span->loop.steady = span->loop.locked = 0;
	} else if (own) {
		steer(&span->loop, span->phase.last_ns - span->phase.target_ns);
	}
	watch_ring(span);
}

static void close_window(struct bl_engine *e)
{
	struct bl_segment *s = e->segment;
	struct bl_clock *c = &s->header.clock;

	c->leader = choose_leader(s);
	for (unsigned i = 0; i < BL_SPANS; i++)
		judge(&s->spans[i], i == c->leader || bl_span_apart(e, i));
	if (c->leader == BL_SPANS) {
		c->loop.correction = 0;
		return;
	}
	c->loop = s->spans[c->leader].loop;
	for (unsigned i = 0; i < BL_SPANS; i++)
		if (!bl_span_apart(e, i))
			s->spans[i].loop = c->loop;
}

void bl_loop_mend(struct bl_loop *l)
{
	if (!isfinite(l->ppm) || !isfinite(l->correction) || !isfinite(l->mean_us))
		*l = (struct bl_loop){0};
}

void bl_clock_update(struct bl_engine *e)
{
	struct bl_header *h = &e->segment->header;
	struct bl_clock *c = &h->clock;

	bl_loop_mend(&c->loop);
	if (!isfinite(c->trim_ppm))
		c->trim_ppm = 0;
	if (++c->ticks >= WINDOW_TICKS) {
		c->ticks = 0;
		close_window(e);
	}
	h->clock_ppm = (float)(c->loop.ppm + c->trim_ppm);
}

/* The deadline `ticks` ticks after the one under way. */
int64_t bl_clock_advance(struct bl_engine *e, uint64_t ticks)
{
	const struct bl_clock *c = &e->segment->header.clock;
	double ppm = limit(c->loop.ppm + c->loop.correction + c->trim_ppm, 2 * LIMIT_PPM);
	double step = (double)ticks * BL_TICK_NS / (1.0 + ppm * 1e-6) + e->period_left_ns;
	int64_t whole = (int64_t)step;

	e->period_left_ns = step - (double)whole;
	return e->tick.deadline_ns + whole;
}
