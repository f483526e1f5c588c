/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Telephone events over RTP (RFC 4733), receiver and sender, and redundant audio data around them (RFC 2198). Flat
 * state, no pointers; timestamps and durations count units of the event clock, which is that of the sound beside them:
 * 8, 16 or 48 kHz.
 *
 * A report is four octets: event, E and volume, duration so far. All reports of an event carry the timestamp of its
 * beginning, so the receiver knows an event by its timestamp, not by its code: it tells each beginning once and each
 * end once, whatever was lost, repeated or overtaken, as long as one report of it came. An event ends by a report with
 * E, by the next event, or when nothing was heard of it for timeout_ms. Events longer than 65,535 units come in
 * segments (§2.5.1.3): the next has the timestamp at which the last one ended, no marker, the same code. A report older
 * than the newest event is not heard; what lies within the time the event has already covered is the same event, even
 * if a faulty sender has moved its timestamp.
 *
 * The sender reports every packet_ms, marks the first packet, sends the end three times (§2.5.1.4) unless the next
 * event begins before, and cuts long events into segments. Redundancy repeats the last events' ends in every packet.
 */
#ifndef BL_TELEPHONE_EVENT_H
#define BL_TELEPHONE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#define BL_TELEPHONE_EVENT_OCTETS 4
#define BL_TELEPHONE_EVENT_SEGMENT 0xffffu /* units: longest that one timestamp covers */
#define BL_TELEPHONE_EVENT_ENDS 3          /* times the end is sent */
#define BL_TELEPHONE_EVENT_FLASH 16
#define BL_TELEPHONE_EVENT_QUEUE 64
#define BL_TELEPHONE_EVENT_REDUNDANCY 2
#define BL_TELEPHONE_EVENT_PAYLOAD_MAX (1 + (4 + BL_TELEPHONE_EVENT_OCTETS) * (BL_TELEPHONE_EVENT_REDUNDANCY + 1))

struct bl_telephone_event_report {
	uint8_t event; /* 0-9, 10 *, 11 #, 12-15 A-D, 16 flash */
	uint8_t end;
	uint8_t volume; /* dBm0 below 0; 0 to 63 */
	uint16_t duration;
};

/* -EBADMSG: not four octets. */
int bl_telephone_event_parse(struct bl_telephone_event_report *r, const uint8_t *in, size_t n);
void bl_telephone_event_write(uint8_t *out, const struct bl_telephone_event_report *r);
/* Event of a digit 0-9 * # A-D a-d or ! (flash); -EINVAL: none of them. Character of an event, 0: none of them. */
int bl_telephone_event_of(char digit);
char bl_telephone_event_digit(uint8_t event);

struct bl_red_block {
	uint8_t payload_type;
	uint32_t timestamp_offset; /* units before the packet's timestamp; the last, primary block: 0 */
	const uint8_t *payload;
	size_t length;
};

/* Blocks of an RFC 2198 payload, oldest first, the primary one last. Returns their number up to max, or -EBADMSG. */
int bl_red_parse(struct bl_red_block *blocks, size_t max, const uint8_t *in, size_t n);

struct bl_telephone_event_rx_cfg {
	uint32_t clock_hz;   /* 8000 to 96000, default 8000 */
	uint16_t timeout_ms; /* 60 to 5000, default 200: three reports at the slowest usual pace of 50 ms are lost */
};

struct bl_telephone_event_change {
	uint32_t timestamp; /* of the event's beginning */
	uint32_t duration;  /* end: all segments together as far as known; begin: 0 */
	uint8_t event;
	uint8_t on; /* 1: it has begun, 0: it has ended */
	uint8_t volume;
	uint8_t timed_out; /* end: nothing was heard of it any more */
};

struct bl_telephone_event_rx {
	struct bl_telephone_event_rx_cfg cfg;
	uint32_t known;    /* an event has been seen */
	uint32_t on;       /* it has not ended */
	uint32_t ended;    /* its E was seen */
	uint32_t begin;    /* its timestamp */
	uint32_t segment;  /* timestamp of its newest segment */
	uint32_t duration; /* of that */
	uint32_t quiet;    /* units since it was last heard of */
	uint8_t event;
	uint8_t volume;
	uint64_t reports, old; /* counters: all; those of events that were over */
};

size_t bl_telephone_event_rx_size(void);
/* NULL: the defaults. -EINVAL: a value out of its range. */
int bl_telephone_event_rx_init(struct bl_telephone_event_rx *rx, const struct bl_telephone_event_rx_cfg *cfg);
/* Another source: forget the event; it does not end. */
void bl_telephone_event_rx_reset(struct bl_telephone_event_rx *rx);
/*
 * A packet's payload: one report, or several that follow each other in time (§2.5.1.5). Writes what changed, oldest
 * first, up to max (3 a report are enough), returns how many, or -EBADMSG: not of whole reports.
 */
int bl_telephone_event_rx_take(struct bl_telephone_event_rx *rx, uint32_t timestamp, int marker, const uint8_t *in,
                               size_t n, struct bl_telephone_event_change *changes, size_t max);
/* As above for an RFC 2198 payload whose blocks of `payload_type` are events. */
int bl_telephone_event_rx_take_red(struct bl_telephone_event_rx *rx, uint32_t timestamp, int marker,
                                   uint8_t payload_type, const uint8_t *in, size_t n,
                                   struct bl_telephone_event_change *changes, size_t max);
/* Time passes: 5 ms. 1: *change is the end of an event that was not heard of any more. */
int bl_telephone_event_rx_tick(struct bl_telephone_event_rx *rx, struct bl_telephone_event_change *change);

struct bl_telephone_event_tx_cfg {
	uint32_t clock_hz;    /* 8000 to 96000, a multiple of 200; default 8000 */
	uint16_t packet_ms;   /* 5 to 50, a multiple of 5; default 20 */
	uint16_t on_ms;       /* of queued digits; 5 to 60000, default 100 */
	uint16_t off_ms;      /* default 100; two packets are needed for all three ends */
	uint8_t volume;       /* 0 to 63, default 10 */
	uint8_t redundancy;   /* events repeated by RFC 2198; 0 to BL_TELEPHONE_EVENT_REDUNDANCY, default 0 */
	uint8_t payload_type; /* of events, told in RFC 2198 headers; 0 to 127, default 101 */
};

struct bl_telephone_event_packet {
	uint32_t timestamp;
	uint8_t marker;
	uint8_t length;
	uint8_t payload[BL_TELEPHONE_EVENT_PAYLOAD_MAX];
};

struct bl_telephone_event_past {
	uint32_t timestamp;
	uint16_t duration;
	uint8_t event;
	uint8_t used;
};

struct bl_telephone_event_tx {
	struct bl_telephone_event_tx_cfg cfg;
	uint32_t on;       /* an event is under way */
	uint32_t held;     /* by a key */
	uint32_t left;     /* ticks of a queued event */
	uint32_t pause;    /* ticks until the next may begin */
	uint32_t ends;     /* times its end is yet to be sent */
	uint32_t wait;     /* ticks until the next packet */
	uint32_t begun;    /* the next packet is its first */
	uint32_t sent;     /* something of it was sent */
	uint32_t segment;  /* timestamp of the segment */
	uint32_t duration; /* of the segment */
	uint8_t event;
	uint8_t pressed;
	uint8_t first, queued;
	uint8_t queue[BL_TELEPHONE_EVENT_QUEUE];
	struct bl_telephone_event_past past[BL_TELEPHONE_EVENT_REDUNDANCY]; /* newest first */
};

size_t bl_telephone_event_tx_size(void);
/* NULL: the defaults. -EINVAL: a value out of its range, nothing is changed. */
int bl_telephone_event_tx_init(struct bl_telephone_event_tx *tx, const struct bl_telephone_event_tx_cfg *cfg);
/* Other settings for what has not begun; what is under way goes on. As above. */
int bl_telephone_event_tx_set(struct bl_telephone_event_tx *tx, const struct bl_telephone_event_tx_cfg *cfg);
/* What is queued is not sent; a digit under way ends, and its end is told. A key that is held is left alone. */
void bl_telephone_event_tx_stop(struct bl_telephone_event_tx *tx);
/* Queue digits of on_ms each: all or none. -EINVAL: a character that is none; -ENOBUFS: no room. */
int bl_telephone_event_tx_send(struct bl_telephone_event_tx *tx, const char *digits, size_t n);
/*
 * A key is pressed, and released: the event lasts as long. A press ends the key that is held and begins a tick later,
 * or when what is queued has been sent; a key that is released before is queued as a digit. -EINVAL: no such event;
 * -ENOBUFS: no room.
 */
int bl_telephone_event_tx_press(struct bl_telephone_event_tx *tx, int event);
void bl_telephone_event_tx_release(struct bl_telephone_event_tx *tx);
/* The tick whose first unit has this timestamp is over. 1: *packet is to be sent. */
int bl_telephone_event_tx_tick(struct bl_telephone_event_tx *tx, uint32_t timestamp,
                               struct bl_telephone_event_packet *packet);
/* An event is under way: no sound beside it. */
int bl_telephone_event_tx_busy(const struct bl_telephone_event_tx *tx);

#endif
