/* SPDX-License-Identifier: GPL-2.0-only */
#include "g726.h"

struct bl_g726 {
	...;
};
struct bl_g726_cfg {
	uint32_t bit_rate;
	uint32_t packing;
	...;
};
size_t bl_g726_size(void);
int bl_g726_init(struct bl_g726 *g, const struct bl_g726_cfg *cfg);
void bl_g726_reset(struct bl_g726 *g);
int bl_g726_encode(struct bl_g726 *g, const int16_t *in, uint8_t *out, size_t n);
int bl_g726_decode(struct bl_g726 *g, const uint8_t *in, int16_t *out, size_t n);
int bl_g726_encode_many(struct bl_g726 *const g[], const int16_t *const in[], uint8_t *const out[], size_t n,
                        size_t channels);
int bl_g726_decode_many(struct bl_g726 *const g[], const uint8_t *const in[], int16_t *const out[], size_t n,
                        size_t channels);
