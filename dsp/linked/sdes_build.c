/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing SDES. */
#include <errno.h>
#include <openssl/crypto.h>

#include "sdes_text.h"

#define MKI_DIGITS (BL_SRTP_MKI_MAX * 5 / 2) /* of 2^1024 - 1 are 309 */

struct out {
	char *text;
	size_t n, room; /* n may pass room: then nothing more is written */
};

static void put(struct out *o, char letter)
{
	if (o->n < o->room)
		o->text[o->n] = letter;
	o->n++;
}

static void put_text(struct out *o, const char *text)
{
	for (; *text; text++)
		put(o, *text);
}

static void put_number(struct out *o, uint64_t value)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		put(o, digits[--n]);
}

static void put_base64(struct out *o, const uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < n; i += 3) {
		uint32_t three = (uint32_t)octets[i] << 16;

		three |= i + 1 < n ? (uint32_t)octets[i + 1] << 8 : 0;
		three |= i + 2 < n ? octets[i + 2] : 0;
		put(o, base64_letters[three >> 18]);
		put(o, base64_letters[three >> 12 & 63]);
		put(o, i + 1 < n ? base64_letters[three >> 6 & 63] : '=');
		put(o, i + 2 < n ? base64_letters[three & 63] : '=');
	}
}

/* The MKI as one decimal number: divided by ten until nothing is left. */
static void put_mki(struct out *o, const struct bl_srtp_cfg *key)
{
	uint8_t left[BL_SRTP_MKI_MAX];
	char digits[MKI_DIGITS];
	size_t n = 0;
	bool more = true;

	memcpy(left, key->mki, key->mki_length);
	while (more && n < sizeof digits) {
		unsigned rest = 0;

		more = false;
		for (size_t i = 0; i < key->mki_length; i++) {
			rest = rest << 8 | left[i];
			left[i] = (uint8_t)(rest / 10);
			rest %= 10;
			more = more || left[i];
		}
		digits[n++] = (char)('0' + rest);
	}
	while (n)
		put(o, digits[--n]);
	put(o, ':');
	put_number(o, key->mki_length);
}

static void put_key(struct out *o, const struct bl_srtp_cfg *key)
{
	size_t key_n = bl_srtp_key_length(key->suite), salt_n = bl_srtp_salt_length(key->suite);
	uint8_t both[KEY_SALT_MAX];

	memcpy(both, key->key, key_n);
	memcpy(both + key_n, key->salt, salt_n);
	put_text(o, "inline:");
	put_base64(o, both, key_n + salt_n);
	OPENSSL_cleanse(both, sizeof both);
	if (key->lifetime && !(key->lifetime & (key->lifetime - 1))) {
		put_text(o, "|2^");
		put_number(o, (uint64_t)__builtin_ctzll(key->lifetime));
	} else if (key->lifetime) {
		put(o, '|');
		put_number(o, key->lifetime);
	}
	if (key->mki_length) {
		put(o, '|');
		put_mki(o, key);
	}
}

static bool valid(const struct bl_sdes *s)
{
	if (s->tag > BL_SDES_TAG_MAX || s->keys < 1 || s->keys > BL_SDES_KEYS || s->wsh > UINT16_MAX ||
	    (s->wsh && s->wsh < BL_SDES_WSH_MIN))
		return false;
	for (uint32_t i = 0; i < s->keys; i++) {
		const struct bl_srtp_cfg *key = &s->key[i];

		if (!bl_srtp_key_length(key->suite) || key->suite != s->key[0].suite ||
		    key->mki_length > BL_SRTP_MKI_MAX || key->lifetime > BL_SRTP_LIFETIME_MAX)
			return false;
	}
	return sdes_mkis_valid(s);
}

int bl_sdes_build(const struct bl_sdes *s, char *text, size_t room)
{
	if (!s || !text)
		return -EINVAL;

	struct out o = {text, 0, room};

	if (!valid(s))
		return -EINVAL;
	put_number(&o, s->tag);
	put(&o, ' ');
	put_text(&o, bl_sdes_suite_name(s->key[0].suite));
	for (uint32_t i = 0; i < s->keys; i++) {
		put(&o, i ? ';' : ' ');
		put_key(&o, &s->key[i]);
	}
	if (s->wsh) {
		put_text(&o, " WSH=");
		put_number(&o, s->wsh);
	}
	return o.n <= room ? (int)o.n : -EMSGSIZE;
}
