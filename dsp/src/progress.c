/* SPDX-License-Identifier: GPL-2.0-only */
/* What sounds and what is silent, in pieces; progress_match.c holds them against the zone's cadences. */
#include "progress.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "bits.h"
#include "dbm0.h"
#include "progress_match.h"

#define SHARE 0.6f    /* of the window's energy that a pitch must hold */
#define BETTER 0.2f   /* by how much a pitch of lines that beat must hold more than one that does not */
#define STRONG_HOPS 4 /* of the last eight, before a pitch is looked for */
#define STEADY_HOPS 5 /* the same of one that does not beat */
#define SETTLED 12    /* hops after its beginning a sound's pitch is sure */
#define LEAST_SOUND 8 /* hops: what is shorter is none */
#define LEAST_PAUSE 12
#define MISSES 2 /* in a row end a sound */
#define FILLED 5 /* hops of a window that make SHARE of it */
#define EMPTIED 4
#define CUT 0.25f   /* of the sound's power that the first hop behind its end has at most */
#define QUIET 0.17f /* of the sound's power may be in a pause */
#define LOUD_HOPS 4 /* and a tenth of the pause are forgiven */

struct window {
	float power; /* summed over its hops */
	float last;  /* of the last hop */
};

int bl_progress_reset(struct bl_progress *p, int zone, float min_level_dbm0)
{
	if (!progress_zone_exists(zone))
		return -EINVAL;
	memset(p, 0, sizeof(*p));
	p->zone = (uint16_t)zone;
	memcpy(p->rows, progress_zone_of(p)->rows, sizeof(p->rows));
	p->min_power = 2.0f * BL_DBM0_MEAN_SQUARE * powf(10.0f, min_level_dbm0 / 10.0f);
	return 0;
}

static float window_power(const struct bl_front *f)
{
	float sum = 0.0f;

	for (unsigned int hop = 0; hop < PROGRESS_WINDOW; hop++)
		sum += f->power[hop];
	return sum;
}

/* Share of the window that the lines of a pitch hold; 0 when not even its row does. */
static float share_of(const struct progress_set *set, const struct bl_front *f, float window)
{
	float x[PROGRESS_WINDOW], y[PROGRESS_WINDOW], row = 0.0f, sum = 0.0f;

	for (unsigned int ago = 0; ago < PROGRESS_WINDOW; ago++) {
		size_t hop = bl_front_hop(f, ago);

		x[ago] = f->re[hop][set->row];
		y[ago] = f->im[hop][set->row];
		row += x[ago] * x[ago] + y[ago] * y[ago];
	}
	if (!(row * set->regain >= SHARE * window) || window <= 0.0f)
		return 0.0f;
	for (unsigned int line = 0; line < set->lines; line++) {
		float re = 0.0f, im = 0.0f;

		for (unsigned int ago = 0; ago < PROGRESS_WINDOW; ago++) {
			re += set->re[line][ago] * x[ago] + set->im[line][ago] * y[ago];
			im += set->re[line][ago] * y[ago] - set->im[line][ago] * x[ago];
		}
		sum += re * re + im * im;
	}
	return sum * set->regain / window;
}

/* The pitch that holds most of the window, one that beats only if it is clearly more. */
static uint8_t loudest(const struct bl_progress *p, const struct bl_front *f, const int *open, float window)
{
	const struct progress_zone *zone = progress_zone_of(p);
	uint8_t best = PROGRESS_PAUSE;
	float most = 0.0f;

	for (unsigned int i = 0; i < zone->sets_n; i++) {
		const struct progress_set *set = progress_set_of(zone->sets[i]);
		int tried = p->state == BL_PROGRESS_TRIED && p->set == zone->sets[i];
		int stirs = tried || (open[set->beats] && (set->rows & (set->beats ? p->recent : p->strong)));
		float share = stirs ? share_of(set, f, window) : 0.0f;
		float score = set->beats ? share - BETTER : share;

		if (share >= SHARE && score > most) {
			most = score;
			best = zone->sets[i];
		}
	}
	return best;
}

/* The pitch that sounds: what sounded before goes on while it holds its share, whatever else would hold more. */
static uint8_t pitch(const struct bl_progress *p, const struct bl_front *f, struct window *w)
{
	int tried = p->state == BL_PROGRESS_TRIED, sounds = p->state == BL_PROGRESS_SOUNDING;
	int open[2] = {tried || ones(p->gate[0]) >= STEADY_HOPS, tried || ones(p->gate[1]) >= STRONG_HOPS};

	if (!sounds && !open[0] && !open[1])
		return PROGRESS_PAUSE;
	w->power = window_power(f);
	if (sounds)
		return share_of(progress_set_of(p->set), f, w->power) >= SHARE ? p->set : PROGRESS_PAUSE;
	if (w->power < p->min_power * PROGRESS_WINDOW * SHARE)
		return PROGRESS_PAUSE;
	return loudest(p, f, open, w->power);
}

static void keep(struct bl_progress *p, uint8_t set, uint64_t begin, uint64_t end, int plain, float power)
{
	uint64_t hops = end > begin ? end - begin : 0;

	memmove(p->pieces + 1, p->pieces, sizeof(p->pieces) - sizeof(p->pieces[0]));
	p->pieces[0] = (struct bl_progress_piece){.set = set,
	                                          .plain = (uint8_t)(plain != 0),
	                                          .hops = (uint16_t)(hops < UINT16_MAX ? hops : UINT16_MAX),
	                                          .power = power};
	if (p->count < BL_PROGRESS_PIECES)
		p->count++;
}

static void drop(struct bl_progress *p)
{
	memmove(p->pieces, p->pieces + 1, sizeof(p->pieces) - sizeof(p->pieces[0]));
	if (p->count)
		p->count--;
}

static void measure(struct bl_progress *p, uint64_t now, float window)
{
	if (now < p->sound_at + PROGRESS_WINDOW)
		return;
	p->sum += window / PROGRESS_WINDOW;
	p->windows++;
	p->least = fminf(p->least, window);
	p->most = fmaxf(p->most, window);
}

static void try_sound(struct bl_progress *p, uint8_t set, uint64_t now)
{
	if (p->state == BL_PROGRESS_IDLE)
		p->count = p->due = 0;
	p->state = BL_PROGRESS_TRIED;
	p->set = set;
	p->misses = 0;
	p->sound_at = now > FILLED ? now - FILLED : 0;
	p->sum = p->most = 0.0f;
	p->least = INFINITY;
	p->windows = 0;
}

/* It was nothing: the pause, if there was one, goes on. */
static void give_up(struct bl_progress *p)
{
	p->state = p->count ? BL_PROGRESS_PAUSED : BL_PROGRESS_IDLE;
}

/* The last sound has ended for good, or another pitch has begun. */
static size_t match_sound(struct bl_progress *p, struct bl_heard *heard)
{
	if (!p->due)
		return 0;
	p->due = 0;
	return progress_matched(p, heard);
}

/* What was tried is a sound. The pause before it is a piece, unless it is too short: then it is the last sound's. */
static size_t settle(struct bl_progress *p, struct bl_heard *heard)
{
	uint64_t paused = p->sound_at > p->pause_at ? p->sound_at - p->pause_at : 0;
	size_t count = 0;

	if (p->count && paused < LEAST_PAUSE && p->pieces[0].set == p->set) {
		p->sound_at = p->pause_at - p->pieces[0].hops;
		p->due = 0;
		drop(p);
	} else if (p->count) {
		if (paused < LEAST_PAUSE)
			p->pieces[0].hops = (uint16_t)(p->pieces[0].hops + paused);
		count = match_sound(p, heard);
	}
	p->state = BL_PROGRESS_SOUNDING;
	if (!p->count || paused < LEAST_PAUSE)
		return count;
	keep(p, PROGRESS_PAUSE, p->pause_at, p->sound_at, p->loud <= LOUD_HOPS + paused / 10, 0.0f);
	return count + progress_matched(p, heard + count);
}

static void end_sound(struct bl_progress *p, uint64_t now)
{
	uint64_t end = now > MISSES - 1 + EMPTIED ? now - (MISSES - 1) - EMPTIED : 0;

	keep(p, p->set, p->sound_at, end, progress_is_plain(p), p->windows ? p->sum / (float)p->windows : 0.0f);
	p->state = BL_PROGRESS_PAUSED;
	p->pause_at = end;
	p->loud = 0;
	p->due = 1;
}

static size_t hear_tried(struct bl_progress *p, uint64_t now, uint8_t set, float window, struct bl_heard *heard)
{
	size_t count;

	if (set != PROGRESS_PAUSE) {
		p->set = set;
		p->misses = 0;
		measure(p, now, window);
		return now - p->sound_at >= SETTLED ? settle(p, heard) : 0;
	}
	if (++p->misses < MISSES)
		return 0;
	if (now - p->sound_at < LEAST_SOUND + EMPTIED + MISSES) {
		give_up(p);
		return 0;
	}
	count = settle(p, heard);
	end_sound(p, now);
	return count;
}

/* Is the sound cut off: has the window lost as much of its level, and the last hop nearly all? */
static int is_cut_off(const struct bl_progress *p, float window, float power)
{
	float level = p->windows ? p->sum / (float)p->windows : 0.0f;

	return !progress_set_of(p->set)->modulated && window < SHARE * PROGRESS_WINDOW * level && power < CUT * level;
}

static size_t hear_sound(struct bl_progress *p, uint64_t now, uint8_t set, const struct window *w,
                         struct bl_heard *heard)
{
	if (set == p->set && !is_cut_off(p, w->power, w->last)) {
		p->misses = 0;
		measure(p, now, w->power);
		return progress_lasts(p, now, heard);
	}
	if (++p->misses >= MISSES)
		end_sound(p, now);
	return 0;
}

static size_t hear_pause(struct bl_progress *p, uint64_t now, uint8_t set, float power, struct bl_heard *heard)
{
	if (set != PROGRESS_PAUSE) {
		try_sound(p, set, now);
		return 0;
	}
	if (p->due)
		return now >= p->pause_at + LEAST_PAUSE + FILLED ? match_sound(p, heard) : 0;
	if (now > p->pause_at + PROGRESS_WINDOW && power > QUIET * p->pieces[0].power)
		p->loud++;
	if (!p->told && p->loud > LOUD_HOPS + progress_zone_of(p)->pause / 10u) {
		p->state = BL_PROGRESS_IDLE; /* no pause of the zone is as loud */
		return 0;
	}
	return progress_lasts(p, now, heard);
}

size_t bl_progress_hear(struct bl_progress *p, const struct bl_front *f, struct bl_heard *heard)
{
	struct window window = {.last = f->power[bl_front_hop(f, 0)]};
	uint8_t set = pitch(p, f, &window);

	switch (p->state) {
	case BL_PROGRESS_TRIED:
		return hear_tried(p, f->hops, set, window.power, heard);
	case BL_PROGRESS_SOUNDING:
		return hear_sound(p, f->hops, set, &window, heard);
	case BL_PROGRESS_PAUSED:
		return hear_pause(p, f->hops, set, window.last, heard);
	default:
		if (set != PROGRESS_PAUSE)
			try_sound(p, set, f->hops);
		return 0;
	}
}
