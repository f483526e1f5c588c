/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conversion between 8, 16 and 48 kHz by polyphase FIR filters of linear phase.
 *
 * The pass band reaches to 0.85 of half the lower rate (3400 Hz, 6800 Hz) within 0.02 dB; from half the lower rate on
 * everything is 100 dB down, so that nothing folds and no image is heard. 8 and 48 kHz are joined by way of 16. What
 * is beyond 16 bits is cut off: full scale near the band's edge may be, since a filter overshoots.
 *
 * Delay: 3.7 ms between 8 and 16 kHz, 1.9 ms between 16 and 48, 4.0 ms between 8 and 48, each way. Equal rates are a
 * copy. The state is moved by memcpy. Works in floats: the vector form (AVX2, NEON: eight outputs at a time) and the
 * portable one may differ by one in the last bit, since one of them keeps products unrounded.
 */
#ifndef BL_RESAMPLE_H
#define BL_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#define BL_RESAMPLE_PAST 180 /* samples the longest filter remembers */

struct bl_resample_cfg {
	uint32_t from_hz, to_hz; /* 8000, 16000, 48000 */
};

struct bl_resample {
	uint32_t from_hz, to_hz;
	uint32_t unused[2];
	float past[2][BL_RESAMPLE_PAST]; /* of the first filter and the second, by input phase, oldest first */
};

size_t bl_resample_size(void);
/* -EINVAL for another rate. */
int bl_resample_init(struct bl_resample *r, const struct bl_resample_cfg *cfg);
void bl_resample_reset(struct bl_resample *r);
/*
 * n samples; returns how many it wrote, n * to_hz / from_hz, or -EINVAL where that is no whole number or the state is
 * none that init makes. `out` may not overlap `in`.
 */
int bl_resample_process(struct bl_resample *r, const int16_t *in, int16_t *out, size_t n);

#endif
