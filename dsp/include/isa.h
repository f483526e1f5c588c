/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which instruction set the blocks use: chosen once at run time, one answer for the whole process.
 *
 * A block has a portable form in src/ and, where it pays, a vector form of the same name with `_vector` behind it in
 * vector/, compiled for AVX2 and FMA (x86-64-v3) or NEON (AArch64). The public function asks bl_isa() and calls one of
 * them. Integers agree bit for bit; floats within the tolerance that the block's header states.
 */
#ifndef BL_ISA_H
#define BL_ISA_H

enum bl_isa { BL_ISA_PORTABLE, BL_ISA_VECTOR };

/* The best that this machine and bl_isa_limit allow. Any thread. */
enum bl_isa bl_isa(void);

/* Allow no more than `most` from now on: for tests and comparisons. -EINVAL for an unknown one. */
int bl_isa_limit(enum bl_isa most);

#endif
