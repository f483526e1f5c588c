/* SPDX-License-Identifier: GPL-2.0-only */
#include "plc.h"

#define BL_PLC_SILENT ...

struct bl_plc;
size_t bl_plc_size(void);
int bl_plc_init(struct bl_plc *p);
void bl_plc_reset(struct bl_plc *p);
void bl_plc_good(struct bl_plc *p, int16_t *sound, size_t n);
void bl_plc_lost(struct bl_plc *p, int16_t *sound, size_t n);
