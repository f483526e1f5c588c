/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys pressed on a far phone, carried as tones, telephone events and SIP INFO in turn and at once, and the one digit
 * relay behind all of them: built by simulator.py. `sim key=value…`, figures on standard output.
 *   digits seed clock (Hz) ends (0: every packet with E is lost) loss, twice (percent) spread (ms each packet is late
 * by itself) redundancy long (one digit of so many is longer than 65,535 units) carriers (0: change; else bits: 1
 * tones, 2 events, 4 INFO)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digit_relay.h"
#include "dtmf.h"
#include "telephone_event.h"

#define TICK 40
#define PACKETS 256
#define INFOS 16
#define DELAY_MAX 40 /* ticks */
#define PRESSED 64
#define TONES 1u
#define EVENTS 2u
#define INFO 4u
#define CHANGE_MS 700 /* a change of carriers is negotiated */

static const char keys[] = "0123456789*#ABCD";

struct posted {
	uint32_t at;
	int waiting;
	struct bl_telephone_event_packet packet;
};

struct info {
	uint32_t at, length_ms;
	char digit;
	int waiting;
};

struct sim {
	double digits, seed, clock, ends, loss, twice, spread, redundancy, longs, carriers;
	uint64_t chance;
	uint32_t tick, info_until;
	uint32_t carry, digits_in_mode; /* the carriers now, and how many digits they are still used for */
	uint32_t delay;                 /* ticks the sound takes */
	uint32_t left, gap;             /* ticks of the key, of the pause after it */
	uint32_t length;                /* of the key, ticks */
	char key;
	struct bl_telephone_event_tx tx;
	struct bl_telephone_event_rx rx;
	struct bl_dtmf_tx tone;
	struct bl_dtmf detector;
	struct bl_digit_relay relay;
	struct posted packets[PACKETS];
	uint32_t next_packet;
	struct info infos[INFOS];
	uint32_t next_info;
	int16_t line[DELAY_MAX][TICK];
	uint8_t toned[DELAY_MAX];
	uint32_t leak, leak_most;
};

struct judged {
	char pressed[PRESSED];
	uint32_t lengths[PRESSED];
	uint64_t count, heard, lost, doubled, wrong, unended, long_wrong, longs;
	int on;
};

static uint32_t any(struct sim *s, uint32_t below)
{
	s->chance = s->chance * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(s->chance >> 33) % below;
}

static int percent(struct sim *s, double of)
{
	return any(s, 100000) < of * 1000;
}

static void post(struct sim *s, const struct bl_telephone_event_packet *packet)
{
	int is_end = packet->payload[packet->length - 3] >> 7;

	if ((is_end && s->ends == 0) || percent(s, s->loss))
		return;
	for (int copies = 1 + percent(s, s->twice); copies; copies--)
		s->packets[s->next_packet++ % PACKETS] =
		        (struct posted){s->tick + any(s, (uint32_t)s->spread / 5 + 1), 1, *packet};
}

static void send_info(struct sim *s)
{
	uint32_t at = s->tick + 4 + any(s, 40);

	if (at < s->info_until) /* requests of a dialogue come in order */
		at = s->info_until;
	s->info_until = at;
	s->infos[s->next_info++ % INFOS] = (struct info){at, s->length * 5, s->key, 1};
}

static void change_carriers(struct sim *s)
{
	uint32_t before = s->carry;

	s->carry = s->carriers != 0 ? (uint32_t)s->carriers : 1 + any(s, 7);
	s->digits_in_mode = 1 + any(s, 20);
	s->gap += before == s->carry ? 0 : CHANGE_MS / 5;
}

static void press(struct sim *s, struct judged *j)
{
	s->key = keys[any(s, 16)];
	s->length = s->left = 12 + any(s, 30);
	if (s->longs != 0 && any(s, (uint32_t)s->longs) == 0)
		s->length = s->left = (uint32_t)(65535 * 200 / s->clock) + 1 + any(s, 1500);
	j->pressed[j->count % PRESSED] = s->key;
	j->lengths[j->count++ % PRESSED] = s->carry == INFO ? 0 : s->length * 5; /* INFO is believed 5 s at most */
	if (s->carry & EVENTS)
		(void)bl_telephone_event_tx_press(&s->tx, bl_telephone_event_of(s->key));
	if (s->carry & TONES) {
		struct bl_dtmf_tx_cfg cfg = {.low_level_dbm0 = -9, .high_level_dbm0 = -7, .off_ms = 1};

		cfg.on_ms = (uint16_t)(s->length * 5);
		(void)bl_dtmf_tx_init(&s->tone, &cfg);
		(void)bl_dtmf_tx_send(&s->tone, &s->key, 1);
	}
}

static void release(struct sim *s)
{
	bl_telephone_event_tx_release(&s->tx);
	if (s->carry & INFO)
		send_info(s);
	s->gap = 12 + any(s, 30);
	if (s->digits_in_mode-- <= 1)
		change_carriers(s);
}

static void finger(struct sim *s, struct judged *j)
{
	if (s->left) {
		if (--s->left == 0)
			release(s);
	} else if (s->gap) {
		s->gap--;
	} else if ((double)j->count < s->digits) {
		press(s, j);
	}
}

static void far_end(struct sim *s)
{
	uint32_t units = (uint32_t)s->clock / 200, at = s->tick % DELAY_MAX;
	struct bl_telephone_event_packet packet;

	if (bl_telephone_event_tx_tick(&s->tx, s->tick * units, &packet))
		post(s, &packet);
	s->toned[at] = bl_dtmf_tx_process(&s->tone, s->line[at], TICK) > 8 * 1;
}

static void changes(struct sim *s, const struct bl_telephone_event_change *c, int count)
{
	for (int i = 0; i < count; i++)
		bl_digit_relay_event(&s->relay, bl_telephone_event_digit(c[i].event), c[i].on, c[i].timestamp,
		                     c[i].duration);
}

static void receive(struct sim *s)
{
	struct bl_telephone_event_change c[16];

	for (uint32_t i = 0; i < PACKETS; i++) {
		struct posted *p = &s->packets[i];

		if (!p->waiting || p->at > s->tick)
			continue;
		p->waiting = 0;
		if (s->redundancy != 0)
			changes(s, c,
			        bl_telephone_event_rx_take_red(&s->rx, p->packet.timestamp, p->packet.marker, 101,
			                                       p->packet.payload, p->packet.length, c, 16));
		else
			changes(s, c,
			        bl_telephone_event_rx_take(&s->rx, p->packet.timestamp, p->packet.marker,
			                                   p->packet.payload, p->packet.length, c, 16));
	}
	changes(s, c, bl_telephone_event_rx_tick(&s->rx, c));
	for (uint32_t i = 0; i < INFOS; i++) /* in the order they were sent */
		for (uint32_t k = 0; k < INFOS; k++) {
			struct info *info = &s->infos[(s->next_info + k) % INFOS];

			if (!info->waiting || info->at > s->tick)
				continue;
			info->waiting = 0;
			bl_digit_relay_info(&s->relay, info->digit, info->length_ms);
		}
}

static void hear(struct sim *s)
{
	uint32_t at = (s->tick - s->delay) % DELAY_MAX;
	struct bl_dtmf_event events[4];
	size_t count = bl_dtmf_process(&s->detector, s->line[at], TICK, events, 4);

	bl_digit_relay_early(&s->relay, s->detector.candidate != 0);
	for (size_t i = 0; i < count; i++)
		bl_digit_relay_inband(&s->relay, events[i].digit, events[i].on);
	if (!s->toned[at])
		s->leak = 0;
	else if (!bl_digit_relay_muted(&s->relay, (s->tick - s->delay) * ((uint32_t)s->clock / 200)))
		s->leak += TICK;
	if (s->leak > s->leak_most)
		s->leak_most = s->leak;
}

static void judge_begin(struct judged *j, char digit)
{
	j->unended += j->on != 0;
	j->on = 1;
	if (j->heard < j->count && j->pressed[j->heard % PRESSED] == digit) {
		j->heard++;
	} else if (j->heard + 1 < j->count && j->pressed[(j->heard + 1) % PRESSED] == digit) {
		j->lost++;
		j->heard += 2;
	} else if (j->heard && j->pressed[(j->heard - 1) % PRESSED] == digit) {
		j->doubled++;
	} else {
		j->wrong++;
	}
}

/* A long digit's end is known to 300 ms. */
static void judge_end(struct sim *s, struct judged *j, uint32_t ms)
{
	uint32_t length = j->lengths[(j->heard - 1) % PRESSED];

	j->unended += !j->on;
	j->on = 0;
	if (length * s->clock / 1000 <= 65535)
		return;
	j->longs++;
	j->long_wrong += length > ms + 300 || ms > length + 300;
}

static void judge(struct sim *s, struct judged *j)
{
	struct bl_digit_change change;

	bl_digit_relay_tick(&s->relay);
	while (bl_digit_relay_next(&s->relay, &change)) {
		if (change.on)
			judge_begin(j, change.digit);
		else
			judge_end(s, j, change.duration_ms);
	}
}

static void set(struct sim *s, const char *argument)
{
	static const char *const names[] = {"digits", "seed",   "clock",      "ends", "loss",
	                                    "twice",  "spread", "redundancy", "long", "carriers"};
	double *values[] = {&s->digits, &s->seed,   &s->clock,      &s->ends,  &s->loss,
	                    &s->twice,  &s->spread, &s->redundancy, &s->longs, &s->carriers};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t length = strlen(names[i]);

		if (!strncmp(argument, names[i], length) && argument[length] == '=') {
			*values[i] = strtod(argument + length + 1, NULL);
			return;
		}
	}
	exit(2);
}

static int prepare(struct sim *s)
{
	struct bl_telephone_event_rx_cfg rx = {.clock_hz = (uint32_t)s->clock, .timeout_ms = 200};
	struct bl_telephone_event_tx_cfg tx = {.clock_hz = (uint32_t)s->clock,
	                                       .packet_ms = 20,
	                                       .on_ms = 100,
	                                       .off_ms = 100,
	                                       .volume = 10,
	                                       .redundancy = (uint8_t)s->redundancy,
	                                       .payload_type = 101};

	s->chance = (uint64_t)s->seed;
	s->delay = 12;
	s->gap = 40;
	change_carriers(s);
	return bl_telephone_event_rx_init(&s->rx, &rx) | bl_telephone_event_tx_init(&s->tx, &tx) |
	       bl_dtmf_tx_init(&s->tone, NULL) | bl_dtmf_init(&s->detector, NULL) | bl_digit_relay_init(&s->relay);
}

int main(int argc, char **argv)
{
	static struct sim s = {.digits = 10000, .seed = 1, .clock = 8000, .ends = 1, .twice = 5, .spread = 60};
	static struct judged j;

	for (int i = 1; i < argc; i++)
		set(&s, argv[i]);
	if (prepare(&s))
		return 2;
	for (uint32_t quiet = 0; quiet < 400; s.tick++) {
		finger(&s, &j);
		far_end(&s);
		receive(&s);
		hear(&s);
		judge(&s, &j);
		quiet = (double)j.count < s.digits || s.left ? 0 : quiet + 1;
	}
	printf("pressed %llu\nheard %llu\n", (unsigned long long)j.count, (unsigned long long)s.relay.digits);
	printf("lost %llu\ndoubled %llu\nwrong %llu\n", (unsigned long long)(j.lost + j.count - j.heard),
	       (unsigned long long)j.doubled, (unsigned long long)j.wrong);
	printf("unended %llu\nlongs %llu\nlong_wrong %llu\n", (unsigned long long)j.unended + (j.on != 0),
	       (unsigned long long)j.longs, (unsigned long long)j.long_wrong);
	printf("leak_ms %.3f\nhours %.3f\n", s.leak_most / 8.0, s.tick / 200.0 / 3600);
	return 0;
}
