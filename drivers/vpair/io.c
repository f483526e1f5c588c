/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two spans of one engine back to back, as if a crossed cable joined them.
 *
 * A cable without a clock brings in a tick what was sent in the one before, octet for octet. One with a clock of its
 * own takes frames from the sender's card and brings them at its own pace, as a line does: a card that is given too few
 * or too many frames loses some, and the receiver counts it.
 *
 * A span whose partner is not open, names another partner, is of the other kind (E1, T1) or has a clock that stands
 * still has LOS; one in RED tells its partner so (RAI, G.732).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>

#include "span.h"

#define RING 512 /* frames */
#define MASK (RING - 1)
#define FRAME_NS 125000
#define CARD_FRAMES 64                     /* that a card of a clock of its own has waiting to be sent: 8 ms */
#define EARLY_FRAMES (BL_TICK_SAMPLES + 8) /* that have come before a tick takes the first of them */
#define FAR_PPM_MAX 300.0f

enum fault { NONE, CLOCK_STOPPED, AIS, FAULTS };

struct settings { /* drivers/vpair/driver.py packs it */
	uint8_t partner;
	uint8_t clocked;
	uint8_t fault; /* enum fault, of what this span sends */
	float far_ppm; /* clock of what it receives against the machine's */
} __attribute__((packed));

struct state {
	/* Sent. */
	uint64_t written; /* frames; stored after they are there */
	uint8_t frames[RING][BL_TIMESLOTS];
	uint8_t bits[BL_TIMESLOTS]; /* CAS, with the newest frame */
	/* Received. */
	uint64_t passed; /* of the partner's frames, those that the cable has brought */
	uint64_t taken;
	double part;   /* of the next one that has come */
	int64_t at_ns; /* when so much had come */
	uint32_t synced;
};

_Static_assert(sizeof(struct settings) <= BL_CARD_SETTINGS, "settings");
_Static_assert(sizeof(struct state) <= BL_CARD_STATE, "state");

static struct state *state_of(struct bl_span *span)
{
	return (struct state *)(void *)span->card_state;
}

static struct settings settings_of(const struct bl_span *span)
{
	struct settings s;

	memcpy(&s, span->settings.settings, sizeof s);
	return s;
}

static int settings_valid(const struct bl_span *span, const struct settings *s)
{
	return s->partner < BL_SPANS && s->partner != span->number && s->clocked <= 1 && s->fault < FAULTS &&
	       fabsf(s->far_ppm) <= FAR_PPM_MAX;
}

static int span_open(struct bl_span *span, int first)
{
	struct settings s = settings_of(span);
	int fd;

	if (!settings_valid(span, &s))
		return -EINVAL;
	if (first) {
		memset(span->card_state, 0, sizeof(struct state));
		bl_idle_frames(&span->settings, state_of(span)->frames, RING);
		state_of(span)->written = CARD_FRAMES;
	}
	span->phase = (struct bl_phase){.least_ns = EARLY_FRAMES * FRAME_NS};
	bl_phase_start(&span->phase);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* a span has a descriptor; this one carries nothing */
	return fd < 0 ? -errno : fd;
}

/* What was sent before the gap is not heard after it. */
static void span_resume(struct bl_span *span, const struct bl_tick *tick)
{
	(void)tick;
	state_of(span)->synced = 0;
}

static int joined(const struct bl_span *span, const struct bl_span *partner)
{
	return partner->open && partner->settings.card == BL_CARD_VPAIR &&
	       settings_of(partner).partner == span->number && partner->settings.t1 == span->settings.t1;
}

/* Frames that the cable's clock brings from the last look on. */
static uint64_t due(struct bl_span *span, const struct settings *s, const struct bl_tick *tick)
{
	struct state *st = state_of(span);
	double elapsed = ((double)tick->deadline_ns - (double)st->at_ns) / FRAME_NS;
	double frames = st->part + elapsed * (1 + (double)s->far_ppm * 1e-6);

	st->at_ns = tick->deadline_ns;
	if (!(frames >= 0 && frames < RING)) /* the first look, or one after a death */
		frames = 0;
	st->part = frames - floor(frames);
	return (uint64_t)frames;
}

/* True if the cable's clock runs. A card without frames, or with more than it has room for, begins anew. */
static int carry(struct bl_span *span, struct bl_span *partner, const struct bl_tick *tick)
{
	struct state *st = state_of(span);
	struct settings s = settings_of(span);
	uint64_t sent = state_of(partner)->written, came = 0;

	if (!s.clocked)
		st->passed = sent;
	else if (settings_of(partner).fault != CLOCK_STOPPED)
		came = due(span, &s, tick);
	st->passed += came;
	if (sent - st->passed > RING - 2 * BL_TICK_SAMPLES) {
		st->passed = sent - CARD_FRAMES;
		st->synced = 0;
	}
	return came > 0;
}

/* Lay the ring out so that the newest frame waits its full time. True if this tick has some; without a clock it is the
 * next that has them. */
static int synchronise(struct bl_span *span, int came, int clocked)
{
	struct state *st = state_of(span);

	if (clocked && !came)
		return 0;
	st->taken = st->passed - (clocked ? EARLY_FRAMES : 0);
	st->synced = 1;
	bl_phase_start(&span->phase);
	span->counters.resyncs += (uint64_t)clocked;
	return clocked;
}

/* Frames that the engine's clock wants left out or said twice. */
static void slip(struct bl_span *span)
{
	state_of(span)->taken += (uint64_t)span->shift_frames;
	span->counters.slips += span->shift_frames != 0;
	span->shift_frames = 0;
}

static int take(struct state *st, const struct state *sent, uint8_t frames[][BL_TIMESLOTS], unsigned n)
{
	uint64_t early = st->passed - st->taken;

	if (early < n || early > RING - BL_TICK_SAMPLES) {
		st->synced = 0;
		return 0;
	}
	for (unsigned i = 0; i < n; i++)
		memcpy(frames[i], sent->frames[(st->taken + i) & MASK], BL_TIMESLOTS);
	st->taken += n;
	return 1;
}

static int receive(struct bl_span *span, struct bl_span *partner, const struct bl_tick *tick,
                   uint8_t frames[][BL_TIMESLOTS], unsigned n)
{
	struct state *st = state_of(span);
	int came = carry(span, partner, tick), clocked = settings_of(span).clocked;

	if (!st->synced && !synchronise(span, came, clocked))
		return 0;
	slip(span);
	if (clocked && came && st->passed - st->taken <= RING)
		bl_phase_observe(&span->phase, (int64_t)(((double)(st->passed - st->taken) - 1 + st->part) * FRAME_NS));
	return take(st, state_of(partner), frames, n);
}

static void span_read(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS],
                      unsigned n)
{
	unsigned other = settings_of(span).partner;
	struct bl_span *partner = span - span->number + (other < BL_SPANS ? other : span->number);

	(void)fd;
	if (!joined(span, partner) || !receive(span, partner, tick, frames, n)) {
		span->card_alarms = BL_ALARM_LOS;
		span->counters.lost += partner->open;
		bl_idle_frames(&span->settings, frames, n);
		return;
	}
	span->card_alarms = partner->alarms & BL_ALARM_RED ? BL_ALARM_RAI : 0;
	span->counters.received++;
	if (settings_of(partner).fault != AIS) {
		if (partner->settings.cas)
			memcpy(span->cas.rx, state_of(partner)->bits, sizeof span->cas.rx);
		return;
	}
	span->card_alarms |= BL_ALARM_AIS;
	bl_idle_frames(&span->settings, frames, n);
}

static void span_write(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS],
                       unsigned n)
{
	struct state *st = state_of(span);

	(void)fd;
	(void)tick;
	for (unsigned i = 0; i < n; i++)
		memcpy(st->frames[(st->written + i) & MASK], frames[i], BL_TIMESLOTS);
	memcpy(st->bits, span->cas.tx, sizeof st->bits);
	__atomic_store_n(&st->written, st->written + n, __ATOMIC_RELEASE);
	span->counters.sent++;
}

const struct bl_span_io bl_vpair_io = {span_open, span_resume, span_read, span_write, NULL};
