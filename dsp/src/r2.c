/* SPDX-License-Identifier: GPL-2.0-only */
/* MFC-R2 receivers of both directions: the limits of Q.455 upon pair.c. */
#include "r2.h"

#define LIMITS                                                                                                         \
	.hops = 5, .coherent = 1, .hits = 2, .misses = 2, .frequency_limit_hz = 25.0f, .regain_hz = 12.0f,             \
	.twist = 12.6f

static const struct bl_pair_family forward = {.kind = BL_HEARD_R2_FORWARD, .first_row = BL_ROW_R2_FORWARD, LIMITS};
static const struct bl_pair_family backward = {
        .kind = BL_HEARD_R2_BACKWARD, .first_row = BL_ROW_R2_BACKWARD, .descending = 1, LIMITS};

size_t bl_r2_hear(struct bl_pair *p, int is_backward, const struct bl_front *f, struct bl_heard *heard)
{
	return bl_pair_hear(p, is_backward ? &backward : &forward, f, heard);
}
