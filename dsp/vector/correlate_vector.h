/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector forms of correlate.c; no channel is NULL. */
#ifndef BL_CORRELATE_VECTOR_H
#define BL_CORRELATE_VECTOR_H

#include "correlate.h"

void bl_hop_take_vector(struct bl_hop *hop, const int16_t *const in[BL_HOP_CHANNELS]);
void bl_correlate_vector(const struct bl_hop *hops, size_t n_hops, const struct bl_row *rows, size_t n_rows,
                         struct bl_hop_sums *sums);

#endif
