/* SPDX-License-Identifier: GPL-2.0-only */
#include "jitter.h"

struct bl_jitter_cfg {
	uint8_t law;
	uint8_t vbd;
	uint8_t resampled;
	uint16_t start_samples;
	uint16_t min_samples;
	uint16_t max_samples;
	uint16_t nearer_samples;
};

struct bl_jitter {
	uint32_t depth;
	uint64_t late;
	uint64_t resyncs;
	uint64_t longer;
	uint64_t shorter;
	uint64_t joins;
	...;
};

size_t bl_jitter_size(void);
int bl_jitter_init(struct bl_jitter *j);
int bl_jitter_set(struct bl_jitter *j, const struct bl_jitter_cfg *cfg);
void bl_jitter_reset(struct bl_jitter *j);
int bl_jitter_put(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n);
int bl_jitter_put_held(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n, uint32_t waited);
int bl_jitter_get(struct bl_jitter *j, uint8_t *out, size_t n, uint64_t *present);
size_t bl_jitter_process(struct bl_jitter *j, uint8_t *out, size_t n);
float bl_jitter_skew_ppm(const struct bl_jitter *j);
uint32_t bl_jitter_delay(const struct bl_jitter *j);
