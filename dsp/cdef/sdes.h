/* SPDX-License-Identifier: GPL-2.0-only */
#include "sdes.h"

#define BL_SDES_KEYS ...
#define BL_SDES_TEXT_MAX ...

struct bl_sdes {
	uint32_t tag;
	uint32_t keys;
	uint32_t wsh;
	struct bl_srtp_cfg key[4];
};

unsigned bl_sdes_suite(const char *name, size_t n);
const char *bl_sdes_suite_name(unsigned suite);
int bl_sdes_parse(struct bl_sdes *s, const char *text, size_t n);
int bl_sdes_build(const struct bl_sdes *s, char *text, size_t room);
void bl_sdes_wipe(struct bl_sdes *s);
