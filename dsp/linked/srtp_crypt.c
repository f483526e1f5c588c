/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * OpenSSL's part of SRTP. SHA1_* are deprecated since OpenSSL 3.0 in favour of EVP, which cannot take up a state
 * without allocating memory; srtp.h has the figures.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "srtp_crypt.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#define BLOCK 16u
#define KEYSTREAM_MAX (BL_SRTP_PACKET_MAX + 2 * BLOCK)
#define SHA_BLOCK_BITS 512

const struct srtp_suite *bl_srtp_suite_of(unsigned suite)
{
	static const struct srtp_suite suites[] = {
	        [BL_SRTP_AES_CM_128_HMAC_SHA1_80] = {16, 14, 10, 10, false},
	        [BL_SRTP_AES_CM_128_HMAC_SHA1_32] = {16, 14, 4, 10, false},
	        [BL_SRTP_AEAD_AES_128_GCM] = {16, 12, GCM_TAG, GCM_TAG, true},
	        [BL_SRTP_AEAD_AES_256_GCM] = {32, 12, GCM_TAG, GCM_TAG, true},
	};

	return suite < 1 || suite >= sizeof suites / sizeof suites[0] ? NULL : &suites[suite];
}

typedef uint64_t block __attribute__((vector_size(16)));

/* A counter as the last two of eight octets. */
static inline uint64_t in_network_order(unsigned count)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap64(count & 0xffffu);
#else
	return count & 0xffffu;
#endif
}

/* Blocks whose last two octets count from `first`, encrypted. */
static int make_keystream(struct srtp_cipher *c, const uint8_t nonce[14], unsigned first, uint8_t *stream, size_t n)
{
	size_t blocks = (n + BLOCK - 1) / BLOCK;
	uint64_t head, tail = 0;
	int made;

	memcpy(&head, nonce, 8);
	memcpy(&tail, nonce + 8, 6);
	for (size_t b = 0; b < blocks; b++) {
		uint64_t counted = tail | in_network_order(first + (unsigned)b);

		memcpy(stream + b * BLOCK, &head, 8);
		memcpy(stream + b * BLOCK + 8, &counted, 8);
	}
	return EVP_EncryptUpdate(c->aes, stream, &made, stream, (int)(blocks * BLOCK)) == 1 ? 0 : -EIO;
}

static void exclusive_or(uint8_t *out, const uint8_t *in, const uint8_t *stream, size_t n)
{
	size_t i = 0;

	for (; i + BLOCK <= n; i += BLOCK) {
		block a, b;

		memcpy(&a, in + i, BLOCK);
		memcpy(&b, stream + i, BLOCK);
		a ^= b;
		memcpy(out + i, &a, BLOCK);
	}
	for (; i < n; i++)
		out[i] = in[i] ^ stream[i];
}

int bl_srtp_counter_mode(struct srtp_cipher *c, const uint8_t nonce[14], uint8_t *data, size_t n)
{
	uint8_t stream[KEYSTREAM_MAX];

	if (n == 0)
		return 0;
	if (n > BL_SRTP_PACKET_MAX || make_keystream(c, nonce, 0, stream, n))
		return -EIO;
	exclusive_or(data, data, stream, n);
	return 0;
}

static void take_up(SHA_CTX *sha, const uint32_t state[5])
{
	sha->h0 = state[0];
	sha->h1 = state[1];
	sha->h2 = state[2];
	sha->h3 = state[3];
	sha->h4 = state[4];
	sha->Nl = SHA_BLOCK_BITS;
	sha->Nh = 0;
	sha->num = 0;
}

void bl_srtp_hmac(const struct bl_srtp_keys *keys, const uint8_t *data, size_t n, const uint8_t *word,
                  uint8_t digest[DIGEST])
{
	SHA_CTX sha;

	take_up(&sha, keys->inner);
	(void)SHA1_Update(&sha, data, n); /* they return 1, always */
	if (word)
		(void)SHA1_Update(&sha, word, 4);
	(void)SHA1_Final(digest, &sha);
	take_up(&sha, keys->outer);
	(void)SHA1_Update(&sha, digest, DIGEST);
	(void)SHA1_Final(digest, &sha);
}

static size_t place_of(const uint8_t counter[16])
{
	size_t count = (size_t)counter[14] << 8 | counter[15];

	return (count - 1) * BLOCK % KEYSTREAM_MAX;
}

/* For GHASH: the hash key before any packet, then blocks of the key stream that is made already. */
static void give_block(const unsigned char in[16], unsigned char out[16], const void *key)
{
	const struct srtp_cipher *c = key;
	int made;

	if (c->keystream)
		memcpy(out, c->keystream + place_of(in), BLOCK);
	else
		(void)EVP_EncryptUpdate(c->aes, out, &made, in, BLOCK); /* open_cipher has seen it work */
}

static void give_blocks(const unsigned char *in, unsigned char *out, size_t blocks, const void *key,
                        const unsigned char counter[16])
{
	const struct srtp_cipher *c = key;

	exclusive_or(out, in, c->keystream + place_of(counter), blocks * BLOCK);
}

/* Nonce, associated data and key stream: block 1 is for the tag, the others for the data. */
static int begin_gcm(struct srtp_cipher *c, const uint8_t nonce[12], const struct srtp_aad *aad, uint8_t *stream,
                     size_t n)
{
	uint8_t padded[NONCE_MAX] = {0};

	memcpy(padded, nonce, 12);
	if (!c->ghash || n > BL_SRTP_PACKET_MAX || make_keystream(c, padded, 1, stream, BLOCK + n))
		return -EIO;
	c->keystream = stream;
	CRYPTO_gcm128_setiv(c->ghash, nonce, 12);
	if (CRYPTO_gcm128_aad(c->ghash, aad->octets, aad->n))
		return -EIO;
	return aad->word && CRYPTO_gcm128_aad(c->ghash, aad->word, 4) ? -EIO : 0;
}

int bl_srtp_gcm_seal(struct srtp_cipher *c, const uint8_t nonce[12], const struct srtp_aad *aad, uint8_t *data,
                     size_t n, uint8_t tag[GCM_TAG])
{
	uint8_t stream[KEYSTREAM_MAX];
	int error = begin_gcm(c, nonce, aad, stream, n);

	if (!error && CRYPTO_gcm128_encrypt_ctr32(c->ghash, data, data, n, give_blocks))
		error = -EIO;
	if (!error)
		CRYPTO_gcm128_tag(c->ghash, tag, GCM_TAG);
	c->keystream = NULL;
	return error;
}

/* The plain text takes the place of its key stream until the tag is known to be right. */
int bl_srtp_gcm_open(struct srtp_cipher *c, const uint8_t nonce[12], const struct srtp_aad *aad, uint8_t *data,
                     size_t n, const uint8_t tag[GCM_TAG])
{
	uint8_t stream[KEYSTREAM_MAX];
	int error = begin_gcm(c, nonce, aad, stream, n);

	if (!error && CRYPTO_gcm128_decrypt_ctr32(c->ghash, data, stream + BLOCK, n, give_blocks))
		error = -EIO;
	if (!error && CRYPTO_gcm128_finish(c->ghash, tag, GCM_TAG)) /* compares in constant time */
		error = -EKEYREJECTED;
	c->keystream = NULL;
	if (!error)
		memcpy(data, stream + BLOCK, n);
	return error;
}

static int open_cipher(struct srtp_cipher *c, const struct srtp_suite *suite, const uint8_t *key)
{
	uint8_t block[BLOCK] = {0};
	int made;

	c->aes = EVP_CIPHER_CTX_new();
	if (!c->aes)
		return -ENOMEM;
	if (EVP_EncryptInit_ex2(c->aes, suite->key == 32 ? EVP_aes_256_ecb() : EVP_aes_128_ecb(), key, NULL, NULL) != 1)
		return -EIO;
	(void)EVP_CIPHER_CTX_set_padding(c->aes, 0);
	if (EVP_EncryptUpdate(c->aes, block, &made, block, BLOCK) != 1)
		return -EIO;
	if (suite->gcm) {
		c->ghash = CRYPTO_gcm128_new(c, give_block);
		return c->ghash ? 0 : -ENOMEM;
	}
	return 0;
}

int bl_srtp_ctx_open(struct bl_srtp_ctx **ctx, const struct bl_srtp *s)
{
	if (!ctx || !s)
		return -EINVAL;

	const struct srtp_suite *suite = bl_srtp_suite_of(s->suite);
	struct bl_srtp_ctx *made;
	int error;

	*ctx = NULL;
	if (!suite)
		return -EINVAL;
	made = OPENSSL_zalloc(sizeof *made);
	if (!made)
		return -ENOMEM;
	made->suite = s->suite;
	memcpy(made->key, s->rtp.key, sizeof made->key);
	error = open_cipher(&made->rtp, suite, s->rtp.key);
	if (!error)
		error = open_cipher(&made->rtcp, suite, s->rtcp.key);
	if (error)
		bl_srtp_ctx_close(made);
	else
		*ctx = made;
	return error;
}

/* OpenSSL wipes what it frees here. */
static void close_cipher(struct srtp_cipher *c)
{
	EVP_CIPHER_CTX_free(c->aes);
	CRYPTO_gcm128_release(c->ghash);
}

void bl_srtp_ctx_close(struct bl_srtp_ctx *ctx)
{
	if (!ctx)
		return;
	close_cipher(&ctx->rtp);
	close_cipher(&ctx->rtcp);
	OPENSSL_clear_free(ctx, sizeof *ctx);
}

const struct srtp_suite *bl_srtp_usable(const struct bl_srtp *s, const struct bl_srtp_ctx *ctx)
{
	if (!ctx || ctx->suite != s->suite || memcmp(ctx->key, s->rtp.key, sizeof ctx->key) != 0 ||
	    s->mki_length > BL_SRTP_MKI_MAX)
		return NULL;
	return bl_srtp_suite_of(s->suite);
}
