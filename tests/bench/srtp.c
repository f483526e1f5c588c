/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SRTP beside Debian's libsrtp2: a packet of 160 octets of payload every 20 ms on every channel, 32 streams with keys
 * of their own. "protect" is one way; "there_and_back" unprotects the packet as well, in the far end's stream, since no
 * packet can be unprotected twice. In every tick a quarter of the channels has a packet.
 */
#include "srtp.h"

#include <errno.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <string.h>

#include "bench.h"

#define HEADER 12
#define LENGTH (HEADER + BENCH_FRAME)
#define TICKS (BENCH_FRAME / BENCH_TICK)
#define BATCH (BENCH_CHANNELS / TICKS)
#define ROOM 256

static uint8_t packets[BENCH_CHANNELS][ROOM];
static struct bl_srtp sending[BENCH_CHANNELS], hearing[BENCH_CHANNELS];
static struct bl_srtp_ctx *sending_ctx[BENCH_CHANNELS], *hearing_ctx[BENCH_CHANNELS];
static srtp_t their_sending[BENCH_CHANNELS], their_hearing[BENCH_CHANNELS];

static void fill_packets(void)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		packets[c][0] = 0x80;
		packets[c][1] = 8;
		packets[c][11] = (uint8_t)(1 + c);
		for (unsigned int i = 0; i < BENCH_FRAME; i++)
			packets[c][HEADER + i] = (uint8_t)(bench_speech(c, 1)[i] >> 8);
	}
}

static int open_one(struct bl_srtp *s, struct bl_srtp_ctx **ctx, const struct bl_srtp_cfg *cfg)
{
	int error = bl_srtp_init(s, cfg);

	bl_srtp_ctx_close(*ctx);
	return error ? error : bl_srtp_ctx_open(ctx, s);
}

static int prepare_ours(enum bl_srtp_suite suite)
{
	fill_packets();
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		struct bl_srtp_cfg cfg = {.suite = (uint8_t)suite, .key = {1, (uint8_t)c}, .salt = {2}};

		if (open_one(&sending[c], &sending_ctx[c], &cfg) || open_one(&hearing[c], &hearing_ctx[c], &cfg))
			return -EIO;
	}
	return 0;
}

/* Sets a suite of theirs. */
typedef void (*policy_setter)(srtp_crypto_policy_t *policy);

static int open_theirs(srtp_t *session, unsigned int channel, policy_setter suite, srtp_ssrc_type_t direction)
{
	uint8_t key[64] = {1, (uint8_t)channel};
	srtp_policy_t policy = {.key = key, .window_size = BL_SRTP_WINDOW};

	suite(&policy.rtp);
	policy.rtcp = policy.rtp;
	policy.ssrc.type = direction;
	return srtp_create(session, &policy) == srtp_err_status_ok ? 0 : -EIO;
}

static int prepare_theirs(policy_setter suite)
{
	fill_packets();
	if (!their_sending[0] && srtp_init() != srtp_err_status_ok)
		return -EIO;
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		if (open_theirs(&their_sending[c], c, suite, ssrc_any_outbound) ||
		    open_theirs(&their_hearing[c], c, suite, ssrc_any_inbound))
			return -EIO;
	return 0;
}

static int prepare_cm(void)
{
	return prepare_ours(BL_SRTP_AES_CM_128_HMAC_SHA1_80);
}

static int prepare_cm_32(void)
{
	return prepare_ours(BL_SRTP_AES_CM_128_HMAC_SHA1_32);
}

static int prepare_gcm(void)
{
	return prepare_ours(BL_SRTP_AEAD_AES_128_GCM);
}

static int prepare_gcm_256(void)
{
	return prepare_ours(BL_SRTP_AEAD_AES_256_GCM);
}

static int prepare_their_cm(void)
{
	return prepare_theirs(srtp_crypto_policy_set_rtp_default);
}

static int prepare_their_cm_32(void)
{
	return prepare_theirs(srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32);
}

static int prepare_their_gcm(void)
{
	return prepare_theirs(srtp_crypto_policy_set_aes_gcm_128_16_auth);
}

static int prepare_their_gcm_256(void)
{
	return prepare_theirs(srtp_crypto_policy_set_aes_gcm_256_16_auth);
}

static void number_packet(uint8_t *packet, unsigned int number)
{
	packet[2] = (uint8_t)(number >> 8);
	packet[3] = (uint8_t)number;
	packet[5] = packet[3]; /* so much of the time stamp as matters here */
}

static void tick_ours(unsigned int first, unsigned int number, bool back)
{
	struct bl_srtp_work work[BATCH];

	for (unsigned int i = 0; i < BATCH; i++) {
		unsigned int c = first + i;

		number_packet(packets[c], number);
		work[i] = (struct bl_srtp_work){&sending[c], sending_ctx[c], packets[c], LENGTH, ROOM, 0};
	}
	bench_sink += (int)bl_srtp_protect_many(work, BATCH);
	if (!back)
		return;
	for (unsigned int i = 0; i < BATCH; i++) {
		work[i].srtp = &hearing[first + i];
		work[i].ctx = hearing_ctx[first + i];
	}
	bench_sink += (int)bl_srtp_unprotect_many(work, BATCH);
}

static void ours(unsigned int number, bool back)
{
	for (unsigned int t = 0; t < TICKS; t++)
		tick_ours(t * BATCH, number, back);
}

static void theirs(unsigned int number, bool back)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		int length = LENGTH;

		number_packet(packets[c], number);
		bench_sink += (int)srtp_protect(their_sending[c], packets[c], &length);
		if (back)
			bench_sink += (int)srtp_unprotect(their_hearing[c], packets[c], &length);
	}
}

static void protect_ours(unsigned int number)
{
	ours(number, false);
}

static void back_ours(unsigned int number)
{
	ours(number, true);
}

static void protect_theirs(unsigned int number)
{
	theirs(number, false);
}

static void back_theirs(unsigned int number)
{
	theirs(number, true);
}

const struct bench_case bench_srtp[] = {
        {"protect", "ours", prepare_cm, protect_ours},
        {"protect", "libsrtp2", prepare_their_cm, protect_theirs},
        {"there_and_back", "ours", prepare_cm, back_ours},
        {"there_and_back", "libsrtp2", prepare_their_cm, back_theirs},
        {"cm_32_there_and_back", "ours", prepare_cm_32, back_ours},
        {"cm_32_there_and_back", "libsrtp2", prepare_their_cm_32, back_theirs},
        {"gcm_protect", "ours", prepare_gcm, protect_ours},
        {"gcm_protect", "libsrtp2", prepare_their_gcm, protect_theirs},
        {"gcm_there_and_back", "ours", prepare_gcm, back_ours},
        {"gcm_there_and_back", "libsrtp2", prepare_their_gcm, back_theirs},
        {"gcm_256_there_and_back", "ours", prepare_gcm_256, back_ours},
        {"gcm_256_there_and_back", "libsrtp2", prepare_their_gcm_256, back_theirs},
        {0},
};
