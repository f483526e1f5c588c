/* SPDX-License-Identifier: GPL-2.0-only */
/* What SRTP takes from OpenSSL, and the sizes of its suites. Data is worked on in place. */
#ifndef BL_SRTP_CRYPT_H
#define BL_SRTP_CRYPT_H

#include <openssl/evp.h>
#include <openssl/modes.h>
#include <stdbool.h>

#include "srtp.h"

#define NONCE_MAX 14
#define GCM_TAG 16
#define DIGEST 20

struct srtp_suite {
	uint8_t key, salt; /* octets */
	uint8_t tag, rtcp_tag;
	bool gcm;
};

/* The ciphers of RTP or of RTCP. */
struct srtp_cipher {
	EVP_CIPHER_CTX *aes;      /* ECB */
	GCM128_CONTEXT *ghash;    /* NULL unless GCM */
	const uint8_t *keystream; /* of the packet in hand, from counter 1 on; NULL between packets */
};

struct bl_srtp_ctx {
	uint8_t key[16]; /* the beginning of the key it was made of */
	uint8_t suite;
	struct srtp_cipher rtp, rtcp;
};

/* What GCM authenticates besides the data: up to two pieces. */
struct srtp_aad {
	const uint8_t *octets;
	size_t n;
	const uint8_t *word; /* the ESRTCP word, or NULL */
};

/* NULL: there is no such suite. */
const struct srtp_suite *bl_srtp_suite_of(unsigned suite);
/* The suite, if the context was made of this state and the state makes sense; else NULL. */
const struct srtp_suite *bl_srtp_usable(const struct bl_srtp *s, const struct bl_srtp_ctx *ctx);
/* XOR with the key stream of this nonce. 0 or -EIO. */
int bl_srtp_counter_mode(struct srtp_cipher *c, const uint8_t nonce[14], uint8_t *data, size_t n);
/* HMAC-SHA1 of the data and of a word behind it, unless NULL. */
void bl_srtp_hmac(const struct bl_srtp_keys *keys, const uint8_t *data, size_t n, const uint8_t *word,
                  uint8_t digest[DIGEST]);
/* Encrypt and make the tag. 0 or -EIO. */
int bl_srtp_gcm_seal(struct srtp_cipher *c, const uint8_t nonce[12], const struct srtp_aad *aad, uint8_t *data,
                     size_t n, uint8_t tag[GCM_TAG]);
/* Decrypt if the tag is right. 0, -EKEYREJECTED or -EIO; data and tag may follow each other. */
int bl_srtp_gcm_open(struct srtp_cipher *c, const uint8_t nonce[12], const struct srtp_aad *aad, uint8_t *data,
                     size_t n, const uint8_t tag[GCM_TAG]);

#endif
