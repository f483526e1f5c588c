/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace of a talk: the header of one packet each way in 20 ms. Its ring is larger than any cache, as it always is.
 */
#include "trace.h"

#include <errno.h>
#include <stdlib.h>

#include "bench.h"
#include "machine.h"

static struct bl_engine *engine;
static uint8_t packet[172] = {0x80, 8};

static int prepare(void)
{
	engine = calloc(1, sizeof *engine);
	if (engine)
		engine->segment = calloc(1, sizeof *engine->segment);
	return engine && engine->segment ? 0 : -ENOMEM;
}

static void talk(unsigned int number)
{
	const struct bl_address peer = {0x7f000001, 4000, 0};

	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		packet[3] = (uint8_t)number;
		bl_trace_rtp(engine, BL_RTP_FIRST + c, false, &peer, packet, sizeof packet);
		bl_trace_rtp(engine, BL_RTP_FIRST + c, true, &peer, packet, sizeof packet);
	}
}

const struct bench_case bench_trace[] = {
        {"talk", "ours", prepare, talk},
        {0},
};
