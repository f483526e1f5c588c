/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BL_DTMF_VECTOR_H
#define BL_DTMF_VECTOR_H

/* A look at BL_DTMF_WINDOW samples: each tone's real and imaginary part. */
void bl_dtmf_correlate_vector(const float *sound, float *re, float *im);
/* The windowed mean square of BL_DTMF_WINDOW samples. */
float bl_dtmf_power_vector(const float *sound);

#endif
