/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of any kind, for any port, with any values; ticks and sound between. Whatever they were, the table they
 * leave is one that an engine which comes back finds nothing wrong with.
 */
#include <stdio.h>

#include "box.h"

/* Ports whose keys were refused: mute and deaf, now and behind a death. */
static uint32_t without_keys(const struct bl_engine *e)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < BL_RTP_PORTS; i++)
		count += e->segment->ports[BL_RTP_FIRST + i].kind == BL_PORT_RTP && e->segment->rtp[i].secure &&
		         !(e->ciphers[i].rx && e->ciphers[i].tx);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	uint16_t sequence = 0;
	uint32_t keyless;
	struct rig r;

	box_open(&r, &f);
	while (f.left) {
		uint32_t how = fuzz_choice(&f, 8);

		box_command(&r, &f);
		if (how & 4)
			box_sound(&r, &f, &sequence);
		for (uint32_t ticks = how; ticks > 3; ticks--)
			rig_tick(&r);
	}
	rig_tick(&r);
	rig_look(&r);
	if (r.engine->segment->header.repaired)
		abort();
	if (n % 4) { /* a life costs as much as all the rest */
		rig_close(&r);
		return 0;
	}
	keyless = without_keys(r.engine);
	rig_live(&r, rig_die(&r));
	if (r.engine->segment->header.repaired != keyless) {
		fprintf(stderr, "commands left %u things to be mended\n", r.engine->segment->header.repaired);
		abort();
	}
	rig_tick(&r);
	rig_close(&r);
	return 0;
}
