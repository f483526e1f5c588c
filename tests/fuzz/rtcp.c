/* SPDX-License-Identifier: GPL-2.0-only */
/* Datagrams into the reader and a party behind it; what was read is written and must be read the same. */
#include "rtcp.h"

#include "fuzz.h"

static void again(const struct bl_rtcp_report *report, uint32_t about)
{
	struct bl_rtcp_report second;
	uint8_t *out = fuzz_room(BL_RTCP_OCTETS_MAX);
	int octets = bl_rtcp_write(out, BL_RTCP_OCTETS_MAX, report);

	if (octets < 8 || octets % 4 || bl_rtcp_parse(&second, about, out, (size_t)octets) ||
	    second.ssrc != report->ssrc || second.cname_length != report->cname_length ||
	    second.block.lost != report->block.lost || second.bye != report->bye)
		abort();
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_rtcp_cfg cfg = {.ssrc = fuzz_below(&f, 4), .bandwidth_bps = 64000, .cname_length = 3, .cname = "a@b"};
	struct bl_rtcp *c = fuzz_room(bl_rtcp_size());
	struct bl_rtp_source source = {.started = 1};

	if (bl_rtcp_init(c, &cfg, 0))
		abort();
	while (f.left) {
		size_t length = fuzz_below(&f, 300), max = fuzz_below(&f, BL_RTCP_OCTETS_MAX);
		uint64_t now = (uint64_t)fuzz_below(&f, 0) << 32 | fuzz_below(&f, 0);
		uint8_t *datagram = fuzz_octets(&f, &length), *out = fuzz_room(max);
		struct bl_rtcp_sending sending = {fuzz_below(&f, 0), 1, 2};
		struct bl_rtcp_report report;

		if (!bl_rtcp_take(c, datagram, length, now, &report))
			again(&report, cfg.ssrc);
		source.highest = fuzz_below(&f, 0);
		source.received = fuzz_below(&f, 0);
		if (bl_rtcp_build(c, now, &sending, &source, 7, &report.voip, 0, out, max) > (int)max)
			abort();
		(void)bl_rtcp_round_trip_ms(c);
		free(datagram);
		free(out);
	}
	free(c);
	return 0;
}
