/* SPDX-License-Identifier: GPL-2.0-only */
#include "skew.h"

#define BL_SKEW_MAX ...

size_t bl_skew_size(void);
int bl_skew_init(struct bl_skew *s);
void bl_skew_reset(struct bl_skew *s);
int bl_skew_set(struct bl_skew *s, float ppm);
size_t bl_skew_want(const struct bl_skew *s, size_t n);
int bl_skew_process(struct bl_skew *s, const int16_t *in, size_t n_in, int16_t *out, size_t n);
