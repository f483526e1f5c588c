/* SPDX-License-Identifier: GPL-2.0-only */
#include "tone.h"

#include <errno.h>
#include <string.h>

#include "g711.h"
#include "oscillator.h"
#include "tone_zones.h"

#define ZONES (sizeof(bl_tone_zones) / sizeof(bl_tone_zones[0]))
#define CHUNK 80 /* samples made at a time on the way to A-law */

size_t bl_tone_size(void)
{
	return sizeof(struct bl_tone);
}

int bl_tone_init(struct bl_tone *t)
{
	if (!t)
		return -EINVAL;
	memset(t, 0, sizeof(*t));
	return 0;
}

void bl_tone_reset(struct bl_tone *t)
{
	if (!t)
		return;
	bl_tone_stop(t);
}

int bl_tone_zone(const char *name)
{
	if (!name)
		return -EINVAL;
	for (size_t i = 0; i < ZONES; i++) {
		if (strcmp(name, bl_tone_zones[i].name) == 0)
			return (int)i;
	}
	return -ENOENT;
}

/* Half a turn for what sounds; what modulates goes on. */
static void turn_round(struct bl_tone *t)
{
	for (int i = 0; i < 2; i++)
		t->phase[i] += t->turn[i] ? 1u << 31 : 0;
}

static void enter_step(struct bl_tone *t, uint32_t step)
{
	const struct bl_tone_step *to = &t->steps[step];

	t->step = step;
	t->left = to->samples;
	t->amplitude = sine_peak(to->level_dbm0);
	t->depth = (float)to->am_percent / 100.0f;
	t->turn[0] = phase_step(to->hz[0]);
	t->turn[1] = phase_step(to->hz[1]);
	t->turn[2] = phase_step(to->am_hz);
	if (to->turned)
		turn_round(t);
	else
		memset(t->phase, 0, sizeof(t->phase)); /* every burst begins at zero: no click */
}

static int step_is_good(const struct bl_tone_step *step)
{
	return step->hz[0] < BL_SAMPLE_RATE_HZ / 2 && step->hz[1] < BL_SAMPLE_RATE_HZ / 2 &&
	       step->level_dbm0 >= BL_DBM0_SILENCE && step->level_dbm0 <= 0.0f && step->am_hz <= BL_TONE_AM_HZ &&
	       step->am_percent <= 100;
}

int bl_tone_play(struct bl_tone *t, const struct bl_tone_step *steps, size_t count, uint32_t rounds)
{
	if (!t || !steps)
		return -EINVAL;
	if (count < 1 || count > BL_TONE_STEPS)
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		if (!step_is_good(&steps[i]))
			return -EINVAL;
	}
	memcpy(t->steps, steps, count * sizeof(*steps));
	t->steps_n = (uint32_t)count;
	t->rounds = rounds;
	memset(t->phase, 0, sizeof(t->phase));
	enter_step(t, 0);
	return 0;
}

int bl_tone_start(struct bl_tone *t, int zone, int kind)
{
	if (!t)
		return -EINVAL;

	const struct bl_tone_cadence *cadence;

	if (zone < 0 || (size_t)zone >= ZONES || kind < 0 || kind >= BL_TONE_KINDS)
		return -EINVAL;
	cadence = &bl_tone_zones[zone].kinds[kind];
	return bl_tone_play(t, cadence->steps, cadence->steps_n, 0);
}

void bl_tone_stop(struct bl_tone *t)
{
	if (!t)
		return;
	t->steps_n = 0;
}

int bl_tone_active(const struct bl_tone *t)
{
	if (!t)
		return 0;
	return t->steps_n != 0;
}

static void sound(struct bl_tone *t, int16_t *out, size_t n)
{
	struct sines s = {.amplitude = {t->turn[0] ? t->amplitude : 0.0f, t->turn[1] ? t->amplitude : 0.0f},
	                  .depth = t->depth};

	if (!t->turn[0] && !t->turn[1]) {
		memset(out, 0, n * sizeof(*out));
		return;
	}
	memcpy(s.phase, t->phase, sizeof(s.phase));
	memcpy(s.turn, t->turn, sizeof(s.turn));
	bl_sines_fill(&s, out, n);
	memcpy(t->phase, s.phase, sizeof(s.phase));
}

static void next_step(struct bl_tone *t)
{
	if (t->step + 1 < t->steps_n) {
		enter_step(t, t->step + 1);
		return;
	}
	if (t->rounds == 1) {
		bl_tone_stop(t);
		return;
	}
	if (t->rounds)
		t->rounds--;
	enter_step(t, 0);
}

size_t bl_tone_process(struct bl_tone *t, int16_t *out, size_t n)
{
	if (!t || !out)
		return 0;

	size_t done = 0;

	while (done < n && t->steps_n) {
		size_t take = n - done;

		if (t->left && t->left < take)
			take = t->left;
		sound(t, out + done, take);
		done += take;
		if (!t->left)
			continue;
		t->left -= (uint32_t)take;
		if (!t->left)
			next_step(t);
	}
	if (done < n)
		memset(out + done, 0, (n - done) * sizeof(*out));
	return done;
}

size_t bl_tone_process_alaw(struct bl_tone *t, uint8_t *out, size_t n)
{
	if (!t || !out)
		return 0;

	int16_t chunk[CHUNK];
	size_t done = 0;

	for (size_t at = 0; at < n; at += CHUNK) {
		size_t take = n - at < CHUNK ? n - at : CHUNK;

		done += bl_tone_process(t, chunk, take);
		bl_alaw_encode(chunk, out + at, take);
	}
	return done;
}
