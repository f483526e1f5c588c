/* SPDX-License-Identifier: GPL-2.0-only */
#include "sid.h"

#define BL_SID_ORDER ...
#define BL_SID_OCTETS ...

struct bl_sid;
size_t bl_sid_size(void);
int bl_sid_init(struct bl_sid *s);
int bl_sid_process(struct bl_sid *s, const struct bl_measure *m, const int16_t *in);
int bl_sid_write(const struct bl_sid *s, uint32_t order, uint8_t *payload, size_t room);
