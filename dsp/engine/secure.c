/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SRTP of RTP ports. Keys and indexes lie in the segment and outlive the engine; the ciphers made of them belong to
 * the process. A port that has keys sends and believes nothing without them. When it is given others within a talk, the
 * peer's packets of before are believed for a second more: it has made its offer, and waits for our answer.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "machine.h"

#define FORMER_SAMPLES 8000 /* 1 s: an answer that must be sent a second time has arrived (RFC 3261 T1, T2) */

static struct bl_ciphers *ciphers_of(struct bl_engine *e, unsigned port)
{
	return &e->ciphers[port - BL_RTP_FIRST];
}

static bool same_keys(const struct bl_srtp *a, const struct bl_srtp *b)
{
	return a->suite == b->suite && CRYPTO_memcmp(&a->rtp, &b->rtp, sizeof a->rtp) == 0 &&
	       CRYPTO_memcmp(&a->rtcp, &b->rtcp, sizeof a->rtcp) == 0;
}

/*
 * Keys that are given again have served: their indexes and replay window go on (RFC 3711 §9.1). Others begin anew
 * (RFC 4568 §7.1.4); `former` takes those of before, NULL: they are wiped.
 */
static int take_master(struct bl_srtp *srtp, struct bl_srtp *former, unsigned suite, const uint8_t *master)
{
	struct bl_srtp_cfg cfg = {.suite = (uint8_t)suite};
	struct bl_srtp fresh;
	size_t key = bl_srtp_key_length(suite), salt = bl_srtp_salt_length(suite);
	int error;

	if (!key)
		return -EINVAL;
	memcpy(cfg.key, master, key);
	memcpy(cfg.salt, master + key, salt);
	error = bl_srtp_init(&fresh, &cfg);
	if (!error && !same_keys(srtp, &fresh)) {
		if (former)
			*former = *srtp;
		bl_srtp_close(srtp); /* should we die half way, nothing of the old keys stands beside the new */
		*srtp = fresh;
	}
	OPENSSL_cleanse(&cfg, sizeof cfg);
	OPENSSL_cleanse(&fresh, sizeof fresh);
	return error;
}

void bl_secure_suspend(struct bl_engine *e, unsigned port)
{
	struct bl_ciphers *c = ciphers_of(e, port);

	bl_srtp_ctx_close(c->rx);
	bl_srtp_ctx_close(c->tx);
	bl_srtp_ctx_close(c->former);
	*c = (struct bl_ciphers){0};
}

static int open_ciphers(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_ciphers *c = ciphers_of(e, port);
	int error;

	bl_secure_suspend(e, port);
	if (e->tick.sample < r->former_keys_until)
		(void)bl_srtp_ctx_open(&c->former, &r->srtp_former); /* without it a few packets are lost */
	error = bl_srtp_ctx_open(&c->rx, &r->srtp_rx);
	return error ? error : bl_srtp_ctx_open(&c->tx, &r->srtp_tx);
}

int bl_secure_start(struct bl_engine *e, unsigned port, const struct bl_secure_command *c)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_srtp *former = r->secure ? &r->srtp_former : NULL;
	int error;

	r->secure = 1; /* first: nothing goes out plain from here on */
	if (former)
		r->former_keys_until = e->tick.sample + FORMER_SAMPLES;
	error = take_master(&r->srtp_rx, former, c->suite, c->rx);
	if (!error)
		error = take_master(&r->srtp_tx, NULL, c->suite, c->tx);
	return error ? error : open_ciphers(e, port);
}

void bl_secure_forget(struct bl_secure_command *c)
{
	OPENSSL_cleanse(c, sizeof *c);
}

void bl_secure_end(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);

	bl_secure_suspend(e, port);
	if (r->secure) {
		bl_srtp_close(&r->srtp_rx);
		bl_srtp_close(&r->srtp_tx);
		bl_srtp_close(&r->srtp_former);
	}
}

int bl_secure_resume(struct bl_engine *e, unsigned port)
{
	return bl_rtp_of(e, port)->secure ? open_ciphers(e, port) : 0;
}

static bool opened_by_former(struct bl_engine *e, unsigned port, uint8_t *octets, size_t *n)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_srtp_ctx *ctx = ciphers_of(e, port)->former;

	return ctx && e->tick.sample < r->former_keys_until && bl_srtp_unprotect(&r->srtp_former, ctx, octets, n) == 0;
}

bool bl_secure_open(struct bl_engine *e, unsigned port, uint8_t *octets, size_t *n)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_srtp_ctx *ctx = ciphers_of(e, port)->rx;

	if (!r->secure)
		return true;
	if (ctx && bl_srtp_unprotect(&r->srtp_rx, ctx, octets, n) == 0)
		return true;
	if (opened_by_former(e, port, octets, n))
		return true;
	r->counters.forged++;
	return false;
}

bool bl_secure_close(struct bl_engine *e, unsigned port, uint8_t *octets, size_t *n, size_t room)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_srtp_ctx *ctx = ciphers_of(e, port)->tx;

	return !r->secure || (ctx && bl_srtp_protect(&r->srtp_tx, ctx, octets, n, room) == 0);
}

bool bl_secure_open_control(struct bl_engine *e, unsigned port, uint8_t *octets, size_t *n)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_srtp_ctx *ctx = ciphers_of(e, port)->rx;

	if (!r->secure)
		return true;
	if (ctx && bl_srtcp_unprotect(&r->srtp_rx, ctx, octets, n) == 0)
		return true;
	r->counters.forged++;
	return false;
}

bool bl_secure_close_control(struct bl_engine *e, unsigned port, uint8_t *octets, size_t *n, size_t room)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);
	struct bl_srtp_ctx *ctx = ciphers_of(e, port)->tx;

	return !r->secure || (ctx && bl_srtcp_protect(&r->srtp_tx, ctx, octets, n, room) == 0);
}
