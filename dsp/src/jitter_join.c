/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Joins: WSOLA over one tick. The sound of this tick fades into itself `lag` samples later (left out) or earlier (said
 * twice), at the lag where it is most like itself.
 */
#include "g711.h"
#include "jitter_parts.h"

#define LAG_MIN 20     /* 2.5 ms: 400 Hz */
#define OVERLAP_MAX 64 /* BL_JITTER_GET_MAX */
#define SPOKEN 60      /* 7.5 ms: an excess worth a join while somebody speaks */
#define EVERY 80       /* samples between two tries */
#define RARELY 2400    /* when it must be a pause */
#define PATIENT 40     /* tries that insist on likeness, before sound is left out */
#define HASTY 4        /* before sound is said twice: packets come late meanwhile */
#define QUIET 40u      /* mean square at -50 dBm0, 13 bits: any lag will do */

#define WINDOW (OVERLAP_MAX + BL_JITTER_LAG_MAX)

static void decode(const struct bl_jitter *j, uint32_t from, int16_t *sound, uint32_t n)
{
	uint8_t codes[WINDOW];

	bl_jitter_copy_out(j, from, codes, n);
	if (j->cfg.law == BL_JITTER_ULAW)
		bl_ulaw_decode(codes, sound, n);
	else
		bl_alaw_decode(codes, sound, n);
}

static int there(const struct bl_jitter *j, uint32_t from, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += 32) {
		uint32_t count = n - i < 32 ? n - i : 32;

		if (bl_jitter_marks(j, from + i, count) != ~0ull >> (64 - count))
			return 0;
	}
	return 1;
}

/* Samples of 13 bits, so that sums of products stay within 32. */
static int32_t product(const int16_t *a, const int16_t *b, uint32_t n)
{
	int32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += (a[i] >> 3) * (b[i] >> 3) >> 2;
	return sum;
}

struct likeness {
	uint32_t lag;
	float square; /* of the correlation, with its sign; 1 is the same sound */
};

static struct likeness most_like(const int16_t *fixed, const int16_t *moved, int step, uint32_t lag_max, uint32_t n)
{
	float own = (float)product(fixed, fixed, n) + 1.0f;
	struct likeness best = {LAG_MIN, -1.0f};

	for (uint32_t lag = LAG_MIN; lag <= lag_max; lag++) {
		const int16_t *other = moved + step * (int)lag;
		float cross = (float)product(fixed, other, n);
		float square = cross * (cross < 0 ? -cross : cross) / (own * ((float)product(other, other, n) + 1.0f));

		if (square > best.square)
			best = (struct likeness){lag, square};
	}
	return best;
}

static uint32_t mean_square(const int16_t *sound, uint32_t n)
{
	return (uint32_t)product(sound, sound, n) / n * 4;
}

/* By 3t^2 - 2t^3, which has no corner where it begins and ends. */
static void fade(const struct bl_jitter *j, const int16_t *from, const int16_t *to, uint8_t *out, uint32_t n)
{
	int16_t sound[OVERLAP_MAX];

	for (uint32_t i = 0; i < n; i++) {
		uint32_t t = (2 * i + 1) * 16384 / n; /* Q15 */
		int32_t weight = (int32_t)((t * t >> 15) * (3 * 32768 - 2 * t) >> 15);

		sound[i] = (int16_t)((from[i] * (32768 - weight) + to[i] * weight) >> 15);
	}
	if (j->cfg.law == BL_JITTER_ULAW)
		bl_ulaw_encode(sound, out, n);
	else
		bl_alaw_encode(sound, out, n);
}

/* Alike enough, or tried long enough. */
static int good(struct bl_jitter *j, const struct likeness *found, uint32_t patience)
{
	if (found->square > 0.64f || j->tries >= patience)
		return 1;
	j->tries++;
	return 0;
}

static int leave_out(struct bl_jitter *j, uint8_t *out, uint32_t n, uint32_t lag_max)
{
	int16_t sound[WINDOW];
	struct likeness found;
	int quiet;

	decode(j, j->play, sound, n);
	quiet = mean_square(sound, n) < QUIET;
	if ((!quiet && lag_max < SPOKEN) || !there(j, j->play, n + lag_max))
		return 0;
	decode(j, j->play, sound, n + lag_max);
	quiet = quiet && mean_square(sound + n, lag_max) < QUIET;
	found = most_like(sound, sound, 1, lag_max, n);
	if (!quiet && !good(j, &found, PATIENT))
		return 0;
	fade(j, sound, sound + found.lag, out, n);
	bl_jitter_mark(j, j->play, n + found.lag, 0);
	j->play += n + found.lag;
	j->shorter += found.lag;
	return 1;
}

static int say_twice(struct bl_jitter *j, uint8_t *out, uint32_t n)
{
	uint32_t back = BL_JITTER_LAG_MAX;
	int16_t sound[WINDOW];
	struct likeness found;

	decode(j, j->play - back, sound, n + back);
	found = most_like(sound + back, sound + back, -1, back, n);
	if (mean_square(sound, n + back) >= QUIET && !good(j, &found, HASTY))
		return 0;
	fade(j, sound + back, sound + back - found.lag, out, n);
	if (found.lag > n)
		bl_jitter_mark(j, j->play - (found.lag - n), found.lag - n, 1);
	else
		bl_jitter_mark(j, j->play, n - found.lag, 0);
	j->play += n - found.lag;
	j->longer += found.lag;
	return 1;
}

int bl_jitter_join(struct bl_jitter *j, uint8_t *out, uint32_t n)
{
	uint32_t most = j->wish < -BL_JITTER_LAG_MAX || j->wish > 0 ? BL_JITTER_LAG_MAX : (uint32_t)-j->wish;
	int done;

	if (j->cfg.vbd || n > OVERLAP_MAX || n < BL_JITTER_TICK || j->whole < BL_JITTER_LAG_MAX)
		return 0;
	j->try_at = j->now + (most < SPOKEN ? RARELY : EVERY);
	done = j->wish > 0 ? say_twice(j, out, n) : most >= LAG_MIN && leave_out(j, out, n, most);
	if (!done)
		return 0;
	j->tries = 0;
	j->joins++;
	j->whole = 0;
	j->wish = 0;
	bl_jitter_judge(j, j->now + n);
	return 1;
}
