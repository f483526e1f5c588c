/* SPDX-License-Identifier: GPL-2.0-only */
/* Datagrams as a socket gives them, then a source and a jitter buffer behind the parser, as the engine has them. */
#include "fuzz.h"
#include "jitter.h"
#include "rtp.h"

static void take(struct bl_rtp_source *source, struct bl_jitter *jitter, const uint8_t *octets, size_t n)
{
	struct bl_rtp_packet packet;

	if (bl_rtp_parse(&packet, octets, n))
		return;
	if (packet.payload < octets || packet.payload + packet.length > octets + n)
		abort();
	if (bl_rtp_source_take(source, packet.sequence) < 0)
		return;
	bl_rtp_source_observe(source, packet.timestamp, packet.timestamp ^ packet.sequence);
	(void)bl_jitter_put(jitter, packet.timestamp, packet.payload, packet.length);
}

static void set(struct fuzz *f, struct bl_jitter *jitter)
{
	struct bl_jitter_cfg cfg = {(uint8_t)fuzz_below(f, 3),     (uint8_t)fuzz_below(f, 2),
	                            (uint8_t)fuzz_below(f, 2),     (uint16_t)fuzz_below(f, 1700),
	                            (uint16_t)fuzz_below(f, 1700), (uint16_t)fuzz_below(f, 1700),
	                            (uint16_t)fuzz_below(f, 400)};

	if (fuzz_below(f, 20) == 0)
		(void)bl_jitter_set(jitter, &cfg);
	jitter->wish = fuzz_below(f, 20) ? jitter->wish : (int32_t)fuzz_below(f, 400) - 200;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_rtp_source source;
	struct bl_jitter *jitter = fuzz_room(bl_jitter_size());
	uint8_t *out = fuzz_room(40);

	bl_rtp_source_reset(&source);
	(void)bl_jitter_init(jitter);
	while (f.left) {
		size_t length = fuzz_below(&f, 600);
		uint8_t *datagram = fuzz_octets(&f, &length);

		take(&source, jitter, datagram, length);
		set(&f, jitter);
		if (bl_jitter_process(jitter, out, 40) > 40)
			abort();
		free(datagram);
	}
	(void)bl_rtp_source_lost(&source);
	free(out);
	free(jitter);
	return 0;
}
