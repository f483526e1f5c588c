/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much the engine has of everything.
 *
 * Port numbers: timeslot = span * 32 + timeslot (0 to 255); RTP = 256 + n, on UDP port rtp_base + 2n, RTCP one above;
 * null = 512 + n, ports without a line.
 */
#ifndef BL_SIZES_H
#define BL_SIZES_H

#define BL_TICK_SAMPLES 40 /* 5 ms at 8 kHz */
#define BL_TICK_NS 5000000 /* nominal */
#define BL_SPANS 8
#define BL_TIMESLOTS 32 /* octets of an E1 frame; timeslot 0 is the framing's, a T1 has 1 to 24 */
#define BL_RTP_FIRST 256
#define BL_RTP_PORTS 256
#define BL_NULL_FIRST 512
#define BL_NULL_PORTS 64
#define BL_PORTS 576
#define BL_CACHE_LINE 64   /* octets */
#define BL_RTP_PAYLOAD 160 /* octets sent in a packet: 20 ms */
#define BL_NO_PORT 0xFFFFu
#define BL_CLIENTS 13 /* a line worker a span, and five */
#define BL_NO_CLIENT 0xFFu
#define BL_RECORDINGS 256
#define BL_CONFERENCES 32
#define BL_SOUNDS 32 /* of one play */
#define BL_DIGITS 60 /* of one collect or one sending */
#define BL_TYPE_AHEAD 32
#define BL_ARENA_OCTETS (64 * 1024 * 1024)
#define BL_COMMAND_SLOTS 256 /* a client; a power of two, as all slots */
#define BL_EVENT_SLOTS 1024
#define BL_TAP_SLOTS 65536  /* 10 s of 30 recordings */
#define BL_TAP_RESERVE 1024 /* slots that only beginnings and ends may take */

struct bl_address {
	uint32_t ip;   /* IPv4, host order */
	uint16_t port; /* 0: none */
	uint16_t unused;
};

#endif
