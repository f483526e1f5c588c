/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our SRTP and libsrtp2 hear each other: `srtp_interwork SEED PACKETS`, for test_srtp_interwork.py.
 *
 * Both ends send the same random RTP and RTCP packets under the same keys, in all suites, with and without MKI; what
 * they make must be the same octets, and each must read the other's. Packets are lost, late within the window, damaged
 * and repeated; sequence numbers begin near their end, so the rollover counter moves. State and buffers lie in heap
 * memory of exactly their size; OpenSSL's allocations are counted, and our work on a packet makes none. Exit 0, or 1
 * with the line of the expectation that did not hold.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "srtp.h"

#define EXPECT(what)                                                                                                   \
	do {                                                                                                           \
		if (!(what)) {                                                                                         \
			fprintf(stderr, "%d: %s (suite %u)\n", __LINE__, #what, suite);                                \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

#define SSRC 0xcafe0001u
#define LATE 40 /* packets; of a window of 128 */
#define LENGTH_MAX 1500

static uint64_t seed;
static unsigned suite;
static unsigned long allocations;

static void *counting_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	allocations++;
	return malloc(n);
}

static void *counting_realloc(void *memory, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	allocations++;
	return realloc(memory, n);
}

static void counting_free(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	free(memory);
}

static uint32_t any(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static void fill(uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		octets[i] = (uint8_t)any(256);
}

/* Both ends, both directions. */
struct ends {
	struct bl_srtp *sending, *hearing;
	struct bl_srtp_ctx *sending_ctx, *hearing_ctx;
	srtp_t their_sending, their_hearing;
	unsigned int mki;
};

static srtp_t theirs(const struct bl_srtp_cfg *cfg, srtp_ssrc_type_t direction)
{
	static void (*const policies[])(srtp_crypto_policy_t *) = {
	        NULL, srtp_crypto_policy_set_rtp_default, srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
	        srtp_crypto_policy_set_aes_gcm_128_16_auth, srtp_crypto_policy_set_aes_gcm_256_16_auth};
	uint8_t octets[BL_SRTP_KEY_MAX + BL_SRTP_SALT_MAX], id[BL_SRTP_MKI_MAX];
	srtp_master_key_t master = {.key = octets, .mki_id = id, .mki_size = cfg->mki_length};
	srtp_master_key_t *keys[] = {&master};
	srtp_policy_t policy = {.window_size = 128};
	size_t key = bl_srtp_key_length(suite);
	srtp_t made = NULL;

	memcpy(octets, cfg->key, key);
	memcpy(octets + key, cfg->salt, bl_srtp_salt_length(suite));
	memcpy(id, cfg->mki, sizeof id);
	policies[suite](&policy.rtp);
	policies[suite == BL_SRTP_AES_CM_128_HMAC_SHA1_32 ? BL_SRTP_AES_CM_128_HMAC_SHA1_80 : suite](&policy.rtcp);
	policy.ssrc.type = direction;
	if (cfg->mki_length) {
		policy.keys = keys;
		policy.num_master_keys = 1;
	} else
		policy.key = octets;
	EXPECT(srtp_create(&made, &policy) == srtp_err_status_ok);
	return made;
}

static struct bl_srtp *ours(const struct bl_srtp_cfg *cfg, struct bl_srtp_ctx **ctx)
{
	struct bl_srtp *s = malloc(bl_srtp_size());

	EXPECT(s && bl_srtp_init(s, cfg) == 0 && bl_srtp_ctx_open(ctx, s) == 0);
	return s;
}

static void open_ends(struct ends *e, unsigned int mki)
{
	struct bl_srtp_cfg cfg = {.suite = (uint8_t)suite, .mki_length = (uint8_t)mki};

	fill(cfg.key, sizeof cfg.key);
	fill(cfg.salt, sizeof cfg.salt);
	fill(cfg.mki, mki);
	e->mki = mki != 0;
	e->sending = ours(&cfg, &e->sending_ctx);
	e->hearing = ours(&cfg, &e->hearing_ctx);
	EXPECT(bl_srtp_expect(e->sending, SSRC, 0, 1) == 0); /* libsrtp2 begins at 1 */
	e->their_sending = theirs(&cfg, ssrc_any_outbound);
	e->their_hearing = theirs(&cfg, ssrc_any_inbound);
}

static void close_ends(struct ends *e)
{
	bl_srtp_ctx_close(e->sending_ctx);
	bl_srtp_ctx_close(e->hearing_ctx);
	bl_srtp_close(e->sending);
	free(e->sending);
	free(e->hearing);
	EXPECT(srtp_dealloc(e->their_sending) == srtp_err_status_ok);
	EXPECT(srtp_dealloc(e->their_hearing) == srtp_err_status_ok);
}

struct packet {
	uint8_t plain[LENGTH_MAX + BL_SRTP_TRAILER_MAX], sent[LENGTH_MAX + BL_SRTP_TRAILER_MAX];
	size_t n, sent_n;
	int rtcp;
};

static void make_rtp(struct packet *p, uint32_t number)
{
	size_t csrcs = any(4) ? 0 : any(16), words = any(4) ? 0 : any(5), head = 12 + 4 * csrcs;

	p->rtcp = 0;
	p->n = head + (words ? 4 + 4 * words : 0) + (any(9) ? any(400) : any(1100));
	fill(p->plain, p->n);
	p->plain[0] = (uint8_t)(0x80 | (words ? 0x10 : 0) | csrcs);
	p->plain[2] = (uint8_t)(number >> 8);
	p->plain[3] = (uint8_t)number;
	memcpy(p->plain + 8, (const uint8_t[]){SSRC >> 24, SSRC >> 16 & 0xff, SSRC >> 8 & 0xff, SSRC & 0xff}, 4);
	if (words) {
		p->plain[head + 2] = 0;
		p->plain[head + 3] = (uint8_t)words;
	}
}

static void make_rtcp(struct packet *p)
{
	p->rtcp = 1;
	p->n = 8 + 4 * (size_t)any(60);
	fill(p->plain, p->n);
	p->plain[0] = 0x81;
	p->plain[1] = 200;
	memcpy(p->plain + 4, (const uint8_t[]){SSRC >> 24, SSRC >> 16 & 0xff, SSRC >> 8 & 0xff, SSRC & 0xff}, 4);
}

static void protect_both(struct ends *e, struct packet *p)
{
	uint8_t *other = malloc(p->n + BL_SRTP_TRAILER_MAX);
	int length = (int)p->n;

	EXPECT(other);
	memcpy(other, p->plain, p->n);
	memcpy(p->sent, p->plain, p->n);
	p->sent_n = p->n;
	if (p->rtcp) {
		EXPECT(bl_srtcp_protect(e->sending, e->sending_ctx, p->sent, &p->sent_n, sizeof p->sent) == 0);
		EXPECT(srtp_protect_rtcp_mki(e->their_sending, other, &length, e->mki, 0) == srtp_err_status_ok);
	} else {
		EXPECT(bl_srtp_protect(e->sending, e->sending_ctx, p->sent, &p->sent_n, sizeof p->sent) == 0);
		EXPECT(srtp_protect_mki(e->their_sending, other, &length, e->mki, 0) == srtp_err_status_ok);
	}
	EXPECT((size_t)length == p->sent_n && memcmp(other, p->sent, p->sent_n) == 0);
	free(other);
}

static int we_hear(struct ends *e, const struct packet *p, size_t flip)
{
	uint8_t *heard = malloc(p->sent_n);
	size_t n = p->sent_n;
	int result;

	EXPECT(heard);
	memcpy(heard, p->sent, n);
	if (flip)
		heard[flip / 8 % n] ^= (uint8_t)(1 << flip % 8);
	result = (p->rtcp ? bl_srtcp_unprotect : bl_srtp_unprotect)(e->hearing, e->hearing_ctx, heard, &n);
	if (result == 0)
		EXPECT(n == p->n && memcmp(heard, p->plain, n) == 0);
	else if (!flip)
		EXPECT(n == p->sent_n && memcmp(heard, p->sent, n) == 0);
	free(heard);
	return result;
}

static srtp_err_status_t they_hear(struct ends *e, const struct packet *p)
{
	uint8_t *heard = malloc(p->sent_n);
	int n = (int)p->sent_n;
	srtp_err_status_t result;

	EXPECT(heard);
	memcpy(heard, p->sent, p->sent_n);
	result = p->rtcp ? srtp_unprotect_rtcp_mki(e->their_hearing, heard, &n, e->mki)
	                 : srtp_unprotect_mki(e->their_hearing, heard, &n, e->mki);
	if (result == srtp_err_status_ok)
		EXPECT((size_t)n == p->n && memcmp(heard, p->plain, p->n) == 0);
	free(heard);
	return result;
}

/* libsrtp2 2.5 looks for the MKI of SRTCP before a tag as long as that of SRTP, and so does not find it in this suite.
 */
static int they_can_hear(const struct ends *e, const struct packet *p)
{
	return !(suite == BL_SRTP_AES_CM_128_HMAC_SHA1_32 && p->rtcp && e->mki);
}

static void hear_both(struct ends *e, const struct packet *p)
{
	int again = !any(10), they = they_can_hear(e, p);

	if (!any(10))
		EXPECT(we_hear(e, p, 1 + any((uint32_t)(8 * p->sent_n - 1))) != 0);
	EXPECT(we_hear(e, p, 0) == 0);
	EXPECT(!they || they_hear(e, p) == srtp_err_status_ok);
	if (again) {
		EXPECT(we_hear(e, p, 0) == -EALREADY);
		EXPECT(!they || they_hear(e, p) == srtp_err_status_replay_fail);
	}
}

/* Some packets never come, some come after those behind them. No gap opens while one is under way. */
static void converse(struct ends *e, uint32_t packets)
{
	struct packet *now = calloc(1, sizeof *now), *late = calloc(1, sizeof *late);
	uint32_t number = 60000, wait = 0;

	EXPECT(now && late);
	for (uint32_t i = 0; i < packets; i++) {
		number += wait || any(50) ? 1 : 1 + any(300);
		if (any(12))
			make_rtp(now, number);
		else
			make_rtcp(now);
		protect_both(e, now);
		if (wait && --wait == 0)
			hear_both(e, late);
		if (i && !wait && !any(30)) {
			*late = *now;
			wait = 1 + any(LATE);
		} else if (!i || any(20))
			hear_both(e, now);
	}
	free(now);
	free(late);
}

int main(int argc, char **argv)
{
	static const unsigned int mkis[] = {0, 1, 4, 128};

	EXPECT(CRYPTO_set_mem_functions(counting_malloc, counting_realloc, counting_free) == 1);
	EXPECT(argc == 3 && srtp_init() == srtp_err_status_ok);
	seed = strtoull(argv[1], NULL, 10);
	for (suite = BL_SRTP_AES_CM_128_HMAC_SHA1_80; suite <= BL_SRTP_AEAD_AES_256_GCM; suite++)
		for (size_t i = 0; i < sizeof mkis / sizeof mkis[0]; i++) {
			struct ends e = {0};
			unsigned long opened;

			open_ends(&e, mkis[i]);
			opened = allocations;
			converse(&e, (uint32_t)strtoul(argv[2], NULL, 10));
			EXPECT(opened > 0 && allocations == opened);
			EXPECT(e.hearing->counters.packets > 0 && e.hearing->counters.forged > 0);
			close_ends(&e);
		}
	EXPECT(srtp_shutdown() == srtp_err_status_ok);
	return 0;
}
