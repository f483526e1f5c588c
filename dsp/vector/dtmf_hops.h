/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hop of many receivers, most of which hear nothing: it is kept, and the blocks that are complete are gathered. That
 * is a third of what a receiver costs, and most of it the copy: in line, so that each form has its own `keep`.
 */
#ifndef BL_DTMF_HOPS_H
#define BL_DTMF_HOPS_H

#include "correlate.h"
#include "dtmf.h"

#define DTMF_BLOCK_HOPS 2
#define DTMF_BLOCK_EVERY 3 /* hops: a digit has a whole block before it is 21 ms long */
#define DTMF_INLINE static inline __attribute__((always_inline))

struct dtmf_out;

/* Up to eight receivers whose block is complete, and its two hops. */
struct dtmf_batch {
	struct bl_dtmf *d[BL_HOP_CHANNELS];
	const int16_t *sound[DTMF_BLOCK_HOPS][BL_HOP_CHANNELS];
	uint16_t channel[BL_HOP_CHANNELS];
	size_t n;
};

/* Any samples of one receiver; a look where looks go on; the blocks of a batch, which is empty then. */
void bl_dtmf_take(struct bl_dtmf *d, const int16_t *in, size_t n, uint16_t channel, struct dtmf_out *out);
void bl_dtmf_look_on(struct bl_dtmf *d, uint16_t channel, struct dtmf_out *out);
void bl_dtmf_run(struct dtmf_batch *b, struct dtmf_out *out);

/* Hop `hop` is kept: look where looks go on, note a block that is complete too. */
DTMF_INLINE void dtmf_end_of_hop(struct bl_dtmf *d, uint64_t hop, size_t channel, struct dtmf_batch *b,
                                 struct dtmf_out *out)
{
	d->hops = hop + 1;
	if (__builtin_expect(d->alert != 0, 0))
		bl_dtmf_look_on(d, (uint16_t)channel, out);
	if (d->hops_left > 1) {
		d->hops_left--;
		return;
	}
	d->hops_left = DTMF_BLOCK_EVERY;
	b->d[b->n] = d;
	b->channel[b->n] = (uint16_t)channel;
	b->sound[0][b->n] = d->sound[(hop - 1) % BL_DTMF_HOPS];
	b->sound[1][b->n] = d->sound[hop % BL_DTMF_HOPS];
	if (++b->n == BL_HOP_CHANNELS)
		bl_dtmf_run(b, out);
}

DTMF_INLINE void dtmf_hear_many(struct bl_dtmf *const d[], const int16_t *const in[], size_t channels,
                                void (*keep)(int16_t *to, const int16_t *hop), struct dtmf_out *out)
{
	static const int16_t silence[BL_DTMF_HOP];
	struct dtmf_batch b;

	b.n = 0;
	for (size_t c = 0; c < channels; c++) {
		struct bl_dtmf *x = d[c];
		const int16_t *sound = in[c] ? in[c] : silence;
		uint64_t hop;

		if (!x)
			continue;
		if (x->fill) {
			bl_dtmf_take(x, sound, BL_DTMF_HOP, (uint16_t)c, out);
			continue;
		}
		hop = x->hops;
		keep(x->sound[hop % BL_DTMF_HOPS], sound);
		dtmf_end_of_hop(x, hop, c, &b, out);
	}
	if (b.n)
		bl_dtmf_run(&b, out);
}

#endif
