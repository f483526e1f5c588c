/* SPDX-License-Identifier: GPL-2.0-only */
/* Base64 (RFC 4648 §4) and what both directions of SDES must hold of a key. */
#ifndef BL_SDES_TEXT_H
#define BL_SDES_TEXT_H

#include <stdbool.h>
#include <string.h>

#include "sdes.h"

#define KEY_SALT_MAX (BL_SRTP_KEY_MAX + BL_SRTP_SALT_MAX)

static const char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0 to 63, or -1. */
static inline int base64_value(char letter)
{
	const char *at = letter ? strchr(base64_letters, letter) : NULL;

	return at ? (int)(at - base64_letters) : -1;
}

/* Several keys need MKIs, all of one length and no two alike (RFC 4568 §6.1). */
static inline bool sdes_mkis_valid(const struct bl_sdes *s)
{
	for (uint32_t i = 0; i < s->keys; i++) {
		if (s->key[i].mki_length != s->key[0].mki_length || (s->keys > 1 && !s->key[i].mki_length))
			return false;
		for (uint32_t k = 0; k < i; k++)
			if (!memcmp(s->key[i].mki, s->key[k].mki, s->key[0].mki_length))
				return false;
	}
	return true;
}

#endif
