/* SPDX-License-Identifier: GPL-2.0-only */
#include "tone.h"

struct bl_tone_step {
	uint16_t hz[2];
	float level_dbm0;
	uint32_t samples;
	uint16_t am_hz;
	uint8_t am_percent;
	uint8_t turned;
};

struct bl_tone;
size_t bl_tone_size(void);
int bl_tone_init(struct bl_tone *t);
void bl_tone_reset(struct bl_tone *t);
int bl_tone_zone(const char *name);
int bl_tone_start(struct bl_tone *t, int zone, int kind);
int bl_tone_play(struct bl_tone *t, const struct bl_tone_step *steps, size_t count, uint32_t rounds);
void bl_tone_stop(struct bl_tone *t);
int bl_tone_active(const struct bl_tone *t);
size_t bl_tone_process(struct bl_tone *t, int16_t *out, size_t n);
size_t bl_tone_process_alaw(struct bl_tone *t, uint8_t *out, size_t n);
