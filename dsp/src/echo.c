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

typedef float echo_v;
typedef uint32_t echo_u;

static inline echo_v echo_load(const float *from)
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
	if (mode < BL_ECHO_OFF || mode > BL_ECHO_ON)
		return -EINVAL;
	e->cfg.mode = (uint8_t)mode;
	return 0;
}

/* Every index that is taken from the state lies in it. */
static int is_whole(const struct bl_echo *e)
{
	return is_valid(&e->cfg) && e->parts && e->parts <= BL_ECHO_PARTS_MAX && e->head <= e->parts &&
	       e->turn < e->parts;
}

/* Moves on by a tick, so that the newest far spectrum has its place. */
static void begin(struct bl_echo *e)
{
	if (!is_whole(e))
		(void)bl_echo_init(e, is_valid(&e->cfg) ? &e->cfg : NULL);
	e->head = e->head ? e->head - 1 : e->parts;
	e->turn = e->turn + 1 < e->parts ? e->turn + 1 : 0;
}

static void run(struct echo_batch *b, int vector)
{
	if (!vector) {
		for (int i = 0; i < b->channels; i++) {
			struct echo_batch one = {{b->e[i]}, {b->far[i]}, {b->near[i]}, {b->out[i]}, 1};

			echo_run(&one);
		}
		return;
	}
	for (int i = b->channels; i < ECHO_BATCH; i++) {
		b->e[i] = b->e[0];
		b->far[i] = b->far[0];
		b->near[i] = b->near[0];
		b->out[i] = b->out[0];
	}
	bl_echo_batch_vector(b);
}

/* Sample `at` of every channel on. */
static void tick(struct bl_echo *const e[], const int16_t *const far[], const int16_t *const near[],
                 int16_t *const out[], size_t channels, size_t at)
{
	int vector = bl_isa() == BL_ISA_VECTOR;
	struct echo_batch b = {.channels = 0};

	for (size_t i = 0; i < channels; i++) {
		if (e[i]->cfg.mode == BL_ECHO_OFF) {
			memmove(out[i] + at, near[i] + at, BL_ECHO_BLOCK * sizeof out[i][0]);
			continue;
		}
		begin(e[i]);
		b.e[b.channels] = e[i];
		b.far[b.channels] = far[i] + at;
		b.near[b.channels] = near[i] + at;
		b.out[b.channels++] = out[i] + at;
		if (b.channels == ECHO_BATCH) {
			run(&b, vector);
			b.channels = 0;
		}
	}
	if (b.channels)
		run(&b, vector);
}

int bl_echo_process_many(struct bl_echo *const e[], const int16_t *const far[], const int16_t *const near[],
                         int16_t *const out[], size_t channels, size_t n)
{
	if (n % BL_ECHO_BLOCK)
		return -EINVAL;
	for (size_t at = 0; at < n; at += BL_ECHO_BLOCK)
		tick(e, far, near, out, channels, at);
	return 0;
}

int bl_echo_process(struct bl_echo *e, const int16_t *far, const int16_t *near, int16_t *out, size_t n)
{
	return bl_echo_process_many(&e, &far, &near, &out, 1, n);
}
