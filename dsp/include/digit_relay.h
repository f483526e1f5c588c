/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One digit for every key pressed, however it is told: as tones in the sound, as telephone events (RFC 4733), by SIP
 * INFO, or by several of these at once and changing in mid-call. Flat state, driven by the 5 ms tick.
 *
 * The first report of a digit makes it; the others' reports of the same digit are laid against it. Every source tells a
 * key once and in order, so a report belongs to the oldest digit of its code that its source has not told yet and that
 * is not too long ago: LAG for tones and events against each other (the jitter buffer lies between them), INFO_LAG
 * after a digit's end for INFO, which is sent when the key is released and goes by signalling. A report that fits none
 * is a new digit. A tone that breaks off and comes again within what an event covers is the same digit. Therefore: a
 * change from one source to another must take longer than LAG (INFO_LAG to or from INFO) if the same key is pressed
 * before and after it; re-negotiating takes longer than a finger.
 *
 * A digit lasts until all sources that have begun it have ended it; INFO tells its length at once, and only of its own.
 *
 * Muting: the sound of a tick is to be silenced while the detector has a first hit (its early flag, 13 to 20 ms after
 * the tone's start, so no more than 20 ms leak), while a digit is on in the sound, and while the sound played belongs
 * to an event. An early flag that was nothing costs the ticks it stood.
 */
#ifndef BL_DIGIT_RELAY_H
#define BL_DIGIT_RELAY_H

#include <stddef.h>
#include <stdint.h>

#define BL_DIGIT_RELAY_LAG_MS 300
#define BL_DIGIT_RELAY_INFO_LAG_MS 500
#define BL_DIGIT_RELAY_PAST 16
#define BL_DIGIT_RELAY_QUEUE 16
#define BL_DIGIT_RELAY_INFO_MS 100      /* length of an INFO that tells none */
#define BL_DIGIT_RELAY_INFO_MAX_MS 5000 /* longest believed */

enum bl_digit_source { BL_DIGIT_INBAND, BL_DIGIT_EVENT, BL_DIGIT_INFO, BL_DIGIT_SOURCES };

struct bl_digit_change {
	uint32_t duration_ms; /* end */
	char digit;
	uint8_t on; /* 1: begin, 0: end */
	uint8_t source;
};

struct bl_digit_past {
	uint32_t begin, end; /* ticks; end: while it is on, not yet known */
	uint32_t lag;        /* ticks its tone came after it */
	char digit;          /* 0: none */
	uint8_t told;        /* bit of each source that has told it */
	uint8_t live;        /* bit of each source in which it is on */
	uint8_t owner;
	uint8_t on;
};

struct bl_digit_relay {
	uint32_t ticks;
	uint32_t newest;                 /* digits ever; the last is past[(newest - 1) % PAST] */
	uint32_t last[BL_DIGIT_SOURCES]; /* number of the digit the source told last, plus one */
	uint32_t info_end;               /* tick at which an INFO's digit ends */
	uint32_t event_from, event_to;   /* timestamps the last event covers */
	uint32_t event_kept;             /* ticks until it is forgotten */
	uint8_t event_on, event_known;
	uint8_t inband_on, early;
	uint8_t first, queued;
	struct bl_digit_past past[BL_DIGIT_RELAY_PAST];
	struct bl_digit_change queue[BL_DIGIT_RELAY_QUEUE];
	uint64_t digits, laid; /* made; reports laid against one */
	uint64_t dropped;      /* changes nobody fetched */
};

size_t bl_digit_relay_size(void);
int bl_digit_relay_init(struct bl_digit_relay *r);
void bl_digit_relay_reset(struct bl_digit_relay *r);
/* The detector's early flag of this tick, kept until the next call. */
void bl_digit_relay_early(struct bl_digit_relay *r, int early);
/* A tone has begun or ended. */
void bl_digit_relay_inband(struct bl_digit_relay *r, char digit, int on);
/* A telephone event has begun or ended: `timestamp` of its beginning, `duration` at its end, both in RTP units. */
void bl_digit_relay_event(struct bl_digit_relay *r, char digit, int on, uint32_t timestamp, uint32_t duration);
/* A SIP INFO has told a digit; 0 ms: it said no length. */
void bl_digit_relay_info(struct bl_digit_relay *r, char digit, uint32_t duration_ms);
/* 5 ms are over. */
void bl_digit_relay_tick(struct bl_digit_relay *r);
/* The oldest change not yet fetched: 1, or 0 when there is none. */
int bl_digit_relay_next(struct bl_digit_relay *r, struct bl_digit_change *change);
/* Else no sound is to be silenced in this tick: nearly always. */
static inline int bl_digit_relay_may_mute(const struct bl_digit_relay *r)
{
	return r->early || r->inband_on || r->event_known;
}
/* The sound of this tick, whose first sample has RTP timestamp `play`, is to be silenced. */
int bl_digit_relay_muted(const struct bl_digit_relay *r, uint32_t play);

#endif
