/* SPDX-License-Identifier: GPL-2.0-only */
#include "jitter.h"

#include <errno.h>
#include <string.h>

#include "g711.h"
#include "jitter_parts.h"

#define ULAW_IDLE 0xff
#define USUAL 160                                               /* octets of a packet of 20 ms */
#define LEAD_MAX (BL_JITTER_MAX_SAMPLES + BL_JITTER_PACKET_MAX) /* more is another time base */
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

size_t bl_jitter_size(void)
{
	return sizeof(struct bl_jitter);
}

int bl_jitter_init(struct bl_jitter *j)
{
	if (!j)
		return -EINVAL;
	memset(j, 0, sizeof *j);
	j->cfg = (struct bl_jitter_cfg){.law = BL_JITTER_ALAW,
	                                .start_samples = BL_JITTER_START_SAMPLES,
	                                .min_samples = BL_JITTER_MIN_SAMPLES,
	                                .max_samples = BL_JITTER_MAX_SAMPLES};
	j->depth = BL_JITTER_START_SAMPLES;
	return 0;
}

int bl_jitter_set(struct bl_jitter *j, const struct bl_jitter_cfg *cfg)
{
	if (!j || !cfg)
		return -EINVAL;
	if (cfg->law >= BL_JITTER_LAWS || cfg->max_samples > BL_JITTER_MAX_SAMPLES ||
	    cfg->min_samples > cfg->max_samples || cfg->start_samples > cfg->max_samples)
		return -EINVAL;
	j->cfg = *cfg;
	j->wish = 0;
	j->skew_steps = 0;
	return 0;
}

void bl_jitter_reset(struct bl_jitter *j)
{
	if (!j)
		return;
	j->running = 0;
	j->skew = j->skew_held = 0;
	bl_jitter_forget(j);
}

void bl_jitter_hold(struct bl_jitter *j, int32_t samples)
{
	j->now -= (uint32_t)samples;
}

static void lay_out(struct bl_jitter *j, uint32_t timestamp)
{
	memset(j->present, 0, sizeof j->present);
	j->play = j->now - bl_jitter_layout_delay(j, j->now - timestamp);
	j->newest = timestamp;
	j->stalled = j->whole = 0;
	j->wish = 0;
	j->calm_from = j->now;
	j->resyncs += j->laid_out != 0;
	j->running = j->laid_out = 1;
}

static void note_late(struct bl_jitter *j)
{
	j->late++;
	j->calm_from = j->now;
}

/* Pass over n samples that will not be heard. */
static void pass(struct bl_jitter *j, uint32_t n)
{
	bl_jitter_mark(j, j->play, n, 0);
	j->play += n;
	j->whole = 0;
}

/* It had run empty. What was waited stands for the packets that are lost, as far as there are such. */
static void resume(struct bl_jitter *j, uint32_t timestamp, size_t n)
{
	uint32_t gap = timestamp - j->play, delay;

	if ((int32_t)(timestamp + (uint32_t)n - j->play) <= 0)
		return;
	if ((int32_t)gap >= 0 && gap < j->stalled)
		note_late(j);
	if ((int32_t)gap > 0)
		pass(j, gap < j->stalled ? gap : j->stalled);
	j->stalled = 0;
	delay = bl_jitter_delay(j);
	if (delay > j->cfg.max_samples && delay <= BL_JITTER_SAMPLES)
		pass(j, delay - j->cfg.max_samples);
}

static inline __attribute__((always_inline)) void store(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets,
                                                        size_t n)
{
	size_t at = timestamp & BL_JITTER_MASK, first = BL_JITTER_SAMPLES - at;

	if (n <= first) {
		memcpy(j->octets + at, octets, n);
	} else {
		memcpy(j->octets + at, octets, first);
		memcpy(j->octets, octets + first, n - first);
	}
	bl_jitter_mark(j, timestamp, (uint32_t)n, 1);
	if ((int32_t)(timestamp + (uint32_t)n - j->newest) > 0)
		j->newest = timestamp + (uint32_t)n;
}

/* A packet whose turn has begun. */
static int put_late(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n)
{
	uint32_t over = j->play - timestamp;

	note_late(j);
	bl_jitter_judge(j, j->now);
	if (over >= n)
		return -ETIME;
	store(j, timestamp + over, octets + over, n - over);
	return 0;
}

static __attribute__((noinline)) int put_any(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n,
                                             uint32_t waited)
{
	int32_t lead = (int32_t)(timestamp - j->play);

	if (j->running && lead < -BL_JITTER_SAMPLES && timestamp != j->apart) {
		j->apart = timestamp + (uint32_t)n;
		note_late(j);
		return -ETIME;
	}
	if (!j->running || lead > LEAD_MAX || lead < -BL_JITTER_SAMPLES)
		lay_out(j, timestamp);
	bl_jitter_observe(j, j->now - waited - timestamp);
	if (j->stalled)
		resume(j, timestamp, n);
	lead = (int32_t)(timestamp - j->play);
	j->last_lead = lead;
	if (lead < 0)
		return put_late(j, timestamp, octets, n);
	store(j, timestamp, octets, n);
	return 0;
}

int bl_jitter_put(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n)
{
	uint32_t lead = timestamp - j->play;

	if (n < 1 || n > BL_JITTER_PACKET_MAX)
		return -EINVAL;
	if (UNLIKELY(n != USUAL || !j->running || lead > LEAD_MAX || j->stalled))
		return put_any(j, timestamp, octets, n, 0);
	bl_jitter_observe(j, j->now - timestamp);
	j->last_lead = (int32_t)lead;
	store(j, timestamp, octets, USUAL);
	return 0;
}

int bl_jitter_put_held(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n, uint32_t waited)
{
	return n < 1 || n > BL_JITTER_PACKET_MAX ? -EINVAL : put_any(j, timestamp, octets, n, waited);
}

static void fill(const struct bl_jitter *j, uint8_t *out, size_t n)
{
	static const uint8_t silence[BL_JITTER_LAWS] = {BL_ALAW_IDLE, ULAW_IDLE};

	memset(out, j->cfg.law < BL_JITTER_LAWS ? silence[j->cfg.law] : 0, n);
}

/* Something is missing; an adaptive buffer that has run empty waits. */
static int get_holes(struct bl_jitter *j, uint8_t *out, uint32_t n, uint64_t marks)
{
	int32_t left = (int32_t)(j->newest - j->play);
	uint32_t step = n;

	for (uint32_t i = 0; i < n; i++)
		if (marks >> i & 1)
			out[i] = j->octets[(j->play + i) & BL_JITTER_MASK];
	if (left < (int32_t)n) {
		uint32_t there = left > 0 ? (uint32_t)left : 0;

		j->stalled += n - there;
		if (!j->cfg.vbd)
			step = there;
	}
	bl_jitter_mark(j, j->play, step, 0);
	j->play += step;
	j->whole = 0;
	if (j->stalled > BL_JITTER_PAUSE_SAMPLES)
		j->running = 0;
	return __builtin_popcountll(marks);
}

static void give(struct bl_jitter *j, uint8_t *out, uint32_t n)
{
	bl_jitter_copy_out(j, j->play, out, n);
	bl_jitter_unmark(j, j->play, n);
	j->play += n;
	j->whole = j->whole + n < BL_JITTER_LAG_MAX ? j->whole + n : BL_JITTER_LAG_MAX;
}

/* Any length, holes, joins. */
static __attribute__((noinline)) int get_any(struct bl_jitter *j, uint8_t *out, uint32_t n, uint64_t *present)
{
	uint64_t marks = j->running ? bl_jitter_marks(j, j->play, n) : 0;
	int heard = (int)n;

	if (marks != ~0ull >> (64 - n)) {
		fill(j, out, n);
		heard = j->running ? get_holes(j, out, n, marks) : 0;
	} else if (!j->wish || (int32_t)(j->now - j->try_at) < 0 || !bl_jitter_join(j, out, n)) {
		give(j, out, n);
	}
	j->now += n;
	*present = marks;
	return heard;
}

/* A tick of sound that is there, all in one piece: nearly every call. */
static inline int usual(const struct bl_jitter *j, size_t n)
{
	return n == BL_JITTER_TICK && j->running && (!j->wish || (int32_t)(j->now - j->try_at) < 0) &&
	       (j->play & BL_JITTER_MASK) <= BL_JITTER_SAMPLES - BL_JITTER_TICK &&
	       bl_jitter_marks(j, j->play, BL_JITTER_TICK) == ~0ull >> (64 - BL_JITTER_TICK);
}

int bl_jitter_get(struct bl_jitter *j, uint8_t *out, size_t n, uint64_t *present)
{
	if (n < 1 || n > BL_JITTER_GET_MAX)
		return -EINVAL;
	if (UNLIKELY(!usual(j, n)))
		return get_any(j, out, (uint32_t)n, present);
	memcpy(out, j->octets + (j->play & BL_JITTER_MASK), BL_JITTER_TICK);
	bl_jitter_unmark(j, j->play, BL_JITTER_TICK);
	j->play += BL_JITTER_TICK;
	j->whole = j->whole < BL_JITTER_LAG_MAX - BL_JITTER_TICK ? j->whole + BL_JITTER_TICK : BL_JITTER_LAG_MAX;
	j->now += BL_JITTER_TICK;
	*present = ~0ull >> (64 - BL_JITTER_TICK);
	return BL_JITTER_TICK;
}

size_t bl_jitter_process(struct bl_jitter *j, uint8_t *out, size_t n)
{
	if (!j || !out)
		return 0;

	size_t heard = 0;
	uint64_t present;

	for (size_t i = 0; i < n; i += BL_JITTER_TICK) {
		size_t piece = n - i < BL_JITTER_TICK ? n - i : BL_JITTER_TICK;

		heard += (size_t)bl_jitter_get(j, out + i, piece, &present);
	}
	return heard;
}
