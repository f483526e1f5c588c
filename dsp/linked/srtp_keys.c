/* SPDX-License-Identifier: GPL-2.0-only */
/* SRTP's keys: from the master key to what protects packets (RFC 3711 §4.3, RFC 7714 §11), and their end. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include "srtp_crypt.h"

#define LABEL_AT 7 /* octet of the nonce: the label stands before the 48 bits of an index that is always 0 */
#define LABELS 6
#define RTCP_LABELS 3
#define KEYSTREAM_OCTETS_MAX (1u << 20)
#define SHA_BLOCK 64

enum label { CIPHER, AUTHENTICATION, SALT };

size_t bl_srtp_size(void)
{
	return sizeof(struct bl_srtp);
}

size_t bl_srtp_key_length(unsigned suite)
{
	const struct srtp_suite *known = bl_srtp_suite_of(suite);

	return known ? known->key : 0;
}

size_t bl_srtp_salt_length(unsigned suite)
{
	const struct srtp_suite *known = bl_srtp_suite_of(suite);

	return known ? known->salt : 0;
}

int bl_srtp_keystream(const uint8_t *key, size_t key_length, const uint8_t nonce[14], uint8_t *out, size_t n)
{
	if (!key || !nonce || !out)
		return -EINVAL;

	const EVP_CIPHER *cipher = key_length == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
	EVP_CIPHER_CTX *aes;
	uint8_t counter[16] = {0};
	int made, good;

	if ((key_length != 16 && key_length != 32) || n > KEYSTREAM_OCTETS_MAX)
		return -EINVAL;
	aes = EVP_CIPHER_CTX_new();
	if (!aes)
		return -ENOMEM;
	memcpy(counter, nonce, NONCE_MAX);
	memset(out, 0, n);
	good = EVP_EncryptInit_ex2(aes, cipher, key, counter, NULL) == 1 &&
	       EVP_EncryptUpdate(aes, out, &made, out, (int)n) == 1;
	EVP_CIPHER_CTX_free(aes);
	return good ? 0 : -EIO;
}

int bl_srtp_derive(const struct bl_srtp_cfg *cfg, unsigned label, uint8_t *out, size_t n)
{
	if (!cfg || !out)
		return -EINVAL;

	const struct srtp_suite *suite = bl_srtp_suite_of(cfg->suite);
	uint8_t nonce[NONCE_MAX] = {0};
	int error;

	if (!suite || label >= LABELS)
		return -EINVAL;
	memcpy(nonce, cfg->salt, suite->salt); /* a salt of 12 octets stands before two zeros */
	nonce[LABEL_AT] ^= (uint8_t)label;
	error = bl_srtp_keystream(cfg->key, suite->key, nonce, out, n);
	OPENSSL_cleanse(nonce, sizeof nonce);
	return error;
}

static int derive_session(const struct bl_srtp_cfg *cfg, unsigned first, struct bl_srtp_session *session)
{
	const struct srtp_suite *suite = bl_srtp_suite_of(cfg->suite);
	int error;

	memset(session, 0, sizeof *session);
	error = bl_srtp_derive(cfg, first + CIPHER, session->key, suite->key);
	if (!error)
		error = bl_srtp_derive(cfg, first + AUTHENTICATION, session->auth, sizeof session->auth);
	if (!error)
		error = bl_srtp_derive(cfg, first + SALT, session->salt, suite->salt);
	return error;
}

/* SHA-1 after one block of the key and this octet. */
static void absorb(uint32_t state[5], const uint8_t auth[BL_SRTP_AUTH_KEY], uint8_t pad)
{
	uint8_t block[SHA_BLOCK];
	SHA_CTX sha;

	memset(block, pad, sizeof block);
	for (size_t i = 0; i < BL_SRTP_AUTH_KEY; i++)
		block[i] ^= auth[i];
	(void)SHA1_Init(&sha);
	SHA1_Transform(&sha, block);
	memcpy(state, (const uint32_t[]){sha.h0, sha.h1, sha.h2, sha.h3, sha.h4}, 5 * sizeof state[0]);
	OPENSSL_cleanse(block, sizeof block);
	OPENSSL_cleanse(&sha, sizeof sha);
}

static void set_keys(struct bl_srtp_keys *keys, const struct bl_srtp_session *session)
{
	memset(keys, 0, sizeof *keys);
	memcpy(keys->key, session->key, sizeof session->key);
	memcpy(keys->salt, session->salt, sizeof session->salt);
	absorb(keys->inner, session->auth, 0x36);
	absorb(keys->outer, session->auth, 0x5c);
}

void bl_srtp_set_session(struct bl_srtp *s, const struct bl_srtp_session *rtp, const struct bl_srtp_session *rtcp)
{
	if (!s || !rtp || !rtcp)
		return;
	set_keys(&s->rtp, rtp);
	set_keys(&s->rtcp, rtcp);
}

int bl_srtp_init(struct bl_srtp *s, const struct bl_srtp_cfg *cfg)
{
	if (!s || !cfg)
		return -EINVAL;

	struct bl_srtp_session rtp, rtcp;
	int error;

	memset(s, 0, sizeof *s);
	if (!bl_srtp_suite_of(cfg->suite) || cfg->mki_length > BL_SRTP_MKI_MAX || cfg->lifetime > BL_SRTP_LIFETIME_MAX)
		return -EINVAL;
	error = derive_session(cfg, 0, &rtp);
	if (!error)
		error = derive_session(cfg, RTCP_LABELS, &rtcp);
	if (!error) {
		s->suite = cfg->suite;
		s->mki_length = cfg->mki_length;
		s->lifetime = cfg->lifetime ? cfg->lifetime : BL_SRTP_LIFETIME_MAX;
		memcpy(s->mki, cfg->mki, cfg->mki_length);
		bl_srtp_set_session(s, &rtp, &rtcp);
	}
	OPENSSL_cleanse(&rtp, sizeof rtp);
	OPENSSL_cleanse(&rtcp, sizeof rtcp);
	return error;
}

void bl_srtp_reset(struct bl_srtp *s)
{
	if (!s)
		return;
	memset(s->sources, 0, sizeof s->sources);
	s->last = 0;
	s->uses = 0;
}

void bl_srtp_close(struct bl_srtp *s)
{
	if (!s)
		return;
	OPENSSL_cleanse(s, sizeof *s);
}
