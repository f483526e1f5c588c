/* SPDX-License-Identifier: GPL-2.0-only */
#include "srtp.h"

#define BL_SRTP_MKI_MAX ...
#define BL_SRTP_PACKET_MAX ...
#define BL_SRTP_WINDOW ...
#define BL_SRTP_SOURCES ...

struct bl_srtp_cfg {
	uint8_t suite;
	uint8_t mki_length;
	uint8_t key[32];
	uint8_t salt[14];
	uint8_t mki[128];
	uint64_t lifetime;
};

struct bl_srtp_session {
	uint8_t key[32];
	uint8_t salt[14];
	uint8_t auth[20];
};

struct bl_srtp_counters {
	uint64_t packets;
	uint64_t rtcp;
	uint64_t bad;
	uint64_t forged;
	uint64_t replayed;
	uint64_t refused;
};

struct bl_srtp {
	struct bl_srtp_counters counters;
	...;
};
struct bl_srtp_ctx;

size_t bl_srtp_size(void);
size_t bl_srtp_key_length(unsigned suite);
size_t bl_srtp_salt_length(unsigned suite);
int bl_srtp_init(struct bl_srtp *s, const struct bl_srtp_cfg *cfg);
void bl_srtp_reset(struct bl_srtp *s);
void bl_srtp_close(struct bl_srtp *s);
int bl_srtp_expect(struct bl_srtp *s, uint32_t ssrc, uint32_t roc, uint32_t rtcp_index);
void bl_srtp_set_session(struct bl_srtp *s, const struct bl_srtp_session *rtp, const struct bl_srtp_session *rtcp);
int bl_srtp_ctx_open(struct bl_srtp_ctx **ctx, const struct bl_srtp *s);
void bl_srtp_ctx_close(struct bl_srtp_ctx *ctx);
int bl_srtp_protect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n, size_t room);
int bl_srtp_unprotect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n);
int bl_srtcp_protect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n, size_t room);
int bl_srtcp_unprotect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n);
int bl_srtp_keystream(const uint8_t *key, size_t key_length, const uint8_t *nonce, uint8_t *out, size_t n);
int bl_srtp_derive(const struct bl_srtp_cfg *cfg, unsigned label, uint8_t *out, size_t n);
