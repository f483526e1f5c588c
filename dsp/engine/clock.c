/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The domain's clock: absolute deadlines on CLOCK_MONOTONIC, trimmed by what the leading span's packets tell.
 *
 * A second-order loop holds the lead of the earliest packet of each window at its target. Only the earliest counts:
 * queues and late senders can delay a packet, nothing hurries it. Beginning wide (0.4 rad/s) it follows a clock within
 * seconds; once steady it narrows to 0.05 rad/s, and jitter of the network moves it by less than 1 ppm.
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
#define LATE_NS 10000000

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

/* The span that leads: the first open one that may and is not in LOS. */
static unsigned choose_leader(const struct bl_segment *s)
{
	for (unsigned i = 0; i < BL_SPANS; i++)
		if (s->spans[i].open && s->spans[i].settings.clock_recovered &&
		    !(s->spans[i].card_alarms & BL_ALARM_LOS))
			return i;
	return BL_SPANS;
}

static void steer(struct bl_clock *c, int64_t error_ns)
{
	double error_us = (double)error_ns / 1000.0; /* µs per second is ppm */
	double bandwidth = c->locked ? NARROW_RAD_S : WIDE_RAD_S;

	c->steady = llabs(error_ns) < STEADY_NS ? c->steady + (c->steady < STEADY_WINDOWS) : 0;
	c->mean_us += (error_us - c->mean_us) / MEAN_WINDOWS;
	if (c->steady >= STEADY_WINDOWS && fabs(c->mean_us) < MEAN_US)
		c->locked = 1;
	if (llabs(error_ns) > LOST_NS)
		c->locked = 0;
	else
		c->ppm = limit(c->ppm + bandwidth * bandwidth * error_us * WINDOW_S, LIMIT_PPM);
	c->correction = limit(2 * bandwidth * error_us, LIMIT_PPM);
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

static void close_window(struct bl_engine *e)
{
	struct bl_clock *c = &e->segment->header.clock;
	unsigned leader = choose_leader(e->segment);

	if (leader != c->leader)
		c->steady = c->locked = 0;
	c->leader = leader;
	if (leader == BL_SPANS)
		c->correction = 0;
	for (unsigned i = 0; i < BL_SPANS; i++) {
		struct bl_span *span = &e->segment->spans[i];

		if (!span->open || span->phase.packets == 0)
			continue;
		span->phase.last_ns = span->phase.lead_ns;
		span->phase.packets = 0;
		if (span->phase.fresh)
			learn_target(&span->phase);
		else if (i == leader)
			steer(c, span->phase.last_ns - span->phase.target_ns);
		watch_ring(span);
	}
}

void bl_clock_update(struct bl_engine *e)
{
	struct bl_header *h = &e->segment->header;
	struct bl_clock *c = &h->clock;

	if (!isfinite(c->ppm) || !isfinite(c->correction) || !isfinite(c->trim_ppm) || !isfinite(c->mean_us))
		c->ppm = c->correction = c->trim_ppm = c->mean_us = 0;
	if (++c->ticks >= WINDOW_TICKS) {
		c->ticks = 0;
		close_window(e);
	}
	h->clock_ppm = (float)(c->ppm + c->trim_ppm);
}

/* The deadline `ticks` ticks after the one under way. */
int64_t bl_clock_advance(struct bl_engine *e, uint64_t ticks)
{
	const struct bl_clock *c = &e->segment->header.clock;
	double ppm = limit(c->ppm + c->correction + c->trim_ppm, 2 * LIMIT_PPM);
	double step = (double)ticks * BL_TICK_NS / (1.0 + ppm * 1e-6) + e->period_left_ns;
	int64_t whole = (int64_t)step;

	e->period_left_ns = step - (double)whole;
	return e->tick.deadline_ns + whole;
}

void bl_lateness_note(struct bl_lateness *l, int64_t late_ns)
{
	uint64_t late = late_ns > 0 ? (uint64_t)late_ns : 0;
	unsigned place = 0;

	for (uint64_t us = late / 1000; us && place < BL_HISTOGRAM - 1; us >>= 1)
		place++;
	l->histogram[place]++;
	if (late > l->worst_ns)
		l->worst_ns = late;
	l->late += late > LATE_NS;
}

static void *reference(void *context)
{
	struct bl_engine *e = context;
	struct bl_header *h = &e->segment->header;
	int64_t next = bl_now_ns();

	while (!bl_stop_asked(h)) {
		struct timespec at = {next / 1000000000, next % 1000000000};
		int64_t late;

		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
			;
		late = bl_now_ns() - next;
		bl_lateness_note(&h->reference, late);
		next += late > 20 * BL_TICK_NS ? late / BL_TICK_NS * BL_TICK_NS : BL_TICK_NS;
	}
	return NULL;
}

int bl_reference_start(struct bl_engine *e)
{
	return -pthread_create(&e->reference, NULL, reference, e);
}

void bl_reference_stop(struct bl_engine *e)
{
	pthread_join(e->reference, NULL);
}
