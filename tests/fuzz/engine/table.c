/* SPDX-License-Identifier: GPL-2.0-only */
/* A table that a death has torn anywhere, and an engine that comes back from it to commands and sound. */
#include "box.h"

struct part {
	size_t at, size;
};

#define PART(first, n)                                                                                                 \
	{                                                                                                              \
		offsetof(struct bl_segment, first), (n) * sizeof(((struct bl_segment *)0)->first)                      \
	}

static const struct part parts[] = {
        PART(ports[1], 3),
        PART(ports[33], 2),
        PART(ports[BL_RTP_FIRST], 4),
        PART(rtp[0], 4),
        PART(codecs[0], 4),
        PART(noises[0], 4),
        PART(echo[1], 3),
        PART(rx_skew[65], 3),
        PART(tx_skew[65], 3),
        PART(recordings[0], 4),
        PART(conferences[0], 2),
        PART(header.clock, 1),
        PART(header.heads, 1),
        PART(header.command_ticket, 1),
        PART(commands[0].ring, 1),
        PART(events[0].ring, 1),
        PART(taps.ring, 1),
        PART(trace.written, 1),
        PART(spans[0].settings, 1),
        PART(spans[0].phase, 1),
        PART(spans[0].rx, 1),
        PART(spans[0].tx, 1),
        PART(spans[2].store, 1),
        PART(spans[2].cas, 1),
        PART(spans[2].loop, 1),
        PART(spans[2].framer, 1),
        PART(spans[2].card_state, 1),
        PART(spans[2].settings, 1),
        PART(ports[512], 2),
        PART(ports[0], BL_PORTS),
};

static void tear(struct fuzz *f, struct bl_segment *s)
{
	const struct part *part = &parts[fuzz_choice(f, sizeof parts / sizeof *parts)];
	size_t at = fuzz_below(f, (uint32_t)part->size), n = 1 + fuzz_choice(f, 16);

	for (; n && f->left && at < part->size; n--, at++)
		((uint8_t *)s)[part->at + at] = (uint8_t)fuzz_choice(f, 256);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	uint16_t sequence = 0;
	struct bl_segment *table;
	struct rig r;

	box_open(&r, &f);
	for (uint32_t commands = fuzz_choice(&f, 8); commands; commands--)
		box_command(&r, &f);
	rig_tick(&r);
	table = rig_die(&r);
	for (uint32_t torn = fuzz_choice(&f, 32); torn; torn--)
		tear(&f, table);
	r.torn = true;
	rig_live(&r, table);
	for (uint32_t ticks = 2 + fuzz_choice(&f, 8); ticks; ticks--) {
		box_sound(&r, &f, &sequence);
		box_command(&r, &f);
		rig_tick(&r);
	}
	rig_close(&r);
	return 0;
}
