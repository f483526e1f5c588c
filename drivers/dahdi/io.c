/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A span of DAHDI's kernel drivers: a descriptor a timeslot, read and written in clear channel mode.
 *
 * The descriptors are opened by `drivers/dahdi` and inherited: whoever closes a channel hangs it up, so they outlive
 * the engine, and nothing is opened or closed here. One that is dead may be replaced by another under its number, the
 * reference last. The kernel gives whole blocks, and an event on any channel stops
 * its reading and writing until it is fetched; the only ones that matter here say that a buffer ran over or empty. Then
 * all channels are emptied and laid out anew: one gap, and all of them have the same age again.
 *
 * Every timeslot has a queue of octets that have come. That of the first one, the reference, is drawn empty in each
 * tick (its blocks are short), and its depth is what is known of the card's clock; the others draw what a tick takes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "span.h"

/* DAHDI's interface, dahdi/user.h of version 3.1. */
#define DAHDI_CODE 0xDA
#define FLUSH _IOW(DAHDI_CODE, 3, int)
#define FLUSH_ALL 7 /* what was read, what is to be written, events */
#define GETEVENT _IOR(DAHDI_CODE, 8, int)
#define GETRXBITS _IOR(DAHDI_CODE, 43, int)
#define SETTXBITS _IOW(DAHDI_CODE, 43, int)
#define ABCD 0xf /* above are the neighbour's in a dynamic span */
#define SPANSTAT _IOWR(DAHDI_CODE, 10, struct span_information)
#define EVENT_WAITS 500 /* errno of a read or write while an event waits to be fetched */
#define EVENT_READ_OVERRUN 29
#define EVENT_WRITE_UNDERRUN 30
#define EVENTS_MAX 64 /* that a channel can have waiting */

enum line_alarm { /* bits of span_information.alarms */
	          YELLOW = 1 << 2,
	          RED = 1 << 3,
	          BLUE = 1 << 4,
	          NOT_OPEN = 1 << 5,
	          LOS = 1 << 8,
	          LFA = 1 << 9,
	          LMFA = 1 << 10
};

struct span_information {
	int32_t span; /* asked for; 0: the channel's own */
	char name[20], description[40];
	int32_t alarms;
	uint8_t rest[246]; /* counters and texts, read by control.py */
} __attribute__((packed));

_Static_assert(sizeof(struct span_information) == 314, "the size is part of the request's number");

#define BEARERS (BL_TIMESLOTS - 1)
#define NO_CHANNEL 0xffffu
#define BLOCK 40  /* octets, the longest; driver.py sets them */
#define RING 1024 /* octets: the longest wait, a shift and what comes in a stall */
#define MASK (RING - 1)
#define FRAME_NS 125000
#define FRAMES_PER_MS 8
#define JITTER_MIN_MS 2
#define JITTER_MAX_MS 40 /* the reference's tick takes two of the 32 buffers that a channel can have: 80 ms in all */
#define SHIFT_MAX 256
#define EMPTY_TICKS 8 /* 40 ms with nothing to play are LOS */

struct settings {              /* drivers/dahdi/driver.py packs it */
	uint16_t fd[BEARERS];  /* of timeslot 1 on */
	uint8_t reference : 7; /* timeslot */
	uint8_t lines : 1;     /* analogue ones, which have neither alarms nor one age */
	uint8_t jitter_ms;
} __attribute__((packed));

enum stage { EMPTY, FILLING, PLAYING };

struct queue {
	uint32_t taken; /* octets */
	uint32_t count;
	uint32_t filling; /* laid out anew by itself, of lines only */
	uint8_t octets[RING];
};

struct state {
	uint32_t stage; /* enum stage */
	uint32_t empty_ticks;
	uint32_t reference;    /* index of the queue that shows the clock; of lines another when it has lost sound */
	uint8_t bits[BEARERS]; /* CAS as the card sends it; BL_BITS_UNKNOWN: it was not told yet */
	struct queue queues[BEARERS];
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

/* The card has been told nothing. */
static void begin_anew(struct bl_span *span)
{
	state_of(span)->stage = EMPTY;
	memset(state_of(span)->bits, BL_BITS_UNKNOWN, sizeof state_of(span)->bits);
}

static int valid(const struct settings *s)
{
	return s->reference >= 1 && s->reference <= BEARERS && s->fd[s->reference - 1] != NO_CHANNEL &&
	       s->jitter_ms >= JITTER_MIN_MS && s->jitter_ms <= JITTER_MAX_MS;
}

/* Whatever stands behind the channels' numbers is asked in each tick; the engine's own descriptor is none of them. */
static int span_open(struct bl_span *span, int first)
{
	struct settings s = settings_of(span);
	int fd;

	if (!valid(&s))
		return -EINVAL;
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (first)
		memset(span->card_state, 0, sizeof(struct state));
	begin_anew(span);
	state_of(span)->reference = s.reference - 1u;
	span->phase = (struct bl_phase){.least_ns = s.jitter_ms * 1000000ll};
	bl_phase_start(&span->phase);
	return fd;
}

/* What has waited in the card since the engine died is not heard. */
static void span_resume(struct bl_span *span, const struct bl_tick *tick)
{
	(void)tick;
	state_of(span)->stage = EMPTY;
}

static uint8_t line_alarms(int fd, int lines)
{
	struct span_information information = {0};
	unsigned told;
	uint8_t alarms = 0;

	if (ioctl(fd, SPANSTAT, &information) < 0)
		return BL_ALARM_LOS | BL_ALARM_FAULT; /* the card is gone */
	if (lines)
		return 0;
	told = (unsigned)information.alarms;
	if (told & (LFA | LMFA))
		alarms |= BL_ALARM_LFA;
	if (told & (LOS | NOT_OPEN) || (told & RED && !alarms))
		alarms |= BL_ALARM_LOS;
	if (told & BLUE)
		alarms |= BL_ALARM_AIS;
	if (told & YELLOW)
		alarms |= BL_ALARM_RAI;
	return alarms;
}

/* Fetch the events of a channel; true if one says that sound was lost. */
static int lost_sound(int fd)
{
	int lost = 0, event;

	for (int i = 0; i < EVENTS_MAX && ioctl(fd, GETEVENT, &event) == 0 && event; i++)
		lost |= event == EVENT_READ_OVERRUN || event == EVENT_WRITE_UNDERRUN;
	return lost;
}

static void push(struct queue *q, const uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		q->octets[(q->taken + q->count++) & MASK] = octets[i];
}

/* Read what has come until `wanted` octets wait. True if sound was lost. */
static int draw(struct queue *q, int fd, unsigned wanted)
{
	uint8_t block[BLOCK];
	int events = 0;

	while (q->count < wanted && q->count <= RING - BLOCK) {
		ssize_t n = read(fd, block, sizeof block);

		if (n > 0) {
			push(q, block, (size_t)n);
			continue;
		}
		if (n == 0 || errno != EVENT_WAITS)
			return 0;
		if (lost_sound(fd) || ++events > EVENTS_MAX)
			return 1;
	}
	return 0;
}

/* True if all was taken or the card has no room; false if sound was lost. */
static int send(struct bl_span *span, int fd, const uint8_t *octets, size_t n)
{
	int events = 0;

	while (n) {
		ssize_t done = write(fd, octets, n);

		if (done > 0) {
			octets += done;
			n -= (size_t)done;
			continue;
		}
		if (done == 0 || errno != EVENT_WAITS) {
			span->counters.send_errors++;
			return 1;
		}
		if (lost_sound(fd) || ++events > EVENTS_MAX)
			return 0;
	}
	return 1;
}

/* Empty a channel and give it as much to send as the engine may be late. */
static void empty(struct bl_span *span, const struct settings *s, unsigned i)
{
	struct queue *q = &state_of(span)->queues[i];
	uint8_t idle[JITTER_MAX_MS * FRAMES_PER_MS];
	int what = FLUSH_ALL;

	q->taken = q->count = q->filling = 0;
	memset(idle, bl_idle(&span->settings, i + 1), sizeof idle);
	(void)ioctl(s->fd[i], FLUSH, &what);
	(void)send(span, s->fd[i], idle, (size_t)s->jitter_ms * FRAMES_PER_MS);
}

/* All channels begin anew. */
static void lay_out(struct bl_span *span, const struct settings *s)
{
	struct state *st = state_of(span);

	for (unsigned i = 0; i < BEARERS; i++)
		if (s->fd[i] != NO_CHANNEL)
			empty(span, s, i);
	st->stage = FILLING;
	span->shift_frames = 0;
	span->counters.resyncs++;
	bl_phase_start(&span->phase);
}

/* Another line shows the clock, if there is one that has its sound. */
static int change_reference(struct bl_span *span, const struct settings *s)
{
	struct state *st = state_of(span);

	for (unsigned i = 0; i < BEARERS; i++) {
		if (s->fd[i] == NO_CHANNEL || i == st->reference || st->queues[i].filling)
			continue;
		st->reference = i;
		bl_phase_start(&span->phase);
		return 1;
	}
	return 0;
}

/*
 * A line has lost sound, which hanging up does to it: the kernel empties its buffers. The others go on. True if all are
 * to be laid out anew, as timeslots of one age are.
 */
static int lost_in(struct bl_span *span, const struct settings *s, unsigned i)
{
	struct state *st = state_of(span);

	if (!s->lines || (i == st->reference && !change_reference(span, s)))
		return 1;
	empty(span, s, i);
	st->queues[i].filling = 1;
	return 0;
}

/* All channels draw `wanted` octets, the reference all it has. True if sound was lost. */
static int draw_all(struct bl_span *span, const struct settings *s, unsigned wanted)
{
	struct state *st = state_of(span);
	int lost = 0;

	for (unsigned i = 0; i < BEARERS; i++) {
		struct queue *q = &st->queues[i];

		if (q->count > RING) /* torn */
			q->count = 0;
		if (s->fd[i] != NO_CHANNEL)
			if (draw(q, s->fd[i], i == st->reference || q->filling ? RING : wanted))
				lost |= lost_in(span, s, i);
	}
	return lost;
}

/* What the engine's clock could not hold: leave frames out, or say idle before them. */
static void shift(struct bl_span *span, int64_t frames)
{
	struct state *st = state_of(span);

	for (unsigned i = 0; i < BEARERS; i++) {
		struct queue *q = &st->queues[i];
		uint32_t out = frames > 0 && (uint64_t)frames < q->count ? (uint32_t)frames : 0;

		q->taken += out;
		q->count -= out;
		for (int64_t k = frames; k < 0 && q->count < RING; k++, q->count++)
			q->octets[--q->taken & MASK] = bl_idle(&span->settings, i + 1);
	}
	span->shift_frames = 0;
	span->counters.slips++;
}

static void take(struct bl_span *span, const struct settings *s, unsigned timeslot, uint8_t frames[][BL_TIMESLOTS],
                 unsigned n)
{
	struct queue *q = &state_of(span)->queues[timeslot - 1];

	if (q->filling && q->count < (unsigned)s->jitter_ms * FRAMES_PER_MS + n)
		return;
	q->filling = 0;
	if (q->count < n) {
		span->counters.lost++;
		return;
	}
	for (unsigned i = 0; i < n; i++)
		frames[i][timeslot] = q->octets[(q->taken + i) & MASK];
	q->taken += n;
	q->count -= n;
}

static int64_t late_ns(const struct bl_tick *tick)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - tick->deadline_ns;
}

/* True if this tick has frames to play. */
static int receive(struct bl_span *span, const struct settings *s, const struct bl_tick *tick, unsigned n)
{
	struct state *st = state_of(span);
	const struct queue *reference;
	int64_t wanted = span->shift_frames;

	if (wanted > SHIFT_MAX || wanted < -SHIFT_MAX)
		st->stage = EMPTY;
	if (st->stage == EMPTY)
		lay_out(span, s);
	if (draw_all(span, s, n + (span->shift_frames > 0 ? (unsigned)span->shift_frames : 0))) {
		st->stage = EMPTY;
		return 0;
	}
	reference = &st->queues[st->reference < BEARERS ? st->reference : s->reference - 1u];
	if (st->stage == FILLING && reference->count < (unsigned)s->jitter_ms * FRAMES_PER_MS + n)
		return 0;
	st->stage = PLAYING;
	bl_phase_observe(&span->phase, ((int64_t)reference->count - 1) * FRAME_NS - late_ns(tick));
	if (span->shift_frames)
		shift(span, span->shift_frames);
	return reference->count >= n;
}

/* What stands while nothing good comes is believed on. */
static void read_bits(struct bl_span *span, const struct settings *s)
{
	int abcd;

	if (span->card_alarms & (BL_ALARM_LOS | BL_ALARM_LFA | BL_ALARM_AIS))
		return;
	for (unsigned t = 1; t < BL_TIMESLOTS; t++)
		if (s->fd[t - 1] != NO_CHANNEL && ioctl(s->fd[t - 1], GETRXBITS, &abcd) == 0)
			span->cas.rx[t] = (uint8_t)(abcd & ABCD);
}

/* The card repeats them by itself; one that refuses is told again in the next tick. */
static void send_bits(struct bl_span *span, const struct settings *s)
{
	uint8_t *sent = state_of(span)->bits;

	for (unsigned t = 1; t < BL_TIMESLOTS; t++) {
		int abcd = span->cas.tx[t];

		if (s->fd[t - 1] != NO_CHANNEL && abcd != sent[t - 1] && ioctl(s->fd[t - 1], SETTXBITS, &abcd) == 0)
			sent[t - 1] = (uint8_t)abcd;
	}
}

static void span_read(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS],
                      unsigned n)
{
	struct state *st = state_of(span);
	struct settings s = settings_of(span);

	(void)fd;
	span->card_alarms = line_alarms(s.fd[s.reference - 1], s.lines);
	bl_idle_frames(&span->settings, frames, n);
	if (span->card_alarms & BL_ALARM_FAULT) {
		begin_anew(span);
		return;
	}
	if (span->settings.cas)
		read_bits(span, &s);
	if (!receive(span, &s, tick, n)) {
		st->empty_ticks += st->empty_ticks < EMPTY_TICKS;
		if (st->empty_ticks >= EMPTY_TICKS)
			span->card_alarms |= s.lines ? BL_ALARM_LOS | BL_ALARM_FAULT : BL_ALARM_LOS;
		return;
	}
	st->empty_ticks = 0;
	span->counters.received++;
	for (unsigned t = 1; t < BL_TIMESLOTS; t++)
		if (s.fd[t - 1] != NO_CHANNEL)
			take(span, &s, t, frames, n);
}

static void span_write(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS],
                       unsigned n)
{
	struct state *st = state_of(span);
	struct settings s = settings_of(span);
	uint8_t octets[BL_TICK_FRAMES_MAX];

	(void)fd;
	(void)tick;
	for (unsigned t = 1; t < BL_TIMESLOTS && st->stage != EMPTY; t++) {
		if (s.fd[t - 1] == NO_CHANNEL)
			continue;
		for (unsigned i = 0; i < n; i++)
			octets[i] = frames[i][t];
		if (!send(span, s.fd[t - 1], octets, n) && lost_in(span, &s, t - 1))
			st->stage = EMPTY;
	}
	if (span->settings.cas)
		send_bits(span, &s);
	span->counters.sent++;
}

const struct bl_span_io bl_dahdi_io = {span_open, span_resume, span_read, span_write, NULL};
