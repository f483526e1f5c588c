/* SPDX-License-Identifier: GPL-2.0-only */
/* The portable form is vector/echo_stages.h with lanes of one channel and one bin. */
#include "echo.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "dbm0.h"
#include "echo_batch.h"
#include "isa.h"

#define ECHO_LANES 1
#define AHEAD 2       /* channels */
#define LINE 64       /* octets of the cache's */
#define QUIET_PEAK 24 /* of far: 3 steps of A-law, -60 dBm0 */

typedef float echo_v;
typedef uint32_t echo_u;

static inline echo_v echo_load(const float *from)
{
	return *from;
}

static inline echo_v echo_load_short(const int16_t *from)
{
	return *from;
}

static inline void echo_store(float *to, echo_v value)
{
	*to = value;
}

static inline echo_u echo_load_u(const uint32_t *from)
{
	return *from;
}

static inline void echo_store_u(uint32_t *to, echo_u value)
{
	*to = value;
}

static inline echo_v echo_all(float value)
{
	return value;
}

static inline echo_v echo_max(echo_v a, echo_v b)
{
	return a > b ? a : b;
}

static inline echo_v echo_min(echo_v a, echo_v b)
{
	return a < b ? a : b;
}

static inline echo_v echo_float(echo_u random)
{
	return (float)(int32_t)random * (1.7320508f / 2147483648.0f);
}

static inline void echo_part_edge(echo_v *d, echo_v *i, echo_v both)
{
	*d = both;
	*i = 0;
}

static inline void echo_gather(const float *const from[], echo_v *lanes)
{
	memcpy(lanes, from[0], BL_ECHO_SPECTRUM * sizeof lanes[0]);
}

static inline void echo_scatter(const echo_v *lanes, float *const to[])
{
	memcpy(to[0], lanes, BL_ECHO_SPECTRUM * sizeof lanes[0]);
}

static inline void echo_gather_sound(const int16_t *const from[], echo_v *lanes)
{
	for (int n = 0; n < BL_ECHO_BLOCK; n++)
		lanes[n] = from[0][n] * 0.5f;
}

static inline void echo_scatter_sound(const echo_v *lanes, int16_t *const to[])
{
	for (int n = 0; n < BL_ECHO_BLOCK; n++)
		to[0][n] = (int16_t)lroundf(fminf(fmaxf(lanes[n], INT16_MIN), INT16_MAX));
}

#include "echo_stages.h"

size_t bl_echo_size(void)
{
	return sizeof(struct bl_echo);
}

static int is_valid(const struct bl_echo_cfg *c)
{
	return c->tail_ms >= BL_ECHO_TAIL_MS_MIN && c->tail_ms <= BL_ECHO_TAIL_MS_MAX && c->mode <= BL_ECHO_ON &&
	       c->comfort_noise <= 1 && c->disabler <= 1;
}

int bl_echo_init(struct bl_echo *e, const struct bl_echo_cfg *cfg)
{
	if (!e)
		return -EINVAL;

	const struct bl_echo_cfg usual = {.tail_ms = 64, .mode = BL_ECHO_ON, .comfort_noise = 1, .disabler = 1};

	if (!cfg)
		cfg = &usual;
	if (!is_valid(cfg))
		return -EINVAL;
	e->cfg = *cfg;
	bl_echo_reset(e);
	return 0;
}

int bl_echo_set_mode(struct bl_echo *e, int mode)
{
	if (!e)
		return -EINVAL;
	if (mode < BL_ECHO_OFF || mode > BL_ECHO_ON)
		return -EINVAL;
	if (e->cfg.mode == BL_ECHO_OFF && mode != BL_ECHO_OFF)
		bl_echo_resume(e);
	e->cfg.mode = (uint8_t)mode;
	return 0;
}

/* Every index that is taken from the state lies in it. */
static int is_whole(const struct bl_echo *e)
{
	return is_valid(&e->cfg) && e->parts && e->parts <= BL_ECHO_PARTS_MAX && e->turn < e->parts &&
	       e->head < e->parts + BL_ECHO_AGE_MAX && e->sounding_parts <= e->parts;
}

/* Ends at the first sample that sounds: only who is quiet is looked at to the end, and little else is done for him. */
static int is_quiet(const int16_t *sound)
{
	for (int n = 0; n < BL_ECHO_BLOCK; n++)
		if (sound[n] > QUIET_PEAK || sound[n] < -QUIET_PEAK)
			return 0;
	return 1;
}

/* Moves on by a tick, so that the newest far spectrum has its place, and says what the tick is for. */
static enum echo_work_kind begin(struct bl_echo *e, const int16_t *far)
{
	if (!is_whole(e))
		(void)bl_echo_init(e, is_valid(&e->cfg) ? &e->cfg : NULL);
	e->head = (e->head ? e->head : e->parts + BL_ECHO_AGE_MAX) - 1;
	e->ticks++;
	e->age++;
	if (!is_quiet(far))
		e->quiet = 0;
	else if (e->quiet < UINT32_MAX)
		e->quiet++;
	if (e->quiet > e->parts + 1) {
		memset(e->far[e->head], 0, sizeof e->far[0]);
		memset(e->disturbance, 0, sizeof e->disturbance);
		e->broad = 0;
		return ECHO_REST;
	}
	if (e->age > BL_ECHO_AGE_MAX) {
		memset(e->gain, 0, sizeof e->gain);
		e->age = BL_ECHO_AGE_MAX;
	}
	if (e->narrow >= BL_ECHO_NARROW || e->loud > 1 || !(e->eager || e->age == BL_ECHO_AGE_MAX))
		return ECHO_CANCEL;
	e->eager -= e->eager && !e->quiet;
	return ECHO_LEARN;
}

static void run(struct echo_batch *b)
{
	if (bl_isa() != BL_ISA_VECTOR) {
		for (int i = 0; i < b->channels; i++) {
			struct echo_batch one = {{b->e[i]}, {b->far[i]}, {b->near[i]}, {b->out[i]}, 1, b->work};

			echo_run(&one);
		}
	} else {
		for (int i = b->channels; i < ECHO_BATCH; i++) {
			b->e[i] = b->e[0];
			b->far[i] = b->far[0];
			b->near[i] = b->near[0];
			b->out[i] = b->out[0];
		}
		bl_echo_batch_vector(b);
	}
	b->channels = 0;
}

static void add(struct echo_batch *b, struct bl_echo *e, const int16_t *far, const int16_t *near, int16_t *out)
{
	b->e[b->channels] = e;
	b->far[b->channels] = far;
	b->near[b->channels] = near;
	b->out[b->channels++] = out;
	if (b->channels == ECHO_BATCH)
		run(b);
}

/* What is decided from: it was in use a tick ago, and fetching it takes longer than using it. */
static void fetch(const struct bl_echo *e)
{
	__builtin_prefetch(&e->cfg);
	for (const char *line = (const char *)e->before; line < (const char *)e->unused; line += LINE)
		__builtin_prefetch(line);
}

/* Sample `at` of every channel on, channels with the same work together. */
static void tick(struct bl_echo *const e[], const int16_t *const far[], const int16_t *const near[],
                 int16_t *const out[], size_t channels, size_t at)
{
	struct echo_batch batches[ECHO_KINDS];

	for (int kind = 0; kind < ECHO_KINDS; kind++) {
		batches[kind].channels = 0;
		batches[kind].work = (enum echo_work_kind)kind;
	}
	for (size_t i = 0; i < channels; i++) {
		fetch(e[i + AHEAD < channels ? i + AHEAD : i]);
		__builtin_prefetch(near[i] + at);
		__builtin_prefetch(near[i] + at + BL_ECHO_BLOCK - 1);
		if (e[i]->cfg.mode == BL_ECHO_OFF || bl_echo_is_held(e[i], far[i] + at, near[i] + at))
			memmove(out[i] + at, near[i] + at, BL_ECHO_BLOCK * sizeof out[i][0]);
		else
			add(&batches[begin(e[i], far[i] + at)], e[i], far[i] + at, near[i] + at, out[i] + at);
	}
	for (int kind = 0; kind < ECHO_KINDS; kind++)
		if (batches[kind].channels)
			run(&batches[kind]);
}

int bl_echo_process_many(struct bl_echo *const e[], const int16_t *const far[], const int16_t *const near[],
                         int16_t *const out[], size_t channels, size_t n)
{
	if (!e || !far || !near || !out)
		return -EINVAL;
	if (n % BL_ECHO_BLOCK)
		return -EINVAL;
	for (size_t at = 0; at < n; at += BL_ECHO_BLOCK)
		tick(e, far, near, out, channels, at);
	return 0;
}

int bl_echo_process(struct bl_echo *e, const int16_t *far, const int16_t *near, int16_t *out, size_t n)
{
	if (!e || !far || !near || !out)
		return -EINVAL;
	return bl_echo_process_many(&e, &far, &near, &out, 1, n);
}
