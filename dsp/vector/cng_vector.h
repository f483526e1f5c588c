/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector form of a joint of cng.c. */
#ifndef BL_CNG_VECTOR_H
#define BL_CNG_VECTOR_H

#include <stdint.h>

/* BL_CNG_JOINT samples on the way from one noise to another. */
void bl_cng_joint_vector(const int16_t *from, const int16_t *to, int16_t *out);

#endif
