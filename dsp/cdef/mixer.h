/* SPDX-License-Identifier: GPL-2.0-only */
#include "mixer.h"

#define BL_MIXER_PARTIES ...

struct bl_mixer {
	int32_t dominant;
	...;
};
size_t bl_mixer_size(void);
int bl_mixer_init(struct bl_mixer *m);
int bl_mixer_set(struct bl_mixer *m, uint32_t party, int speaks, int hears);
int bl_mixer_process(struct bl_mixer *m, const int16_t *const in[], int16_t *const out[], size_t n);
