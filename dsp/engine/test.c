/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bit error test on a timeslot: the pattern goes out, and is looked for in what comes in. Whoever loops it back, a
 * far end or a card, need not be in step. The port must be clear: a pattern to which something is done is no
 * measurement.
 */
#include <errno.h>

#include "machine.h"

static bool clear(const struct bl_port *p)
{
	return p->profile == BL_PROFILE_CLEAR && !p->automatic && !bl_gain_alters(&p->rx_gain) &&
	       !bl_gain_alters(&p->tx_gain) && !bl_register_works(&p->reg);
}

int bl_test_start(struct bl_engine *e, unsigned port, const struct bl_test_command *c)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_test test;

	if (p->kind != BL_PORT_TIMESLOT || bl_prbs_tx_init(&test.tx, c->pattern) ||
	    bl_prbs_rx_init(&test.rx, c->pattern))
		return -EINVAL;
	if (!clear(p))
		return -EBUSY;
	bl_port_part(e, port);
	bl_port_silence(e, port, BL_PLAY_STOPPED);
	p->test = test;
	p->source = BL_SOURCE_TEST;
	return 0;
}

int bl_test_insert(struct bl_engine *e, unsigned port, uint32_t errors)
{
	struct bl_port *p = bl_port(e, port);

	if (p->source != BL_SOURCE_TEST)
		return -ENOTCONN;
	bl_prbs_tx_insert(&p->test.tx, errors);
	return 0;
}

void bl_test_fill(struct bl_engine *e, unsigned port, uint8_t *out)
{
	struct bl_port *p = bl_port(e, port);

	bl_prbs_rx_process(&p->test.rx, bl_law_pass(e, port, port), BL_TICK_SAMPLES);
	bl_prbs_tx_process(&p->test.tx, out, BL_TICK_SAMPLES);
}
