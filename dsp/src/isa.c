/* SPDX-License-Identifier: GPL-2.0-only */
#include "isa.h"

#include <errno.h>

/* The only global of the blocks: a property of the machine, not of a call. */
static _Atomic int chosen = -1;

static int machine(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")
	               ? BL_ISA_VECTOR
	               : BL_ISA_PORTABLE;
#elif defined(__aarch64__)
	return BL_ISA_VECTOR;
#else
	return BL_ISA_PORTABLE;
#endif
}

enum bl_isa bl_isa(void)
{
	int isa = chosen;

	if (isa < 0)
		chosen = isa = machine();
	return (enum bl_isa)isa;
}

int bl_isa_limit(enum bl_isa most)
{
	int best = machine();

	if (most != BL_ISA_PORTABLE && most != BL_ISA_VECTOR)
		return -EINVAL;
	chosen = (int)most < best ? (int)most : best;
	return 0;
}
