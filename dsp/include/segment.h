/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's shared segment: header, tables, rings, arena; and the clients' side of it.
 *
 * A memfd that the supervisor makes and every child inherits. It outlives the engine. Clients write their command ring,
 * the heads of the rings they read, and (the IVR alone) the arena; everything else is the engine's.
 */
#ifndef BL_SEGMENT_H
#define BL_SEGMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "echo.h"
#include "event.h"
#include "port.h"
#include "ring.h"
#include "sizes.h"
#include "span.h"
#include "trace.h"

#define BL_SEGMENT_MAGIC 0x4c42454e47494e45u
#define BL_SEGMENT_VERSION 19u
#define BL_TOS_EF 0xb8u /* RFC 3246 */
#define BL_HISTOGRAM 24
#define BL_STAGES 13

struct bl_lateness {
	uint64_t late; /* wake-ups more than 10 ms after their time */
	uint64_t worst_ns;
	uint64_t histogram[BL_HISTOGRAM]; /* < 1, 2, 4, … µs; the last takes the rest */
};

/* The engine's clock: that of the span that leads, or the machine's. */
struct bl_clock {
	struct bl_loop loop; /* the leader's; what it was before nobody led */
	double trim_ppm;
	uint32_t ticks;   /* in the window under way */
	uint32_t leader;  /* span, BL_SPANS: none */
	uint32_t domains; /* clocks of the open spans that have one of their own */
};

struct bl_header {
	uint64_t magic;
	uint32_t version;
	uint32_t size;
	uint32_t pid;
	uint32_t policy_fifo;
	uint32_t stop; /* a host asks the engine to return */
	uint32_t repaired;
	uint64_t generation;
	uint64_t samples;
	int64_t deadline_ns; /* of the next tick, CLOCK_MONOTONIC */
	uint64_t ticks;
	uint64_t skipped_ticks;
	uint64_t cpu_ns;
	uint64_t stage_ns[BL_STAGES];
	uint64_t taps_dropped;
	float clock_ppm; /* against CLOCK_MONOTONIC, trim included */
	uint32_t rtp_ip;
	uint32_t rtp_base;
	uint32_t tos;               /* of media packets; whoever changes it is followed within a tick */
	uint32_t orphan_samples;    /* a port lives so long after its owner; 0: for ever */
	uint32_t heads[BL_CLIENTS]; /* of the event rings when last looked at */
	uint64_t heard[BL_CLIENTS]; /* sample at which the client had last read on */
	uint64_t orphans;           /* ports closed because their owner was dead */
	uint64_t command_ticket;    /* the command being obeyed, 0: none */
	uint32_t command_attempts;
	struct bl_clock clock;
	struct bl_lateness tick;
	struct bl_lateness reference; /* an idle thread beside the engine: the machine's own share */
	uint64_t late_alone;          /* late ticks while the idle thread was in time */
};

struct bl_command_ring {
	struct bl_ring ring;
	struct bl_command slots[BL_COMMAND_SLOTS];
};

struct bl_event_ring {
	struct bl_ring ring;
	struct bl_event slots[BL_EVENT_SLOTS];
};

struct bl_tap_ring {
	struct bl_ring ring;
	struct bl_tap slots[BL_TAP_SLOTS];
};

struct bl_recording {
	uint64_t id;
	uint64_t from_sample;
	uint64_t end_sample; /* after its last block */
	uint64_t lost;       /* samples */
	uint16_t left, right;
	uint8_t active;
	uint8_t begun;
	uint8_t owner;
};

_Static_assert(sizeof(struct bl_echo) % BL_CACHE_LINE == 0, "every canceller is aligned");

struct bl_segment {
	struct bl_header header;
	struct bl_span spans[BL_SPANS];
	struct bl_port ports[BL_PORTS];
	struct bl_rtp_port rtp[BL_RTP_PORTS];
	struct bl_rtp_codec codecs[BL_RTP_PORTS];
	struct bl_rtp_noise noises[BL_RTP_PORTS];
	_Alignas(BL_CACHE_LINE) struct bl_echo echo[BL_RTP_FIRST]; /* of timeslots */
	struct bl_skew rx_skew[BL_RTP_FIRST], tx_skew[BL_RTP_FIRST];
	struct bl_recording recordings[BL_RECORDINGS];
	struct bl_conference conferences[BL_CONFERENCES];
	struct bl_command_ring commands[BL_CLIENTS];
	struct bl_event_ring events[BL_CLIENTS];
	struct bl_tap_ring taps;
	struct bl_trace trace;
	_Alignas(4096) uint8_t arena[BL_ARENA_OCTETS];
};

struct bl_span_status {
	uint8_t open;
	uint8_t alarms;
	uint8_t clock_locked;
	uint8_t leads; /* the engine's clock is the span's */
	int32_t buffer_us;
	int32_t store_us; /* delay of the border to the engine's clock, each way */
	float clock_ppm;
	float skew_ppm; /* the span's clock against the engine's, as the border has it */
	struct bl_span_counters counters;
};

struct bl_bits_status {
	uint8_t open; /* the span is, and the timeslot has bits; else nothing here counts */
	uint8_t tx;
	uint8_t rx; /* BL_BITS_UNKNOWN: none have come */
};

struct bl_test_status {
	uint8_t active; /* else nothing here counts */
	uint8_t synced;
	struct bl_prbs_counters counters;
};

struct bl_conference_status {
	uint64_t parties;  /* bit n: place n is taken */
	uint16_t dominant; /* port that speaks loudest, or did last; BL_NO_PORT: nobody has yet */
};

struct bl_port_status {
	uint8_t kind;
	uint8_t source;
	uint8_t muted;
	uint8_t speaks; /* voice activity */
	uint8_t profile;
	uint8_t echo; /* its echo is cancelled: the figures of it count */
	uint8_t double_talk;
	uint8_t echo_disabled;          /* by a tone */
	uint8_t hears;                  /* register signals, bit n: enum bl_heard_kind n */
	struct bl_signal_command sends; /* signal 0: none */
	uint16_t peer;
	float rx_dbm0, tx_dbm0;
	float noise_dbm0; /* of what is received */
	float erl_db, erle_db;
	uint32_t clipped; /* samples of the last second */
	struct bl_address remote;
	uint8_t codec;        /* of an RTP port: enum bl_codec */
	uint8_t secure;       /* SRTP */
	float mos_lq, mos_cq; /* 0: not known */
	float loss_percent;   /* lost and late */
	float round_trip_ms;  /* -1: not known */
	uint32_t jitter_us;
	uint32_t delay_us;
	struct bl_rtp_counters rtp;
};

size_t bl_segment_size(void);
/* Write the header of a new segment of zeros; ports outlive their owner by `orphan_ms`, 0: for ever. 0 or -errno. */
int bl_segment_format(int fd, uint32_t rtp_ip, uint32_t rtp_base, uint32_t orphan_ms);
/* NULL if the descriptor holds no segment of this version. */
struct bl_segment *bl_segment_map(int fd);
/* The same to be read only: of one that somebody else's engine serves. */
const struct bl_segment *bl_segment_view(int fd);
void bl_segment_unmap(const struct bl_segment *s);

/* 0, -EAGAIN when the ring is full, or -EINVAL for a client that is none, to whom the others have nothing to give. */
int bl_command_push(struct bl_segment *s, uint32_t client, const struct bl_command *command);
/* 1 and the oldest event, or 0. */
int bl_event_pop(struct bl_segment *s, uint32_t client, struct bl_event *event);
void bl_event_discard(struct bl_segment *s, uint32_t client);
/* Up to `count` of the oldest taps; returns how many. */
size_t bl_taps_take(struct bl_segment *s, struct bl_tap *taps, size_t count);
uint8_t *bl_arena(struct bl_segment *s);

/* The span has a border to the engine's clock: store.c. */
static inline bool bl_span_skewed(const struct bl_segment *s, uint32_t span)
{
	return s->header.clock.domains > 1 && s->spans[span].settings.clock_recovered;
}

void bl_span_status(const struct bl_segment *s, uint32_t span, struct bl_span_status *status);
void bl_bits_status(const struct bl_segment *s, uint32_t port, struct bl_bits_status *status);
void bl_test_status(const struct bl_segment *s, uint32_t port, struct bl_test_status *status);
void bl_conference_status(const struct bl_segment *s, uint32_t conference, struct bl_conference_status *status);
/* What is known of a leg for the E-model. */
void bl_rtp_leg(const struct bl_rtp_port *r, struct bl_leg *leg);
void bl_port_status(const struct bl_segment *s, uint32_t port, struct bl_port_status *status);

#endif
