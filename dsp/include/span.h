/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A span as the engine keeps it, and what a card's driver must do for it.
 *
 * `struct bl_span` is flat and lives in shared memory. The engine knows no card: it calls `struct bl_span_io`, and the
 * driver keeps what it needs in `card_state`, which it must be able to take up again after the process died between two
 * stores.
 */
#ifndef BL_SPAN_H
#define BL_SPAN_H

#include <stdint.h>
#include <string.h>

#include "command.h"
#include "g711.h"
#include "hdlc.h"
#include "sizes.h"

enum bl_card { BL_CARD_NONE, BL_CARD_CESOPSN, BL_CARD_VPAIR, BL_CARD_DAHDI, BL_CARD_SPI, BL_CARDS };

#define BL_ALARMS_OF_CARDS (BL_ALARM_LOS | BL_ALARM_LFA | BL_ALARM_AIS | BL_ALARM_RAI | BL_ALARM_FAULT)

enum bl_alarm { /* bits; G.775, G.732 */
	        BL_ALARM_LOS = 1,
	        BL_ALARM_LFA = 2,
	        BL_ALARM_AIS = 4,
	        BL_ALARM_RAI = 8,
	        BL_ALARM_RED = 16,
	        BL_ALARM_FAULT = 32, /* of the card itself */
};

#define BL_CARD_STATE (72 * 1024)
#define BL_TICK_FRAMES_MAX (BL_TICK_SAMPLES + 1) /* of a span whose clock is not the engine's; 39 at least */

struct bl_span_counters { /* packets, if not named otherwise */
	uint64_t received, sent, send_errors, lost, late, duplicates, stray, malformed, resyncs;
	uint64_t slips, slips_sent;            /* of what is received, of what is sent (G.822) */
	uint64_t frames_received, frames_sent; /* D-channel */
	uint64_t fcs_errors, frame_errors;
};

/*
 * How early packets come: the distance of the earliest one of a window from the time its sound is needed. A far end
 * that sends in bursts has its last packet of a burst ahead of the first by the burst's length, which the target then
 * includes.
 */
#define BL_PHASE_LEARN 4 /* windows, a second */

struct bl_phase {
	int64_t lead_ns;   /* the greatest of the window under way */
	uint32_t packets;  /* seen in it */
	uint32_t fresh;    /* laid out anew: so many windows are yet to give the target */
	int64_t least_ns;  /* the first packet after laying out waits so long */
	int64_t target_ns; /* where the lead is held */
	int64_t last_ns;   /* of the last whole window */
	int64_t place_ns;  /* what is heard lies so far behind the next frame to be taken */
};

/* A clock as it is recovered, against the machine's as that is trimmed. */
struct bl_loop {
	double ppm;        /* integral part */
	double correction; /* proportional part */
	double mean_us;    /* phase error, smoothed */
	uint32_t steady;   /* windows in a row near the target */
	uint32_t locked;
};

#define BL_CAS_TIMESLOT 16
#define BL_BITS_UNKNOWN 0xffu

/*
 * Channel-associated signalling of a span that has it: bits ABCD by timeslot, A is 8 (G.704 §5.1.3.2, §3.1.3.2). Once a
 * tick the card's read sets `rx` to what stands, and leaves it alone while nothing good comes; its write sends `tx`. A
 * T1 framed as D4 has A and B alone: it sends those, and C and D that come are A and B again.
 */
struct bl_cas {
	uint8_t rx[BL_TIMESLOTS]; /* BL_BITS_UNKNOWN: none have come yet */
	uint8_t tx[BL_TIMESLOTS];
	uint8_t told[BL_TIMESLOTS];  /* of rx, to the line's client */
	uint8_t quiet[BL_TIMESLOTS]; /* ticks until it is told more */
	uint8_t owner[BL_TIMESLOTS]; /* client that set tx; BL_NO_CLIENT: they rest */
};

/* How a tick goes through the resampler: skew.h. */
struct bl_pace {
	uint32_t place;
	int32_t step;
};

struct bl_held {
	uint8_t count; /* 0 or 1 */
	uint8_t frame[BL_TIMESLOTS];
};

/* The border to the engine's clock. */
struct bl_store {
	struct bl_pace rx;               /* where the next tick begins, and how it went on */
	struct bl_held rx_held, tx_held; /* of clear timeslots */
};

struct bl_span {
	uint8_t open;
	uint8_t card_alarms; /* of this tick: enum bl_alarm without RED */
	uint8_t alarms;
	uint8_t number;      /* its place in the segment's table */
	uint8_t owner;       /* client that opened it, and hears of it */
	uint32_t bad_ticks;  /* in a row with LOS or LFA, saturating */
	uint32_t good_ticks; /* in a row without */
	struct bl_open_span settings;
	struct bl_phase phase;
	struct bl_loop loop;
	struct bl_store store;
	uint32_t fit_windows; /* in a row in which it could have led the engine's clock, saturating */
	int64_t shift_frames; /* the clock asks the card to skip (>0) or repeat (<0) frames: a slip */
	struct bl_span_counters counters;
	struct bl_hdlc_rx rx;
	struct bl_hdlc_tx tx;
	struct bl_cas cas;
	struct bl_framer_command framer; /* told by who serves a framer beside the card */
	_Alignas(8) uint8_t card_state[BL_CARD_STATE];
};

struct bl_tick {
	uint64_t sample;     /* of the tick's first octet */
	int64_t deadline_ns; /* CLOCK_MONOTONIC */
	uint64_t missed;     /* resume: samples that passed without an engine */
};

struct bl_span_io {
	/* Check settings, bind, and return a descriptor or -errno. The state is zeros (first) or that of an earlier
	 * life. */
	int (*open)(struct bl_span *span, int first);
	/* Take up an earlier life: `tick->missed` samples have passed. */
	void (*resume)(struct bl_span *span, const struct bl_tick *tick);
	/* Fill this tick's n frames, count, set span->card_alarms, span->phase and, with CAS, span->cas.rx. */
	void (*read)(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS],
	             unsigned n);
	/* Send this tick's n frames and, with CAS, span->cas.tx. Over time as many are sent as read. */
	void (*write)(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS],
	              unsigned n);
	/* Close the descriptor and what belongs to it; NULL: it is one that is just closed. */
	void (*close)(struct bl_span *span, int fd);
};

extern const struct bl_span_io bl_cesopsn_io;
extern const struct bl_span_io bl_vpair_io;
extern const struct bl_span_io bl_dahdi_io;
extern const struct bl_span_io bl_spi_io;

static inline unsigned bl_timeslots(const struct bl_open_span *s)
{
	return s->t1 ? 24 : 31;
}

/* The timeslot has bits of its own where the span has CAS. */
static inline int bl_carries_bits(const struct bl_open_span *s, unsigned timeslot)
{
	return timeslot >= 1 && timeslot <= bl_timeslots(s) && (s->t1 || timeslot != BL_CAS_TIMESLOT);
}

/* For drivers: what stands in a timeslot that carries nothing. Ones on a D-channel end a frame under way (Q.921 2.2).
 */
static inline uint8_t bl_idle(const struct bl_open_span *s, unsigned timeslot)
{
	if (timeslot == s->d_channel)
		return 0xff;
	return s->t1 ? BL_ULAW_IDLE : BL_ALAW_IDLE;
}

static inline void bl_idle_frames(const struct bl_open_span *s, uint8_t frames[][BL_TIMESLOTS], unsigned n)
{
	memset(frames, bl_idle(s, BL_TIMESLOTS), n * sizeof frames[0]);
	for (unsigned i = 0; i < n && s->d_channel < BL_TIMESLOTS; i++)
		frames[i][s->d_channel] = 0xff;
}

/* For drivers: frames are laid out anew. */
static inline void bl_phase_start(struct bl_phase *phase)
{
	phase->packets = 0;
	phase->fresh = BL_PHASE_LEARN;
	phase->target_ns = phase->least_ns;
}

/* For drivers: a packet came `lead_ns` before its sound is needed. */
static inline void bl_phase_observe(struct bl_phase *phase, int64_t lead_ns)
{
	lead_ns -= phase->place_ns;
	if (phase->packets == 0 || lead_ns > phase->lead_ns)
		phase->lead_ns = lead_ns;
	phase->packets++;
}

#endif
