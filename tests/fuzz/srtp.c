/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets of the input as they are, then protected, damaged or not, and unprotected. */
#include "fuzz.h"
#include "srtp.h"

struct stream {
	struct bl_srtp *s;
	struct bl_srtp_ctx *ctx;
};

static struct stream opened(const struct bl_srtp_cfg *cfg)
{
	struct stream made = {fuzz_room(bl_srtp_size()), NULL};

	if (bl_srtp_init(made.s, cfg) || bl_srtp_ctx_open(&made.ctx, made.s))
		abort();
	return made;
}

static void closed(struct stream *stream)
{
	bl_srtp_ctx_close(stream->ctx);
	bl_srtp_close(stream->s);
	free(stream->s);
}

static uint8_t *copied(const uint8_t *octets, size_t n, size_t room)
{
	uint8_t *copy = fuzz_room(room);

	memcpy(copy, octets, n);
	return copy;
}

/* What is heard must be what was said. */
static void there_and_back(struct fuzz *f, struct stream *sending, struct stream *hearing, const uint8_t *said,
                           size_t n, int rtcp)
{
	size_t length = n, room = n + fuzz_below(f, BL_SRTP_TRAILER_MAX + 1), heard_n;
	uint8_t *sent = copied(said, n, room), *heard;
	uint32_t bit = fuzz_below(f, 100000);

	if ((rtcp ? bl_srtcp_protect : bl_srtp_protect)(sending->s, sending->ctx, sent, &length, room)) {
		free(sent);
		return;
	}
	if (length > room)
		abort();
	heard = copied(sent, length, length);
	heard_n = length;
	if (bit & 1 && length)
		heard[bit / 16 % length] ^= (uint8_t)(1u << (bit / 2 & 7));
	if (!(rtcp ? bl_srtcp_unprotect : bl_srtp_unprotect)(hearing->s, hearing->ctx, heard, &heard_n) &&
	    (heard_n != n || memcmp(heard, said, n) != 0))
		abort();
	free(heard);
	free(sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_srtp_cfg cfg = {.suite = (uint8_t)(1 + fuzz_below(&f, 4)), .key = {1}, .salt = {2}};
	struct stream sending, hearing;

	cfg.mki_length = (uint8_t)(fuzz_below(&f, 4) ? 0 : fuzz_below(&f, BL_SRTP_MKI_MAX + 1));
	sending = opened(&cfg);
	hearing = opened(&cfg);
	while (f.left) {
		size_t length = fuzz_below(&f, 300), left;
		int rtcp = fuzz_below(&f, 3) == 0;
		uint8_t *packet = fuzz_octets(&f, &length);

		left = length;
		there_and_back(&f, &sending, &hearing, packet, length, rtcp);
		if (!(rtcp ? bl_srtcp_unprotect : bl_srtp_unprotect)(hearing.s, hearing.ctx, packet, &left) &&
		    left >= length)
			abort();
		free(packet);
	}
	closed(&sending);
	closed(&hearing);
	return 0;
}
