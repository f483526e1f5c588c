/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jitter buffer of one RTP sound stream: octets at their timestamps, taken out at a steady pace. Flat state, no
 * pointers.
 *
 * Laid out by the first packet, `depth` samples before it is heard. A late packet deepens it by what was missing, a
 * stream that lies EXCESS deeper than needed for a second is brought nearer, a pause or a jump lays it out anew. What
 * has not come is silence.
 */
#ifndef BL_JITTER_H
#define BL_JITTER_H

#include <stddef.h>
#include <stdint.h>

#define BL_JITTER_SAMPLES 4096       /* ring, 512 ms */
#define BL_JITTER_START_SAMPLES 320  /* 40 ms */
#define BL_JITTER_MAX_SAMPLES 1600   /* 200 ms: deepest by late packets */
#define BL_JITTER_EXCESS_SAMPLES 320 /* 40 ms */
#define BL_JITTER_PAUSE_SAMPLES 1600 /* 200 ms without sound is a pause */
#define BL_JITTER_PACKET_MAX 480     /* 60 ms */

struct bl_jitter {
	uint32_t running;      /* laid out */
	uint32_t play;         /* timestamp of the next sample to be heard */
	uint32_t newest;       /* timestamp after the newest sample */
	uint32_t depth;        /* samples between a packet's coming and its being heard, wanted */
	int32_t least_lead;    /* shortest wait of a packet in the window under way, samples */
	uint32_t window_start; /* its first timestamp */
	int32_t last_lead;     /* wait of the last packet */
	uint64_t late;         /* packets */
	uint64_t silence;      /* samples put in */
	uint64_t resyncs;
	uint8_t octets[BL_JITTER_SAMPLES];
	uint8_t present[BL_JITTER_SAMPLES];
};

size_t bl_jitter_size(void);
int bl_jitter_init(struct bl_jitter *j);
/* Forget all sound; the next packet lays it out anew. Counters and depth stay. */
void bl_jitter_reset(struct bl_jitter *j);
/* A packet of n octets, 1 to BL_JITTER_PACKET_MAX, else -EINVAL; -ETIME: too late, nothing of it is heard. */
int bl_jitter_put(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n);
/* The next n octets. Returns how many of them are sound that came; the rest is A-law silence. */
size_t bl_jitter_process(struct bl_jitter *j, uint8_t *out, size_t n);

#endif
