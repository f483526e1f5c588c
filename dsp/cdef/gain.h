/* SPDX-License-Identifier: GPL-2.0-only */
#include "gain.h"

#define BL_GAIN_LEAST ...
#define BL_GAIN_MOST ...
#define BL_IDLE_ALAW ...
#define BL_IDLE_ULAW ...

struct bl_gain;
size_t bl_gain_size(void);
int bl_gain_set(struct bl_gain *g, int32_t tenths_db);
int bl_gain_init(struct bl_gain *g, int32_t tenths_db);
void bl_gain_mute(struct bl_gain *g, int muted);
void bl_gain_process(const struct bl_gain *g, const int16_t *in, int16_t *out, size_t n);
