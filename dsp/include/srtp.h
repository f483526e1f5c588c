/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SRTP and SRTCP: confidentiality, integrity and replay protection of media (RFC 3711, RFC 7714).
 *
 * One struct bl_srtp is one direction of one media stream under one master key: it protects what we send, or unprotects
 * what we hear. It holds what must survive the process: the session keys, and for each SSRC the packet index (rollover
 * counter and sequence number, §3.3.1) and the replay window (§3.3.2). It is flat and may live in shared memory. The
 * master key is not kept: the key derivation rate is 0 (§4.3), so it is used once, in bl_srtp_init.
 *
 * The ciphers of OpenSSL are pointers and belong to the process: struct bl_srtp_ctx holds them, made of a struct
 * bl_srtp when a stream begins or a new process takes it up. It serves one thread at a time.
 *
 * How it is made, and what that costs (measured beside the alternatives, 172 octets of AES-CM with a 10-octet tag):
 * - AES by EVP: all counter blocks of a packet in one EVP_EncryptUpdate of AES-ECB, 21 ns, then XOR. AES-CTR would be
 *   92 ns: 59 of them for setting the IV.
 * - HMAC-SHA1 from the two states that stand after the padded key, by SHA1_Update and SHA1_Final, 144 ns. EVP_MAC and
 *   EVP_MD need 264 and 211 ns and allocate memory for every packet, which a tick may not.
 * - GHASH by OpenSSL's CRYPTO_gcm128_*, fed with the key stream of the same EVP_EncryptUpdate: 113 ns; GCM by EVP 228.
 * So nothing of the cryptography is ours, and a packet costs neither memory, nor lock, nor system call. A whole packet
 * is 230 ns with AES-CM and 135 with GCM, each way; of Debian's libsrtp2 2270 and 710.
 *
 * Limits: packets of at most BL_SRTP_PACKET_MAX octets; header extensions are authenticated, not encrypted (no RFC
 * 6904); one master key a struct: a stream that changes keys by MKI is several, -ENOKEY says to try another. A sender
 * should begin with a sequence number below 2^15 (§3.3.1). Of a source that is heard for the first time, the rollover
 * counter after the expected one is tried too: its sequence numbers may have wrapped before we had the key.
 *
 * Errors of the four verbs, each counted, the packet then left as it was, but after -EIO:
 *   -EBADMSG      no RTP or RTCP packet, or shorter than header and trailer
 *   -EKEYREJECTED the tag is wrong: forged, damaged, or another key
 *   -EALREADY     replayed; for a sender: this index was used, and its key stream must not be used again
 *   -ESTALE       older than the window
 *   -ENOKEY       another MKI
 *   -EKEYEXPIRED  the key has served its time: 2^48 RTP packets, 2^31 RTCP packets, or the sender's lifetime
 *   -EMSGSIZE     too long, or no room for the trailer
 *   -ENOSPC       a sender's ninth SSRC: it must take another key
 *   -EINVAL       the context was made of another bl_srtp
 *   -EIO          OpenSSL refused; the packet must not be sent
 */
#ifndef BL_SRTP_H
#define BL_SRTP_H

#include <stddef.h>
#include <stdint.h>

#define BL_SRTP_KEY_MAX 32
#define BL_SRTP_SALT_MAX 14
#define BL_SRTP_AUTH_KEY 20
#define BL_SRTP_MKI_MAX 128     /* RFC 4568 §6.1 */
#define BL_SRTP_PACKET_MAX 2048 /* octets, protected */
#define BL_SRTP_TRAILER_MAX (16 + 4 + BL_SRTP_MKI_MAX)
#define BL_SRTP_WINDOW 128                /* packets */
#define BL_SRTP_SOURCES 8                 /* SSRCs remembered; a receiver forgets the one not heard for longest */
#define BL_SRTP_LIFETIME_MAX (1ull << 48) /* packets, RFC 3711 §9.2 */

enum bl_srtp_suite {
	BL_SRTP_AES_CM_128_HMAC_SHA1_80 = 1, /* RFC 3711 */
	BL_SRTP_AES_CM_128_HMAC_SHA1_32 = 2, /* the tag of SRTCP has 80 bits nevertheless (RFC 4568 §6.2.2) */
	BL_SRTP_AEAD_AES_128_GCM = 3,        /* RFC 7714 */
	BL_SRTP_AEAD_AES_256_GCM = 4,
};

struct bl_srtp_cfg {
	uint8_t suite;                  /* enum bl_srtp_suite */
	uint8_t mki_length;             /* octets; 0: packets carry none */
	uint8_t key[BL_SRTP_KEY_MAX];   /* master key; 16 octets, 32 of AES-256 */
	uint8_t salt[BL_SRTP_SALT_MAX]; /* master salt; 14 octets, 12 of GCM */
	uint8_t mki[BL_SRTP_MKI_MAX];
	uint64_t lifetime; /* packets a sender may protect; 0: what the suite allows */
};

/* Session keys of RTP or of RTCP. */
struct bl_srtp_session {
	uint8_t key[BL_SRTP_KEY_MAX];
	uint8_t salt[BL_SRTP_SALT_MAX];
	uint8_t auth[BL_SRTP_AUTH_KEY];
};

struct bl_srtp_keys {
	uint8_t key[BL_SRTP_KEY_MAX];
	uint8_t salt[16];
	uint32_t inner[5], outer[5]; /* SHA-1 after the padded authentication key (RFC 2104) */
};

struct bl_srtp_window {
	uint64_t index;   /* the highest seen; before the first packet: the rollover counter to begin with */
	uint64_t seen[2]; /* bit n: index - n was seen; seen[0] is 0 before the first */
};

struct bl_srtp_source {
	uint32_t ssrc;
	uint32_t used; /* 0: free; the greater, the later it came into use */
	struct bl_srtp_window rtp, rtcp;
};

struct bl_srtp_counters {
	uint64_t packets;  /* RTP */
	uint64_t rtcp;     /* packets of RTCP */
	uint64_t bad;      /* -EBADMSG, -EMSGSIZE */
	uint64_t forged;   /* -EKEYREJECTED, -ENOKEY */
	uint64_t replayed; /* -EALREADY, -ESTALE */
	uint64_t refused;  /* anything else */
};

struct bl_srtp {
	uint8_t suite;
	uint8_t mki_length;
	uint8_t last; /* source of the last packet */
	uint32_t uses;
	uint64_t lifetime;
	struct bl_srtp_counters counters;
	struct bl_srtp_keys rtp, rtcp;
	struct bl_srtp_source sources[BL_SRTP_SOURCES];
	uint8_t mki[BL_SRTP_MKI_MAX];
};

/* This process's ciphers for one bl_srtp. */
struct bl_srtp_ctx;

/* One packet of a batch. */
struct bl_srtp_work {
	struct bl_srtp *srtp;
	struct bl_srtp_ctx *ctx;
	uint8_t *packet;
	size_t n;    /* octets, before and after */
	size_t room; /* at `packet`; protect only */
	int result;  /* what bl_srtp_protect or bl_srtp_unprotect would return */
};

size_t bl_srtp_size(void);
/* Octets of the suite's master key and salt; 0: there is no such suite. */
size_t bl_srtp_key_length(unsigned suite);
size_t bl_srtp_salt_length(unsigned suite);
/* Derive the session keys. The caller wipes its cfg. -EINVAL on a bad cfg, -ENOMEM, -EIO. */
int bl_srtp_init(struct bl_srtp *s, const struct bl_srtp_cfg *cfg);
/* Forget all sources; keys and counters stay. Only for a receiver, or before the first packet: see -EALREADY. */
void bl_srtp_reset(struct bl_srtp *s);
/* Wipe everything. */
void bl_srtp_close(struct bl_srtp *s);
/*
 * What is known of a source before its first packet: the rollover counter, and the index of a sender's first RTCP
 * packet. -ENOSPC: BL_SRTP_SOURCES are known; -EINVAL: rtcp_index has 31 bits; -EALREADY: it has begun.
 */
int bl_srtp_expect(struct bl_srtp *s, uint32_t ssrc, uint32_t roc, uint32_t rtcp_index);
/* Session keys as given instead of the derived ones, for test vectors. A context must be made afterwards. */
void bl_srtp_set_session(struct bl_srtp *s, const struct bl_srtp_session *rtp, const struct bl_srtp_session *rtcp);

/* Make this process's ciphers. Allocates: not in a tick. -EINVAL, -ENOMEM, -EIO. */
int bl_srtp_ctx_open(struct bl_srtp_ctx **ctx, const struct bl_srtp *s);
/* Wipe and free; NULL is allowed. */
void bl_srtp_ctx_close(struct bl_srtp_ctx *ctx);

/* In place; *n grows by the trailer, at most BL_SRTP_TRAILER_MAX, within `room` octets. 0 or -errno. */
int bl_srtp_protect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n, size_t room);
int bl_srtcp_protect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n, size_t room);
/* In place; *n shrinks. Tags are compared in constant time. 0 or -errno. */
int bl_srtp_unprotect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n);
int bl_srtcp_unprotect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n);
/* All packets of a tick, of any streams, in this order. The number of them that went well. */
size_t bl_srtp_protect_many(struct bl_srtp_work work[], size_t count);
size_t bl_srtp_unprotect_many(struct bl_srtp_work work[], size_t count);

/* Key stream of AES in counter mode (§4.1.1), n octets, at most 2^20: the key derivation's PRF (§4.3.3). */
int bl_srtp_keystream(const uint8_t *key, size_t key_length, const uint8_t nonce[14], uint8_t *out, size_t n);
/* n octets of the session key with this label, 0 to 5 (§4.3.2). */
int bl_srtp_derive(const struct bl_srtp_cfg *cfg, unsigned label, uint8_t *out, size_t n);

#endif
