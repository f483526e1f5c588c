/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine itself in a fuzzing target: its segment in memory, its ticks as fast as they go, and rig.c in the place of
 * rtp_socket.c, so that a port is given datagrams in heap memory of exactly their size and nothing reaches a network.
 */
#ifndef RIG_H
#define RIG_H

#include "../fuzz.h"
#include "machine.h"

struct rig {
	int fd;
	bool torn; /* its rings may be: what is read of them proves nothing */
	struct bl_engine *engine;
};

/* Who is at the other end of a rig's RTP ports. */
extern const struct bl_address rig_peer;

void rig_open(struct rig *r);
/* The engine dies; its table stays. */
struct bl_segment *rig_die(struct rig *r);
/* Another comes back from that. */
void rig_live(struct rig *r, struct bl_segment *table);
void rig_close(struct rig *r);
/* Of closed RTP ports, from this one on, nothing may be read or written. */
void rig_fence(struct rig *r, unsigned port);
void rig_give(struct rig *r, unsigned client, const struct bl_command *c);
/* An RTP port with events and, where its codec may have it, comfort noise; a master key of zeros where it has keys.
 * Returns its payload type. */
uint8_t rig_open_rtp(struct rig *r, unsigned port, unsigned codec, bool suppress, unsigned suite);
/* For the next tick; frees the octets. */
void rig_datagram(unsigned port, bool control, const struct bl_address *from, uint8_t *octets, size_t n);
/* What it tells its clients and the recorder is read. */
void rig_tick(struct rig *r);
/* What the engine shows of its ports and spans, and what it has traced. */
void rig_look(struct rig *r);

#endif
