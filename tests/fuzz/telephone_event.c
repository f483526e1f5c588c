/* SPDX-License-Identifier: GPL-2.0-only */
/* Payloads with and without RFC 2198 through the receiver into the relay; a sender with any settings beside them. */
#include "telephone_event.h"

#include "digit_relay.h"
#include "fuzz.h"

static void send(struct fuzz *f, struct bl_telephone_event_tx *tx, uint32_t timestamp)
{
	struct bl_telephone_event_packet packet;
	struct bl_red_block blocks[4];
	char digits[3] = {(char)fuzz_below(f, 128), '1', '2'};

	if (fuzz_below(f, 4) == 0)
		(void)bl_telephone_event_tx_send(tx, digits, fuzz_below(f, 4));
	if (fuzz_below(f, 4) == 0)
		(void)bl_telephone_event_tx_press(tx, (int)fuzz_below(f, 300));
	if (fuzz_below(f, 4) == 0)
		bl_telephone_event_tx_release(tx);
	if (!bl_telephone_event_tx_tick(tx, timestamp, &packet))
		return;
	if (packet.length > sizeof packet.payload)
		abort();
	if (tx->cfg.redundancy && bl_red_parse(blocks, 4, packet.payload, packet.length) < 1)
		abort();
}

static void relay_all(struct bl_digit_relay *relay, const struct bl_telephone_event_change *c, int count)
{
	struct bl_digit_change change;

	for (int i = 0; i < count; i++)
		bl_digit_relay_event(relay, bl_telephone_event_digit(c[i].event), c[i].on, c[i].timestamp,
		                     c[i].duration);
	bl_digit_relay_tick(relay);
	while (bl_digit_relay_next(relay, &change))
		if (change.on > 1 || change.source >= BL_DIGIT_SOURCES)
			abort();
}

static void receive(struct fuzz *f, struct bl_telephone_event_rx *rx, struct bl_digit_relay *relay)
{
	struct bl_telephone_event_change changes[8];
	size_t max = fuzz_below(f, 9), length = fuzz_below(f, 80);
	uint32_t timestamp = fuzz_below(f, 0), how = fuzz_below(f, 4);
	uint8_t *payload = fuzz_octets(f, &length);
	int count =
	        how & 1 ? bl_telephone_event_rx_take(rx, timestamp, how >> 1, payload, length, changes, max)
	                : bl_telephone_event_rx_take_red(rx, timestamp, how >> 1, 101, payload, length, changes, max);

	if (count > (int)max)
		abort();
	relay_all(relay, changes, count);
	relay_all(relay, changes, bl_telephone_event_rx_tick(rx, changes));
	bl_digit_relay_inband(relay, (char)fuzz_below(f, 128), (int)fuzz_below(f, 2));
	bl_digit_relay_info(relay, (char)fuzz_below(f, 128), fuzz_below(f, 0));
	(void)bl_digit_relay_muted(relay, timestamp);
	free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_telephone_event_rx *rx = fuzz_room(bl_telephone_event_rx_size());
	struct bl_telephone_event_tx *tx = fuzz_room(bl_telephone_event_tx_size());
	struct bl_digit_relay *relay = fuzz_room(bl_digit_relay_size());
	struct bl_telephone_event_rx_cfg rx_cfg = {fuzz_below(&f, 100000), (uint16_t)fuzz_below(&f, 6000)};
	struct bl_telephone_event_tx_cfg tx_cfg = {200 * fuzz_below(&f, 500),       (uint16_t)(5 * fuzz_below(&f, 12)),
	                                           (uint16_t)fuzz_below(&f, 65536), (uint16_t)fuzz_below(&f, 65536),
	                                           (uint8_t)fuzz_below(&f, 70),     (uint8_t)fuzz_below(&f, 4),
	                                           (uint8_t)fuzz_below(&f, 130)};

	if (bl_telephone_event_rx_init(rx, &rx_cfg))
		(void)bl_telephone_event_rx_init(rx, NULL);
	if (bl_telephone_event_tx_init(tx, &tx_cfg))
		(void)bl_telephone_event_tx_init(tx, NULL);
	(void)bl_digit_relay_init(relay);
	for (uint32_t timestamp = fuzz_below(&f, 0); f.left; timestamp += tx->cfg.clock_hz / 200) {
		send(&f, tx, timestamp);
		receive(&f, rx, relay);
	}
	free(rx);
	free(tx);
	free(relay);
	return 0;
}
