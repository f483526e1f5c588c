/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "telephone_event.h"

#define TICK_MS 5u
#define TICKS_A_SECOND 200u
#define OFFSET_MAX 0x3fffu /* RFC 2198: 14 bits */

/* Of a key: to begin when what is queued has been sent; under way. */
enum { NOT_HELD, PRESSED, HELD };

size_t bl_telephone_event_tx_size(void)
{
	return sizeof(struct bl_telephone_event_tx);
}

static const struct bl_telephone_event_tx_cfg usual = {
        .clock_hz = 8000, .packet_ms = 20, .on_ms = 100, .off_ms = 100, .volume = 10, .payload_type = 101};

static int times_fit(const struct bl_telephone_event_tx_cfg *c)
{
	return c->packet_ms >= TICK_MS && c->packet_ms <= 50 && c->packet_ms % TICK_MS == 0 && c->on_ms >= TICK_MS &&
	       c->on_ms <= 60000 && c->off_ms <= 60000;
}

int bl_telephone_event_tx_set(struct bl_telephone_event_tx *tx, const struct bl_telephone_event_tx_cfg *cfg)
{
	if (!cfg)
		cfg = &usual;
	if (cfg->clock_hz < 8000 || cfg->clock_hz > 96000 || cfg->clock_hz % TICKS_A_SECOND || !times_fit(cfg) ||
	    cfg->volume > 63 || cfg->redundancy > BL_TELEPHONE_EVENT_REDUNDANCY || cfg->payload_type > 127)
		return -EINVAL;
	tx->cfg = *cfg;
	return 0;
}

int bl_telephone_event_tx_init(struct bl_telephone_event_tx *tx, const struct bl_telephone_event_tx_cfg *cfg)
{
	if (!tx)
		return -EINVAL;

	struct bl_telephone_event_tx fresh = {0};
	int error = bl_telephone_event_tx_set(&fresh, cfg);

	if (!error)
		*tx = fresh;
	return error;
}

/* A key that waits for its turn has its place. */
static size_t room(const struct bl_telephone_event_tx *tx)
{
	size_t taken = (size_t)tx->queued + (tx->held == PRESSED);

	return taken < BL_TELEPHONE_EVENT_QUEUE ? BL_TELEPHONE_EVENT_QUEUE - taken : 0;
}

static void enqueue(struct bl_telephone_event_tx *tx, uint8_t event)
{
	if (tx->queued < BL_TELEPHONE_EVENT_QUEUE)
		tx->queue[(size_t)(tx->first + tx->queued++) % BL_TELEPHONE_EVENT_QUEUE] = event;
}

int bl_telephone_event_tx_send(struct bl_telephone_event_tx *tx, const char *digits, size_t n)
{
	if (!tx || !digits)
		return -EINVAL;
	if (n > room(tx))
		return -ENOBUFS;
	for (size_t i = 0; i < n; i++)
		if (bl_telephone_event_of(digits[i]) < 0)
			return -EINVAL;
	for (size_t i = 0; i < n; i++)
		enqueue(tx, (uint8_t)bl_telephone_event_of(digits[i]));
	return 0;
}

void bl_telephone_event_tx_release(struct bl_telephone_event_tx *tx)
{
	if (!tx)
		return;
	if (tx->held == PRESSED)
		enqueue(tx, tx->pressed);
	tx->held = NOT_HELD;
}

int bl_telephone_event_tx_press(struct bl_telephone_event_tx *tx, int event)
{
	if (!tx)
		return -EINVAL;
	if (event < 0 || event > 255)
		return -EINVAL;
	if (!room(tx))
		return -ENOBUFS;
	bl_telephone_event_tx_release(tx);
	tx->held = PRESSED;
	tx->pressed = (uint8_t)event;
	return 0;
}

int bl_telephone_event_tx_busy(const struct bl_telephone_event_tx *tx)
{
	if (!tx)
		return 0;
	return tx->on != 0;
}

static void remember(struct bl_telephone_event_tx *tx)
{
	memmove(tx->past + 1, tx->past, sizeof tx->past - sizeof tx->past[0]);
	tx->past[0] = (struct bl_telephone_event_past){
	        .timestamp = tx->segment, .duration = (uint16_t)tx->duration, .event = tx->event, .used = 1};
}

static void begin(struct bl_telephone_event_tx *tx, uint8_t event, uint32_t timestamp)
{
	if (tx->sent)
		remember(tx);
	tx->on = tx->begun = 1;
	tx->sent = 0;
	tx->ends = tx->wait = tx->left = 0;
	tx->event = event;
	tx->segment = timestamp;
	tx->duration = 0;
}

static void begin_next(struct bl_telephone_event_tx *tx, uint32_t timestamp)
{
	if (tx->queued && tx->queued <= BL_TELEPHONE_EVENT_QUEUE) {
		if (tx->pause)
			return;
		begin(tx, tx->queue[tx->first % BL_TELEPHONE_EVENT_QUEUE], timestamp);
		tx->first = (uint8_t)((tx->first + 1) % BL_TELEPHONE_EVENT_QUEUE);
		tx->queued--;
		tx->left = tx->cfg.on_ms / TICK_MS;
	} else if (tx->held == PRESSED) {
		begin(tx, tx->pressed, timestamp);
		tx->held = HELD;
	}
}

/* The redundant blocks' headers, oldest first; their number. */
static int write_headers(const struct bl_telephone_event_tx *tx, uint32_t timestamp, uint8_t *out,
                         const struct bl_telephone_event_past **blocks)
{
	int count = 0;

	for (int i = tx->cfg.redundancy; i-- > 0;) {
		const struct bl_telephone_event_past *past = &tx->past[i % BL_TELEPHONE_EVENT_REDUNDANCY];
		uint32_t offset = timestamp - past->timestamp;

		if (!past->used || offset > OFFSET_MAX)
			continue;
		out[4 * count] = 0x80u | tx->cfg.payload_type;
		out[4 * count + 1] = (uint8_t)(offset >> 6);
		out[4 * count + 2] = (uint8_t)(offset << 2);
		out[4 * count + 3] = BL_TELEPHONE_EVENT_OCTETS;
		blocks[count++] = past;
	}
	return count;
}

static size_t write_redundancy(const struct bl_telephone_event_tx *tx, uint32_t timestamp, uint8_t *out)
{
	const struct bl_telephone_event_past *blocks[BL_TELEPHONE_EVENT_REDUNDANCY];
	int count = write_headers(tx, timestamp, out, blocks);
	size_t at = 4 * (size_t)count;

	out[at++] = tx->cfg.payload_type;
	for (int i = 0; i < count; i++, at += BL_TELEPHONE_EVENT_OCTETS)
		bl_telephone_event_write(out + at,
		                         &(struct bl_telephone_event_report){.event = blocks[i]->event,
		                                                             .end = 1,
		                                                             .volume = tx->cfg.volume,
		                                                             .duration = blocks[i]->duration});
	return at;
}

static void write_packet(struct bl_telephone_event_tx *tx, struct bl_telephone_event_packet *p)
{
	uint32_t most = BL_TELEPHONE_EVENT_SEGMENT;
	struct bl_telephone_event_report r = {
	        .event = tx->event,
	        .end = !tx->on,
	        .volume = tx->cfg.volume,
	        .duration = (uint16_t)(tx->duration < most ? tx->duration : most),
	};
	size_t at = tx->cfg.redundancy ? write_redundancy(tx, tx->segment, p->payload) : 0;

	p->timestamp = tx->segment;
	p->marker = tx->begun != 0;
	bl_telephone_event_write(p->payload + at, &r);
	p->length = (uint8_t)(at + BL_TELEPHONE_EVENT_OCTETS);
	tx->begun = 0;
	tx->sent = 1;
	tx->wait = tx->cfg.packet_ms / TICK_MS;
}

static uint32_t rest(const struct bl_telephone_event_tx *tx)
{
	return tx->cfg.off_ms / TICK_MS + 1;
}

static void end(struct bl_telephone_event_tx *tx)
{
	tx->on = 0;
	tx->ends = BL_TELEPHONE_EVENT_ENDS;
	tx->wait = 0; /* it is told at once */
	tx->pause = rest(tx);
}

void bl_telephone_event_tx_stop(struct bl_telephone_event_tx *tx)
{
	if (!tx)
		return;
	tx->queued = 0;
	if (tx->on && tx->held != HELD)
		end(tx);
	if (tx->pause > rest(tx))
		tx->pause = rest(tx);
}

/* An event under way has grown by a tick, and may be over. */
static void grow(struct bl_telephone_event_tx *tx)
{
	tx->duration += tx->cfg.clock_hz / TICKS_A_SECOND;
	if (tx->left && --tx->left)
		return;
	if (tx->held != HELD)
		end(tx);
}

int bl_telephone_event_tx_tick(struct bl_telephone_event_tx *tx, uint32_t timestamp,
                               struct bl_telephone_event_packet *packet)
{
	if (!tx || !packet)
		return 0;
	if (tx->pause)
		tx->pause--;
	if (!tx->on)
		begin_next(tx, timestamp);
	if (tx->on)
		grow(tx);
	else if (!tx->ends)
		return 0;
	if (tx->duration >
	    BL_TELEPHONE_EVENT_SEGMENT) { /* the full segment is told, what is beyond belongs to the next */
		uint32_t on = tx->on;

		tx->on = 1;
		write_packet(tx, packet);
		tx->on = on;
		tx->segment += BL_TELEPHONE_EVENT_SEGMENT;
		tx->duration -= BL_TELEPHONE_EVENT_SEGMENT;
		return 1;
	}
	if (tx->wait && --tx->wait)
		return 0;
	if (!tx->on)
		tx->ends--;
	write_packet(tx, packet);
	return 1;
}
