/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "telephone_event.h"

#define TICKS_A_SECOND 200u
#define SEGMENTS_MISSED 16u /* segments of a long event in a row of which nothing came */
#define BLOCKS 8

size_t bl_telephone_event_rx_size(void)
{
	return sizeof(struct bl_telephone_event_rx);
}

int bl_telephone_event_rx_init(struct bl_telephone_event_rx *rx, const struct bl_telephone_event_rx_cfg *cfg)
{
	if (!rx)
		return -EINVAL;

	static const struct bl_telephone_event_rx_cfg usual = {.clock_hz = 8000, .timeout_ms = 200};

	if (!cfg)
		cfg = &usual;
	if (cfg->clock_hz < 8000 || cfg->clock_hz > 96000 || cfg->timeout_ms < 60 || cfg->timeout_ms > 5000)
		return -EINVAL;
	memset(rx, 0, sizeof *rx);
	rx->cfg = *cfg;
	return 0;
}

void bl_telephone_event_rx_reset(struct bl_telephone_event_rx *rx)
{
	if (!rx)
		return;
	rx->known = rx->on = 0;
}

struct changes {
	struct bl_telephone_event_change *to;
	size_t max, count;
};

static void tell(const struct bl_telephone_event_rx *rx, struct changes *c, int on, int timed_out)
{
	if (c->count >= c->max)
		return;
	c->to[c->count++] = (struct bl_telephone_event_change){
	        .timestamp = rx->begin,
	        .duration = on ? 0 : rx->segment - rx->begin + rx->duration,
	        .event = rx->event,
	        .on = on != 0,
	        .volume = rx->volume,
	        .timed_out = timed_out != 0,
	};
}

static void end(struct bl_telephone_event_rx *rx, struct changes *c, int timed_out)
{
	if (!rx->on)
		return;
	rx->on = 0;
	tell(rx, c, 0, timed_out);
}

static void begin(struct bl_telephone_event_rx *rx, struct changes *c, uint32_t timestamp,
                  const struct bl_telephone_event_report *r)
{
	end(rx, c, 0);
	rx->known = rx->on = 1;
	rx->ended = 0;
	rx->begin = rx->segment = timestamp;
	rx->duration = 0;
	rx->event = r->event;
	rx->volume = r->volume;
	tell(rx, c, 1, 0);
}

/* The event that is known goes on in a segment of this timestamp (§2.5.1.3). */
static int is_next_segment(const struct bl_telephone_event_rx *rx, uint32_t after, int marker, uint8_t event)
{
	return event == rx->event && !marker && !rx->ended && after % BL_TELEPHONE_EVENT_SEGMENT == 0 &&
	       after / BL_TELEPHONE_EVENT_SEGMENT <= SEGMENTS_MISSED;
}

/* News of the event that is known; one that has ended, by E or by silence, does not begin again. */
static void go_on(struct bl_telephone_event_rx *rx, struct changes *c, uint32_t covered,
                  const struct bl_telephone_event_report *r)
{
	if (covered > rx->duration)
		rx->duration = covered;
	rx->quiet = 0;
	if (!r->end)
		return;
	rx->ended = 1;
	end(rx, c, 0);
}

static void take(struct bl_telephone_event_rx *rx, struct changes *c, uint32_t timestamp, int marker,
                 const struct bl_telephone_event_report *r)
{
	uint32_t after = timestamp - rx->segment;

	rx->reports++;
	if (rx->known && (int32_t)after < 0) {
		rx->old++;
		return;
	}
	if (rx->known && (after == 0 || (after < rx->duration && !marker)) && r->event == rx->event) {
		go_on(rx, c, after + r->duration, r);
		return;
	}
	if (rx->known && after == 0) { /* another code at the same timestamp: one of them is wrong, the first is told */
		rx->old++;
		return;
	}
	if (rx->known && is_next_segment(rx, after, marker, r->event)) {
		rx->segment = timestamp;
		rx->duration = 0;
	} else {
		begin(rx, c, timestamp, r);
	}
	go_on(rx, c, r->duration, r);
}

static int take_all(struct bl_telephone_event_rx *rx, struct changes *c, uint32_t timestamp, int marker,
                    const uint8_t *in, size_t n)
{
	if (n == 0 || n % BL_TELEPHONE_EVENT_OCTETS)
		return -EBADMSG;
	for (size_t at = 0; at < n; at += BL_TELEPHONE_EVENT_OCTETS) {
		struct bl_telephone_event_report r;

		(void)bl_telephone_event_parse(&r, in + at, BL_TELEPHONE_EVENT_OCTETS);
		if (at + BL_TELEPHONE_EVENT_OCTETS < n)
			r.end = 1; /* the next follows it in time */
		take(rx, c, timestamp, marker && at == 0, &r);
		timestamp += r.duration;
	}
	return 0;
}

int bl_telephone_event_rx_take(struct bl_telephone_event_rx *rx, uint32_t timestamp, int marker, const uint8_t *in,
                               size_t n, struct bl_telephone_event_change *changes, size_t max)
{
	if (!rx || !in || !changes)
		return -EINVAL;

	struct changes c = {changes, max, 0};
	int error = take_all(rx, &c, timestamp, marker, in, n);

	return error ? error : (int)c.count;
}

int bl_telephone_event_rx_take_red(struct bl_telephone_event_rx *rx, uint32_t timestamp, int marker,
                                   uint8_t payload_type, const uint8_t *in, size_t n,
                                   struct bl_telephone_event_change *changes, size_t max)
{
	if (!rx || !in || !changes)
		return -EINVAL;

	struct changes c = {changes, max, 0};
	struct bl_red_block blocks[BLOCKS];
	int count = bl_red_parse(blocks, BLOCKS, in, n);

	if (count < 0)
		return count;
	for (int i = 0; i < count; i++)
		if (blocks[i].payload_type == payload_type)
			(void)take_all(rx, &c, timestamp - blocks[i].timestamp_offset, marker && i == count - 1,
			               blocks[i].payload, blocks[i].length);
	return (int)c.count;
}

int bl_telephone_event_rx_tick(struct bl_telephone_event_rx *rx, struct bl_telephone_event_change *change)
{
	if (!rx || !change)
		return 0;

	struct changes c = {change, 1, 0};

	if (!rx->on)
		return 0;
	rx->quiet += rx->cfg.clock_hz / TICKS_A_SECOND;
	if (rx->quiet >= rx->cfg.clock_hz / 1000 * rx->cfg.timeout_ms)
		end(rx, &c, 1);
	return (int)c.count;
}
