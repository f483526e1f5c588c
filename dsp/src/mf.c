/* SPDX-License-Identifier: GPL-2.0-only */
/* Bell MF receiver: the limits of Q.323 upon pair.c. */
#include "mf.h"

#include "mf_signals.h"

static const struct bl_pair_family family = {
        .kind = BL_HEARD_MF,
        .first_row = BL_ROW_MF,
        .hops = 4,
        .hits = 3,
        .misses = 4,
        .frequency_limit = 0.015f,
        .frequency_limit_hz = 13.0f, /* 5 to be accepted */
        .regain_hz = 32.0f,
        .twist = 8.0f, /* 9 dB, 6 to be accepted */
};

size_t bl_mf_hear(struct bl_pair *p, const struct bl_front *f, struct bl_heard *heard)
{
	size_t count = bl_pair_hear(p, &family, f, heard);

	for (size_t i = 0; i < count; i++)
		heard[i].code = (uint8_t)mf_signals[(heard[i].code + PAIRS - 1) % PAIRS];
	return count;
}
