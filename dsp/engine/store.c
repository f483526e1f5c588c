/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border between the engine's clock and that of a span of another domain: 39 to 41 of the span's frames a tick are
 * 40 of ours, both ways.
 *
 * A timeslot that carries a sound is resampled (skew.h): its delay is 2 ms, and it never slips. One that is clear keeps
 * its octets; a frame may be held back, and where the clocks have passed one another by more it is left out or said
 * twice, a controlled slip (G.822). The D-channel is read and made at the span's own frames, before all this.
 *
 * One place between two frames stands for the whole span and both directions: what is sent is made at the mirror of
 * where what is received is heard, so as many frames go out as come in. In a box of two domains all spans of a
 * recovered clock come through here; those of the leader's domain stand at place 0, where nothing is changed, and
 * after another one has led they go back there slowly.
 */
#include <math.h>
#include <string.h>

#include "g711.h"
#include "machine.h"

#define ONE (1ll << 32)   /* a frame */
#define PPM_MAX 290.0     /* what a tick of 39 frames makes of it is still the resampler's */
#define SETTLE_STEP 85899 /* 20 ppm: half a frame takes 3 s */

bool bl_span_apart(const struct bl_engine *e, unsigned n)
{
	const struct bl_span *spans = e->segment->spans;
	uint32_t leader = e->segment->header.clock.leader;

	return bl_span_skewed(e->segment, n) && leader < BL_SPANS &&
	       spans[leader].settings.clock_domain != spans[n].settings.clock_domain;
}

/* Of the span's clock against the engine's. */
static int32_t step_apart(const struct bl_loop *far, const struct bl_loop *ours)
{
	double ppm = far->ppm + far->correction - ours->ppm - ours->correction;

	if (!(fabs(ppm) <= PPM_MAX)) /* torn, or a clock that cannot be followed: the card slips */
		ppm = isfinite(ppm) ? copysign(PPM_MAX, ppm) : 0;
	return (int32_t)lrint(ppm * 1e-6 * (double)ONE);
}

/* Towards place 0, by the shorter way; the last of it is passed upwards. */
static int32_t step_home(uint32_t place)
{
	int32_t step = (int32_t)(0u - place) / BL_TICK_SAMPLES;

	if (place < BL_TICK_SAMPLES)
		return 0;
	return step > SETTLE_STEP ? SETTLE_STEP : step < -SETTLE_STEP ? -SETTLE_STEP : step ? step : 1;
}

/* n outputs of 40 inputs, from the mirror of one place to that of another. */
static struct bl_pace mirror(uint32_t before, uint32_t after, unsigned n)
{
	struct bl_pace tx = {.place = 0u - before};
	int64_t end = (BL_TICK_SAMPLES - (int64_t)n) * ONE, way = end + (0u - after) - (int64_t)tx.place;

	tx.step = (int32_t)(way / n - (way % n < 0));
	tx.step += tx.place + (int64_t)n * tx.step < end; /* 40 are taken only by one that does not stay behind */
	return tx;
}

void bl_store_begin(struct bl_engine *e, unsigned n)
{
	struct bl_span *span = &e->segment->spans[n];
	struct bl_store *store = &span->store;
	struct bl_due *due = &e->due[n];
	struct bl_skew whole = {.place = store->rx.place};
	bool apart = bl_span_apart(e, n);

	if (!bl_span_skewed(e->segment, n)) {
		*store = (struct bl_store){0};
		span->phase.place_ns = 0;
		*due = (struct bl_due){.rx = BL_TICK_SAMPLES, .tx = BL_TICK_SAMPLES};
		return;
	}
	whole.step = apart ? step_apart(&span->loop, &e->segment->header.clock.loop) : step_home(whole.place);
	store->rx.step = whole.step;
	due->rx = (unsigned)bl_skew_want(&whole, BL_TICK_SAMPLES);
	due->place = whole.place + BL_TICK_SAMPLES * (uint32_t)whole.step;
	if (!apart && whole.step == 0)
		due->place = 0; /* a hundredth of a millionth of a sample */
	due->tx = due->rx + (due->place != 0) - (whole.place != 0);
	due->sent = mirror(whole.place, due->place, due->tx);
	span->phase.place_ns = (int64_t)(whole.place * 125000ull >> 32);
}

static bool resampled(const struct bl_engine *e, unsigned port)
{
	const struct bl_port *p = &e->segment->ports[port];

	return p->kind == BL_PORT_TIMESLOT && p->resampled;
}

static bool clear_open(const struct bl_engine *e, unsigned n)
{
	for (unsigned port = n * BL_TIMESLOTS; port < (n + 1) * BL_TIMESLOTS; port++)
		if (bl_port_is_open(e, port) && !resampled(e, port))
			return true;
	return false;
}

/* n frames into `wanted`, one of them may be held back. True if that took a slip. */
static bool even_out(struct bl_held *held, const uint8_t (*in)[BL_TIMESLOTS], unsigned n, uint8_t (*out)[BL_TIMESLOTS],
                     unsigned wanted)
{
	unsigned first = held->count > 0, have = first + n;

	for (unsigned i = 0; i < wanted; i++) {
		unsigned from = i < have ? i : have - 1;

		memcpy(out[i], from < first ? held->frame : in[from - first], BL_TIMESLOTS);
	}
	held->count = have > wanted;
	memcpy(held->frame, in[n - 1], BL_TIMESLOTS);
	return have < wanted || have > wanted + 1;
}

void bl_store_receive(struct bl_engine *e, unsigned n, uint8_t (*frames)[BL_TIMESLOTS])
{
	struct bl_span *span = &e->segment->spans[n];

	if (even_out(&span->store.rx_held, e->frames[n], e->due[n].rx, frames, BL_TICK_SAMPLES) && clear_open(e, n))
		span->counters.slips++;
}

static void hear(struct bl_engine *e, unsigned port)
{
	unsigned n = port / BL_TIMESLOTS, t = port % BL_TIMESLOTS, count = e->due[n].rx;
	struct bl_skew *skew = &e->segment->rx_skew[port];
	uint8_t octets[BL_TICK_FRAMES_MAX];
	int16_t sound[BL_TICK_FRAMES_MAX];

	for (unsigned i = 0; i < count; i++)
		octets[i] = e->frames[n][i][t];
	if (e->segment->spans[n].settings.t1)
		bl_ulaw_decode(octets, sound, count);
	else
		bl_alaw_decode(octets, sound, count);
	skew->place = e->segment->spans[n].store.rx.place;
	skew->step = e->segment->spans[n].store.rx.step;
	(void)bl_skew_process(skew, sound, count, e->heard[port], BL_TICK_SAMPLES); /* as many as it wants */
	bl_alaw_encode(e->heard[port], e->rx[port], BL_TICK_SAMPLES);
}

void bl_stores_resample(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open && e->open[i] < BL_RTP_FIRST; i++) {
		unsigned port = e->open[i], n = port / BL_TIMESLOTS;
		struct bl_port *p = bl_port(e, port);
		bool sounds = p->profile == BL_PROFILE_VOICE || p->profile == BL_PROFILE_VBD;

		if (!sounds || e->span_fds[n] < 0 || !bl_span_skewed(e->segment, n)) {
			p->resampled = 0;
			continue;
		}
		if (!p->resampled) {
			(void)bl_skew_init(&e->segment->rx_skew[port]); /* cannot fail */
			(void)bl_skew_init(&e->segment->tx_skew[port]);
			p->resampled = 1;
		}
		hear(e, port);
	}
}

static void say(struct bl_engine *e, unsigned port)
{
	unsigned n = port / BL_TIMESLOTS, t = port % BL_TIMESLOTS, count = e->due[n].tx;
	struct bl_skew *skew = &e->segment->tx_skew[port];
	uint8_t octets[BL_TICK_FRAMES_MAX];
	int16_t sound[BL_TICK_FRAMES_MAX];

	skew->place = e->due[n].sent.place;
	skew->step = e->due[n].sent.step;
	(void)bl_skew_process(skew, e->said[port], BL_TICK_SAMPLES, sound, count); /* 40 are what it wants */
	if (e->segment->spans[n].settings.t1)
		bl_ulaw_encode(sound, octets, count);
	else
		bl_alaw_encode(sound, octets, count);
	for (unsigned i = 0; i < count; i++)
		e->frames[n][i][t] = octets[i];
}

void bl_store_send(struct bl_engine *e, unsigned n, const uint8_t (*frames)[BL_TIMESLOTS])
{
	struct bl_span *span = &e->segment->spans[n];

	if (even_out(&span->store.tx_held, frames, BL_TICK_SAMPLES, e->frames[n], e->due[n].tx) && clear_open(e, n))
		span->counters.slips_sent++;
	for (unsigned t = 1; t < BL_TIMESLOTS; t++)
		if (resampled(e, n * BL_TIMESLOTS + t))
			say(e, n * BL_TIMESLOTS + t);
	span->store.rx.place = e->due[n].place;
}
