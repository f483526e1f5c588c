/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's side of a TDM highway behind an ALSA PCM device: a framer's, 2.048 Mbit/s, whose 32 timeslots are those
 * of its E1, or one of analogue lines, of 4 to 32, whose first is timeslot 1 as lines are counted.
 *
 * Such a device knows no octets but words: 8 channels of 32 bits at 8 kHz are the 32 timeslots of a frame, the first in
 * the highest octet of the first word (the lowest address is the word's lowest octet). Capture and playback are two
 * devices with one clock; the kernel's own structures are used (sound/asound.h), without a library between. Frames wait
 * in a ring until they are taken, because the hardware's pointer moves in steps. How early they come the clock is told
 * by the kernel's stamp of the last step: a tick sees steps of 4 ms, for one, to the millisecond only.
 *
 * A device that stops (xrun) is started anew. One that has gone is LOS and is let go, for which its card waits in the
 * kernel; it is looked for once a second, as is one that is not there yet, or was not when the engine came back. Lines
 * have no signal of their own to lose: theirs is the card's fault.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sound/asound.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "g711.h"
#include "span.h"

#define WORD 4 /* timeslots of a channel of 32 bits */
#define RATE_HZ 8000
#define RING 1024 /* frames, 128 ms */
#define MASK (RING - 1)
#define FRAME_NS 125000
#define BATCH 128     /* frames of one ioctl */
#define EMPTY_TICKS 8 /* 40 ms without a frame: LOS */
#define AGAIN_TICKS 200
#define CARD_MAX 31
#define LATE_NS_MAX 20000000 /* an engine that catches up does not lay its ring out */
#define WAIT_MS_MIN 10
#define WAIT_MS_MAX 60
#define MS_FRAMES (RATE_HZ / 1000)

struct settings { /* drivers/spi/tdm.py packs it */
	uint8_t card;
	uint8_t device;
	uint8_t wait_ms; /* of a frame that came before it is taken, and of one to be sent */
	uint8_t words;   /* of a frame: 1 to 8 */
	uint8_t lines;   /* analogue ones: 1 */
} __attribute__((packed));

struct state {
	int32_t playback; /* descriptor of this life */
	uint32_t synced;
	uint32_t empty_ticks;
	uint32_t gone_ticks; /* since the devices were let go or last looked for; 0: they are here */
	uint64_t came;       /* frames */
	uint64_t taken;
	uint8_t frames[RING][BL_TIMESLOTS];
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

static unsigned wait_frames(const struct settings *s)
{
	return s->wait_ms * (unsigned)MS_FRAMES;
}

/* Nothing is wanted yet: every mask full, every interval open. */
static void hw_params_any(struct snd_pcm_hw_params *p)
{
	memset(p, 0, sizeof *p);
	memset(p->masks, 0xff, sizeof p->masks);
	for (size_t i = 0; i < sizeof p->intervals / sizeof p->intervals[0]; i++)
		p->intervals[i].max = UINT_MAX;
	p->rmask = UINT_MAX;
	p->info = UINT_MAX;
}

static void want_mask(struct snd_pcm_hw_params *p, unsigned parameter, unsigned bit)
{
	struct snd_mask *mask = &p->masks[parameter - SNDRV_PCM_HW_PARAM_FIRST_MASK];

	memset(mask, 0, sizeof *mask);
	mask->bits[bit / 32] = 1u << bit % 32;
}

static struct snd_interval *want(struct snd_pcm_hw_params *p, unsigned parameter, unsigned least, unsigned most)
{
	struct snd_interval *interval = &p->intervals[parameter - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];

	interval->min = least;
	interval->max = most;
	interval->integer = 1;
	return interval;
}

static int configure(int fd, unsigned words, unsigned waiting)
{
	struct snd_pcm_hw_params hw;
	struct snd_pcm_sw_params sw = {.period_step = 1,
	                               .avail_min = 1,
	                               .proto = SNDRV_PCM_VERSION,
	                               .tstamp_mode = SNDRV_PCM_TSTAMP_ENABLE,
	                               .tstamp_type = SNDRV_PCM_TSTAMP_TYPE_MONOTONIC};
	struct snd_interval *buffer;

	hw_params_any(&hw);
	want_mask(&hw, SNDRV_PCM_HW_PARAM_ACCESS, (unsigned)SNDRV_PCM_ACCESS_RW_INTERLEAVED);
	want_mask(&hw, SNDRV_PCM_HW_PARAM_FORMAT, (unsigned)SNDRV_PCM_FORMAT_S32_LE);
	(void)want(&hw, SNDRV_PCM_HW_PARAM_CHANNELS, words, words);
	(void)want(&hw, SNDRV_PCM_HW_PARAM_RATE, RATE_HZ, RATE_HZ);
	(void)want(&hw, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, 16, BL_TICK_SAMPLES);
	buffer = want(&hw, SNDRV_PCM_HW_PARAM_BUFFER_SIZE, waiting + 4 * BL_TICK_SAMPLES, RING);
	if (ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &hw) < 0)
		return -errno;
	sw.start_threshold = LONG_MAX; /* it is started by us */
	sw.stop_threshold = buffer->min;
	if (ioctl(fd, SNDRV_PCM_IOCTL_SW_PARAMS, &sw) < 0)
		return -errno;
	return 0;
}

static int open_device(const struct settings *s, char direction)
{
	char path[32];
	int fd, error;

	snprintf(path, sizeof path, "/dev/snd/pcmC%uD%u%c", s->card, s->device, direction);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = configure(fd, s->words, wait_frames(s));
	if (!error)
		return fd;
	close(fd);
	return error;
}

static int restart(int fd)
{
	if (ioctl(fd, SNDRV_PCM_IOCTL_PREPARE) < 0 || ioctl(fd, SNDRV_PCM_IOCTL_START) < 0)
		return -errno;
	return 0;
}

/* Frames the device took, or -errno. */
static long put(int fd, uint8_t *words, unsigned n)
{
	struct snd_xferi transfer = {.buf = words, .frames = n};

	return ioctl(fd, SNDRV_PCM_IOCTL_WRITEI_FRAMES, &transfer) < 0 ? -errno : transfer.result;
}

static int restart_playback(int fd, unsigned waiting)
{
	uint8_t words[WAIT_MS_MAX * MS_FRAMES * BL_TIMESLOTS];
	long put_frames;

	memset(words, BL_ALAW_IDLE, sizeof words);
	if (ioctl(fd, SNDRV_PCM_IOCTL_PREPARE) < 0)
		return -errno;
	put_frames = put(fd, words, waiting);
	if (put_frames < 0)
		return (int)put_frames;
	return ioctl(fd, SNDRV_PCM_IOCTL_START) < 0 ? -errno : 0;
}

static void span_close(struct bl_span *span, int fd)
{
	close(state_of(span)->playback);
	close(fd);
}

/* Both devices, running. */
static int open_devices(const struct settings *s, int *capture, int *playback)
{
	int error;

	*capture = open_device(s, 'c');
	if (*capture < 0)
		return *capture;
	*playback = open_device(s, 'p');
	error = *playback < 0 ? *playback : 0;
	if (!error)
		error = restart_playback(*playback, wait_frames(s));
	if (!error)
		error = restart(*capture);
	if (!error)
		return 0;
	if (*playback >= 0)
		close(*playback);
	close(*capture);
	return error;
}

/* Numbers with nothing behind them. */
static int open_nothing(int *capture, int *playback)
{
	int error;

	*capture = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (*capture < 0)
		return -errno;
	*playback = fcntl(*capture, F_DUPFD_CLOEXEC, 0);
	if (*playback >= 0)
		return 0;
	error = -errno;
	close(*capture);
	return error;
}

static int span_open(struct bl_span *span, int first)
{
	struct settings s = settings_of(span);
	struct state *st = state_of(span);
	int capture, playback, error;

	if (span->settings.t1 || s.card > CARD_MAX || s.device > CARD_MAX || s.wait_ms < WAIT_MS_MIN ||
	    s.wait_ms > WAIT_MS_MAX || s.words < 1 || s.words * WORD > BL_TIMESLOTS || s.lines > 1)
		return -EINVAL;
	if (first)
		memset(st, 0, sizeof *st);
	span->phase = (struct bl_phase){.least_ns = (int64_t)wait_frames(&s) * FRAME_NS};
	bl_phase_start(&span->phase);
	st->synced = 0;
	st->empty_ticks = EMPTY_TICKS;
	error = open_devices(&s, &capture, &playback);
	if (error == -EINVAL) /* it is there and is no highway */
		return error;
	st->gone_ticks = error ? 1 : 0;
	if (error)
		error = open_nothing(&capture, &playback);
	if (error)
		return error;
	st->playback = playback;
	return capture;
}

/* The numbers stay the engine's, with nothing behind them. */
static void let_go(struct bl_span *span, int fd)
{
	struct state *st = state_of(span);
	int empty = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (empty < 0)
		return;
	(void)dup3(empty, fd, O_CLOEXEC);
	(void)dup3(empty, st->playback, O_CLOEXEC);
	close(empty);
	st->synced = 0;
	st->gone_ticks = 1;
}

static void look_again(struct bl_span *span, int fd)
{
	struct settings s = settings_of(span);
	struct state *st = state_of(span);
	int capture, playback;

	if (st->gone_ticks++ < AGAIN_TICKS)
		return;
	st->gone_ticks = 1;
	if (open_devices(&s, &capture, &playback))
		return;
	(void)dup3(capture, fd, O_CLOEXEC);
	(void)dup3(playback, st->playback, O_CLOEXEC);
	close(capture);
	close(playback);
	st->gone_ticks = 0;
}

/* What came before the gap is not heard after it. */
static void span_resume(struct bl_span *span, const struct bl_tick *tick)
{
	(void)tick;
	state_of(span)->synced = 0;
}

/* Which octet of a frame's words a timeslot is. */
static unsigned octet_of(const struct settings *s, unsigned timeslot)
{
	return (timeslot - s->lines) ^ (WORD - 1);
}

/* The first timeslot that is not on the highway. */
static unsigned end_of(const struct settings *s)
{
	unsigned end = (unsigned)s->words * WORD + s->lines;

	return end < BL_TIMESLOTS ? end : BL_TIMESLOTS;
}

static void from_words(const struct settings *s, const uint8_t *words, uint8_t frame[BL_TIMESLOTS])
{
	memset(frame, BL_ALAW_IDLE, BL_TIMESLOTS);
	for (unsigned t = s->lines; t < end_of(s); t++)
		frame[t] = words[octet_of(s, t)];
}

static void to_words(const struct settings *s, const uint8_t frame[BL_TIMESLOTS], uint8_t *words)
{
	memset(words, BL_ALAW_IDLE, (size_t)s->words * WORD);
	for (unsigned t = s->lines; t < end_of(s); t++)
		words[octet_of(s, t)] = frame[t];
}

/* What had come by the last step of the hardware's pointer. */
struct step {
	uint64_t frames;
	int64_t at_ns;
};

static struct step last_step(struct bl_span *span, int fd)
{
	struct snd_pcm_sync_ptr told = {.flags = SNDRV_PCM_SYNC_PTR_APPL | SNDRV_PCM_SYNC_PTR_AVAIL_MIN};
	const struct timespec *at = &told.s.status.tstamp;

	if (ioctl(fd, SNDRV_PCM_IOCTL_SYNC_PTR, &told) < 0)
		return (struct step){0};
	return (struct step){.frames = state_of(span)->came + (told.s.status.hw_ptr - told.c.control.appl_ptr),
	                     .at_ns = (int64_t)at->tv_sec * 1000000000 + at->tv_nsec};
}

/* All that has come. */
static unsigned receive(struct bl_span *span, int fd)
{
	struct settings s = settings_of(span);
	struct state *st = state_of(span);
	uint8_t words[BATCH * BL_TIMESLOTS];
	unsigned came = 0;

	for (unsigned batches = 0; batches < RING / BATCH; batches++) {
		struct snd_xferi transfer = {.buf = words, .frames = BATCH};

		if (ioctl(fd, SNDRV_PCM_IOCTL_READI_FRAMES, &transfer) < 0) {
			if (errno == EPIPE && restart(fd) == 0)
				st->synced = 0;
			else if (errno != EAGAIN)
				let_go(span, fd);
			break;
		}
		for (long i = 0; i < transfer.result; i++)
			from_words(&s, words + i * s.words * WORD, st->frames[st->came++ & MASK]);
		came += (unsigned)transfer.result;
		if (transfer.result < BATCH)
			break;
	}
	return came;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Lay the ring out so that the newest frame waits its full time from the tick's, not from a late one's, beginning. */
static void synchronise(struct bl_span *span, int64_t late_ns)
{
	struct settings s = settings_of(span);
	struct state *st = state_of(span);

	if (late_ns > LATE_NS_MAX)
		return;
	st->taken = st->came - wait_frames(&s) - (uint64_t)(late_ns > 0 ? late_ns / FRAME_NS : 0);
	st->synced = 1;
	bl_phase_start(&span->phase);
	span->counters.resyncs++;
}

static int take(struct bl_span *span, uint8_t frames[][BL_TIMESLOTS], unsigned n)
{
	struct state *st = state_of(span);
	uint64_t early = st->came - st->taken;

	if (early < n || early > RING) {
		st->synced = 0;
		span->counters.lost++;
		return 0;
	}
	for (unsigned i = 0; i < n; i++)
		memcpy(frames[i], st->frames[(st->taken + i) & MASK], BL_TIMESLOTS);
	st->taken += n;
	span->counters.received++;
	return 1;
}

/* Frames that the engine's clock wants left out or said twice. */
static void slip(struct bl_span *span)
{
	state_of(span)->taken += (uint64_t)span->shift_frames;
	span->counters.slips += span->shift_frames != 0;
	span->shift_frames = 0;
}

/* A tick that catches up finds nothing, because one before it took all. */
static void watch_empty(struct state *st, unsigned came, int64_t late_ns)
{
	if (came)
		st->empty_ticks = 0;
	else if (late_ns <= LATE_NS_MAX)
		st->empty_ticks += st->empty_ticks < EMPTY_TICKS;
	if (st->empty_ticks >= EMPTY_TICKS)
		st->synced = 0;
}

static uint8_t silence(const struct bl_span *span)
{
	return settings_of(span).lines ? BL_ALARM_LOS | BL_ALARM_FAULT : BL_ALARM_LOS;
}

static void span_read(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS],
                      unsigned n)
{
	struct state *st = state_of(span);
	struct step step;
	unsigned came;
	int64_t late_ns;

	if (st->gone_ticks)
		look_again(span, fd);
	step = last_step(span, fd);
	came = st->gone_ticks ? 0 : receive(span, fd);
	late_ns = now_ns() - tick->deadline_ns;
	watch_empty(st, came, late_ns);
	if (came && !st->synced)
		synchronise(span, late_ns);
	span->card_alarms = st->synced ? 0 : silence(span);
	if (st->synced)
		slip(span);
	if (came && st->synced && step.at_ns)
		bl_phase_observe(&span->phase,
		                 (int64_t)(step.frames - st->taken) * FRAME_NS - (step.at_ns - tick->deadline_ns));
	if (!st->synced || !take(span, frames, n))
		bl_idle_frames(&span->settings, frames, n);
}

static void span_write(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS],
                       unsigned n)
{
	uint8_t words[BL_TICK_FRAMES_MAX * BL_TIMESLOTS];
	struct settings s = settings_of(span);
	int playback = state_of(span)->playback;
	long taken;

	(void)fd;
	(void)tick;
	for (unsigned i = 0; i < n; i++)
		to_words(&s, frames[i], words + i * s.words * WORD);
	taken = put(playback, words, n);
	if (taken == -EPIPE && restart_playback(playback, wait_frames(&s)) == 0) {
		span->counters.slips_sent++;
		taken = put(playback, words, n);
	}
	if (taken == (long)n)
		span->counters.sent++;
	else
		span->counters.send_errors++;
}

const struct bl_span_io bl_spi_io = {span_open, span_resume, span_read, span_write, span_close};
