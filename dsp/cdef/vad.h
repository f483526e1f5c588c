/* SPDX-License-Identifier: GPL-2.0-only */
#include "vad.h"

#define BL_VAD_FRAME ...
#define BL_VAD_HANGOVER_MS ...

struct bl_vad_cfg {
	uint32_t hangover_ms;
	float margin_db;
};
struct bl_vad;
size_t bl_vad_size(void);
int bl_vad_init(struct bl_vad *v, const struct bl_vad_cfg *cfg);
void bl_vad_reset(struct bl_vad *v);
int bl_vad_process(struct bl_vad *v, const struct bl_measure *m);
