/* SPDX-License-Identifier: GPL-2.0-only */
#include "isa.h"

enum bl_isa { BL_ISA_PORTABLE, BL_ISA_VECTOR };

enum bl_isa bl_isa(void);
int bl_isa_limit(enum bl_isa most);
