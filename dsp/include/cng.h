/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comfort noise from a silence descriptor, RFC 3389: what is heard while the far end sends nothing.
 *
 * The first octet is the level in -dBov, the others, as many as came, are reflection coefficients of an all-pole model
 * (§3.1, §3.2): k = 258 (N - 127) / 32768. The signs are those of 1 / A(z), A(z) = 1 + k z^-1 for one coefficient, as
 * WebRTC and FFmpeg have them: noise whose low frequencies are strong has a negative first one. BL_CNG_ORDER of them
 * are used, the rest are taken as zero, which §3 permits; a coefficient beyond 0.97, the reserved index 255 among them,
 * is taken as 0.97, or the noise would wander instead of hissing; the unused bit of the level is not looked at. A level
 * alone gives white noise. 0 dBov is a square wave of 8031 in 14 bits, 32124 here.
 *
 * When a descriptor comes, a cycle of 64 ms of noise is made, brought to its level exactly (that takes a few
 * microseconds); every 5 ms of sound are then a random place of it, joined by crossfades of equal power, so that a tick
 * costs next to nothing and nothing repeats to the ear. Levels are right within 1 dB down to -85 dBov; below -95 dBov
 * the rounding to 16 bits leaves silence. Both forms agree bit for bit.
 */
#ifndef BL_CNG_H
#define BL_CNG_H

#include <stddef.h>
#include <stdint.h>

#define BL_CNG_ORDER 12
#define BL_CNG_CYCLE 512  /* samples */
#define BL_CNG_SEGMENT 40 /* samples from joint to joint */
#define BL_CNG_JOINT 16
#define BL_CNG_OVERLOAD 32124.0f /* RMS of 0 dBov */

struct bl_cng {
	uint32_t seed;
	uint32_t before; /* where the cycle would go on without the joint, below CYCLE - JOINT */
	uint32_t place;  /* where this segment begins in it */
	uint32_t done;   /* samples of this segment that have been given */
	int16_t cycle[BL_CNG_CYCLE];
};

size_t bl_cng_size(void);
/* Silence, until a descriptor comes. Another seed, another noise. */
int bl_cng_init(struct bl_cng *c, uint32_t seed);
/* A descriptor's payload of any length; octets may come from anywhere. -EINVAL when it is empty: the noise stays. */
int bl_cng_set(struct bl_cng *c, const uint8_t *payload, size_t octets);
/* n samples of noise. */
void bl_cng_process(struct bl_cng *c, int16_t *out, size_t n);
/* The same for many channels; out[c] NULL: this one is not heard now. */
void bl_cng_process_many(struct bl_cng *const c[], int16_t *const out[], size_t n, size_t channels);

#endif
