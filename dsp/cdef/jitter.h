/* SPDX-License-Identifier: GPL-2.0-only */
#include "jitter.h"

struct bl_jitter {
	uint32_t depth;
	uint64_t late;
	uint64_t resyncs;
	...;
};

size_t bl_jitter_size(void);
int bl_jitter_init(struct bl_jitter *j);
void bl_jitter_reset(struct bl_jitter *j);
int bl_jitter_put(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n);
size_t bl_jitter_process(struct bl_jitter *j, uint8_t *out, size_t n);
