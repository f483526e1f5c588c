/* SPDX-License-Identifier: GPL-2.0-only */
#include "cng.h"

struct bl_cng;
size_t bl_cng_size(void);
int bl_cng_init(struct bl_cng *c, uint32_t seed);
int bl_cng_set(struct bl_cng *c, const uint8_t *payload, size_t octets);
void bl_cng_process(struct bl_cng *c, int16_t *out, size_t n);
