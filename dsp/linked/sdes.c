/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading SDES, after the grammar of RFC 4568 §9. */
#include <errno.h>
#include <openssl/crypto.h>

#include "sdes_text.h"

struct text {
	const char *at, *end;
};

struct word {
	const char *at;
	size_t n;
};

static const char *const suite_names[] = {
        [BL_SRTP_AES_CM_128_HMAC_SHA1_80] = "AES_CM_128_HMAC_SHA1_80",
        [BL_SRTP_AES_CM_128_HMAC_SHA1_32] = "AES_CM_128_HMAC_SHA1_32",
        [BL_SRTP_AEAD_AES_128_GCM] = "AEAD_AES_128_GCM",
        [BL_SRTP_AEAD_AES_256_GCM] = "AEAD_AES_256_GCM",
};
#define SUITES (sizeof suite_names / sizeof suite_names[0])

const char *bl_sdes_suite_name(unsigned suite)
{
	return suite < SUITES ? suite_names[suite] : NULL;
}

static bool is(struct word word, const char *text)
{
	return word.n == strlen(text) && memcmp(word.at, text, word.n) == 0;
}

unsigned bl_sdes_suite(const char *name, size_t n)
{
	if (!name)
		return 0;
	for (unsigned suite = 1; suite < SUITES; suite++)
		if (is((struct word){name, n}, suite_names[suite]))
			return suite;
	return 0;
}

static bool begins(struct text *t, const char *with)
{
	size_t n = strlen(with);

	if ((size_t)(t->end - t->at) < n || memcmp(t->at, with, n) != 0)
		return false;
	t->at += n;
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* What stands before the next space, and the spaces passed over. */
static struct word next_word(struct text *t)
{
	struct word word = {t->at, 0};

	while (t->at < t->end && !is_space(*t->at))
		t->at++;
	word.n = (size_t)(t->at - word.at);
	while (t->at < t->end && is_space(*t->at))
		t->at++;
	return word;
}

/* What stands before `stop`, which is passed over, or before the end. */
static struct text cut(struct text *t, char stop)
{
	const char *found = memchr(t->at, stop, (size_t)(t->end - t->at));
	struct text before = {t->at, found ? found : t->end};

	t->at = found ? found + 1 : t->end;
	return before;
}

/* The whole text as a decimal number up to `most`. */
static bool number(struct text t, uint64_t most, uint64_t *value)
{
	*value = 0;
	if (t.at == t.end)
		return false;
	for (; t.at < t.end; t.at++) {
		if (*t.at < '0' || *t.at > '9')
			return false;
		*value = *value * 10 + (uint64_t)(*t.at - '0');
		if (*value > most)
			return false;
	}
	return true;
}

/* Exactly n octets, with all padding or none; unused bits are zeros. */
static bool decode(struct text t, uint8_t *out, size_t n)
{
	size_t letters = (n * 8 + 5) / 6, padded = (n + 2) / 3 * 4, length = (size_t)(t.end - t.at);
	uint32_t bits = 0;
	unsigned held = 0;

	if (length != letters && length != padded)
		return false;
	for (size_t i = letters; i < length; i++)
		if (t.at[i] != '=')
			return false;
	for (size_t i = 0; i < letters; i++) {
		int value = base64_value(t.at[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			*out++ = (uint8_t)(bits >> held);
			bits &= (1u << held) - 1;
		}
	}
	return bits == 0;
}

static bool parse_lifetime(struct text t, struct bl_srtp_cfg *key)
{
	uint64_t value;

	if (begins(&t, "2^")) {
		if (!number(t, 48, &value))
			return false;
		key->lifetime = 1ull << value;
		return true;
	}
	return number(t, BL_SRTP_LIFETIME_MAX, &key->lifetime) && key->lifetime;
}

/* A decimal number of any length, into mki_length octets. */
static bool parse_mki_value(struct text t, struct bl_srtp_cfg *key)
{
	if (t.at == t.end)
		return false;
	for (; t.at < t.end; t.at++) {
		unsigned carry = (unsigned)(*t.at - '0');

		if (*t.at < '0' || *t.at > '9')
			return false;
		for (size_t i = key->mki_length; i--;) {
			carry += key->mki[i] * 10u;
			key->mki[i] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry)
			return false;
	}
	return true;
}

static bool parse_mki(struct text t, struct bl_srtp_cfg *key)
{
	struct text value = cut(&t, ':');
	uint64_t length;

	if (!number(t, BL_SRTP_MKI_MAX, &length) || !length)
		return false;
	key->mki_length = (uint8_t)length;
	return parse_mki_value(value, key);
}

/* key-salt ["|" lifetime] ["|" mki]: only an MKI has a colon. */
static bool parse_key(struct text t, struct bl_srtp_cfg *key)
{
	size_t key_n = bl_srtp_key_length(key->suite), salt_n = bl_srtp_salt_length(key->suite);
	uint8_t both[KEY_SALT_MAX];
	bool good = begins(&t, "inline:");
	bool more = good && memchr(t.at, '|', (size_t)(t.end - t.at));

	good = good && decode(cut(&t, '|'), both, key_n + salt_n);
	if (good) {
		memcpy(key->key, both, key_n);
		memcpy(key->salt, both + key_n, salt_n);
	}
	OPENSSL_cleanse(both, sizeof both);
	if (good && more && !memchr(t.at, ':', (size_t)(t.end - t.at)))
		return parse_lifetime(t, key);
	if (good && more && memchr(t.at, '|', (size_t)(t.end - t.at)))
		good = parse_lifetime(cut(&t, '|'), key);
	return good && (!more || parse_mki(t, key));
}

static int parse_keys(struct bl_sdes *s, struct word word, unsigned suite)
{
	struct text t = {word.at, word.at + word.n};

	while (s->keys == 0 || t.at < t.end) {
		if (s->keys == BL_SDES_KEYS)
			return -ENOTSUP;
		s->key[s->keys].suite = (uint8_t)suite;
		if (!parse_key(cut(&t, ';'), &s->key[s->keys]))
			return -EBADMSG;
		s->keys++;
	}
	return t.end[-1] != ';' && sdes_mkis_valid(s) ? 0 : -EBADMSG;
}

static int parse_parameter(struct bl_sdes *s, struct word word)
{
	struct text t = {word.at, word.at + word.n};
	uint64_t value;

	if (word.at[0] == '-')
		return word.n > 1 ? 0 : -EBADMSG;
	if (begins(&t, "WSH=")) {
		if (!number(t, UINT16_MAX, &value) || value < BL_SDES_WSH_MIN)
			return -EBADMSG;
		s->wsh = (uint32_t)value;
		return 0;
	}
	if (begins(&t, "KDR="))
		return !number(t, 24, &value) ? -EBADMSG : value ? -ENOTSUP : 0;
	return -ENOTSUP;
}

static int parse(struct bl_sdes *s, struct text t)
{
	struct word tag = next_word(&t), name = next_word(&t), keys = next_word(&t);
	uint64_t value;
	unsigned suite;
	int error;

	if (tag.n > 9 || !number((struct text){tag.at, tag.at + tag.n}, BL_SDES_TAG_MAX, &value) || !name.n || !keys.n)
		return -EBADMSG;
	s->tag = (uint32_t)value;
	suite = bl_sdes_suite(name.at, name.n);
	if (!suite)
		return -ENOTSUP;
	error = parse_keys(s, keys, suite);
	while (!error && t.at < t.end)
		error = parse_parameter(s, next_word(&t));
	return error;
}

int bl_sdes_parse(struct bl_sdes *s, const char *text, size_t n)
{
	if (!s || !text)
		return -EINVAL;

	int error = -EBADMSG;

	memset(s, 0, sizeof *s);
	if (n && n <= BL_SDES_TEXT_MAX)
		error = parse(s, (struct text){text, text + n});
	if (error)
		bl_sdes_wipe(s);
	return error;
}

void bl_sdes_wipe(struct bl_sdes *s)
{
	if (!s)
		return;
	OPENSSL_cleanse(s, sizeof *s);
}
