/* SPDX-License-Identifier: GPL-2.0-only */
/* What both forms of front.c share, and the vector form. */
#ifndef BL_FRONT_VECTOR_H
#define BL_FRONT_VECTOR_H

#include "correlate.h"
#include "front.h"

#define FRONT_POWER (32.0f / 20.0f) /* an energy of correlate.h to a squared amplitude */
#define FRONT_STRONG 0.5f           /* of the hop */
#define FRONT_PAIRED 0.08f          /* of the window */
#define FRONT_LEAST 8260.0f         /* squared amplitude of -48 dBm0: nothing below it is looked at */
#define FRONT_MF_HOPS 2
#define FRONT_R2_HOPS 4

/* One hop of eight channels, those from `channels` on are not there. */
void bl_front_take_vector(struct bl_front *const f[], const struct bl_hop *hop, const struct bl_hop_sums *sums,
                          size_t channels);

#endif
