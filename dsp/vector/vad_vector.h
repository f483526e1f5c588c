/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector form of vad.c, a lane is a band, and the figures both forms share: found on speech in noise. */
#ifndef BL_VAD_VECTOR_H
#define BL_VAD_VECTOR_H

#include "vad.h"

#define VAD_LEAST_ENERGY 5120.0f /* of a band and frame: -66 dBm0 */
#define VAD_LOWEST (-1024)       /* excess that is counted: -3 dB */
#define VAD_HIGHEST 8192         /* 24 dB */
#define VAD_WEIGHTS 9, 9, 1, 1, 1, 5, 4, 2
#define VAD_WEIGHTS_SHIFT 5 /* their sum is 32 */
#define VAD_UP 6            /* 2^6 frames: the floor follows */
#define VAD_DOWN 6
#define VAD_PART 8           /* frames of a part of the minimum statistics */
#define VAD_NEVER (64 << 10) /* above every logarithm */

void bl_vad_gather_vector(struct bl_vad *const v[], const struct bl_measure m[], size_t channels);
/* The end of a frame: its logarithms, the smoothed and the least of them; at the first frame they are the noise.
 * Returns how far it is above the noise. */
int32_t bl_vad_track_vector(struct bl_vad *v);
void bl_vad_learn_vector(struct bl_vad *v, int pause);

#endif
