/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine under ASan and UBSan: random commands, random datagrams, a table torn between two lives. Built and run by
 * test_sanitized.py with all sources of the core; arguments: two UDP ports and the RTP base, all free, and a seed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bl_engine.h"
#include "segment.h"

#define ROUNDS 400
#define LIVES 3

static uint64_t seed = 88172645463325252u;
static uint16_t peer; /* our socket's UDP port: what comes from there is believed */

static uint32_t chance(uint32_t most)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % most;
}

static void *life(void *engine)
{
	(void)bl_engine_run(engine);
	return NULL;
}

static void put16(uint8_t *out, unsigned value)
{
	out[0] = (uint8_t)value;
	out[1] = (uint8_t)(value >> 8);
}

static void open_span(struct bl_segment *s, unsigned near, unsigned far)
{
	struct bl_command c = {
	        .kind = BL_OPEN_SPAN,
	        .span = {.card = BL_CARD_CESOPSN, .clock_recovered = 1, .clock_domain = 1, .clock_priority = 2}};
	static const uint8_t loopback[4] = {1, 0, 0, 127};

	c.span.cas = (uint8_t)chance(2);
	c.span.t1 = (uint8_t)chance(2);
	c.span.d_channel = c.span.cas ? 0 : 16;
	memcpy(c.span.settings, loopback, 4);
	put16(c.span.settings + 4, near);
	memcpy(c.span.settings + 6, loopback, 4);
	put16(c.span.settings + 10, far);
	c.span.settings[12] = 8;
	c.span.settings[14] = 20;
	c.span.settings[16] = (uint8_t)chance(1u + c.span.t1);
	bl_command_push(s, BL_LINE, &c);
}

/* Two ends of a cable that is a clock domain of its own, and leads; with CAS. */
static void open_cable(struct bl_segment *s)
{
	uint8_t t1 = (uint8_t)chance(2);

	for (uint8_t span = 2; span < 4; span++) {
		struct bl_command c = {.kind = BL_OPEN_SPAN, .port = span};
		const float ppm = 200;

		c.span = (struct bl_open_span){.card = BL_CARD_VPAIR,
		                               .t1 = t1,
		                               .cas = 1,
		                               .clock_recovered = 1,
		                               .clock_domain = 2,
		                               .clock_priority = 1,
		                               .settings = {span ^ 1, 1}};
		memcpy(c.span.settings + 3, &ppm, sizeof ppm);
		bl_command_push(s, BL_LINE, &c);
	}
}

/* Half of them sensible: a valid kind and a port that is likely open. */
static void give_command(struct bl_segment *s)
{
	struct bl_command c;
	uint8_t *octets = (uint8_t *)&c;

	for (size_t i = 0; i < sizeof c; i++)
		octets[i] = chance(2) ? (uint8_t)chance(256) : 0;
	c.kind = (uint16_t)chance(BL_COMMAND_KINDS + 2);
	c.port = (uint16_t)(chance(2)   ? chance(8)
	                    : chance(3) ? (chance(4) ? BL_RTP_FIRST : BL_NULL_FIRST) + chance(8)
	                                : chance(65536));
	if (c.kind == BL_CLOSE_SPAN || (c.kind == BL_OPEN_SPAN && c.port == 0))
		return;
	if (c.kind == BL_SET_PROFILE)
		c.profile = (struct bl_profile_command){(uint8_t)chance(5), chance(2) ? (uint8_t)chance(140) : 0};
	if (c.kind == BL_SET_BITS) {
		c.port = (uint16_t)(chance(4) * BL_TIMESLOTS + chance(BL_TIMESLOTS));
		c.bits = (uint8_t)chance(18);
	}
	if (c.kind == BL_HEAR_SIGNALS || c.kind == BL_SEND_SIGNAL) {
		c.port = (uint16_t)(chance(4) * BL_TIMESLOTS + chance(4));
		c.signal = (struct bl_signal_command){(uint8_t)chance(17), (uint8_t)(chance(2) ? chance(17) : '5')};
	}
	if (c.kind == BL_TEST || c.kind == BL_INSERT_ERRORS) {
		c.port = (uint16_t)(chance(4) * BL_TIMESLOTS + chance(4));
		c.errors = chance(8);
	}
	if (c.kind == BL_SET_DTMF && chance(4))
		c.dtmf = *bl_dtmf_column(chance(2) ? "NTT" : "Denmark");
	if (c.kind == BL_SECURE)
		c.secure.suite = (uint8_t)chance(6);
	if (c.kind == BL_TELL_DIGIT)
		c.info = (struct bl_info_command){"0123456789*#AD!x"[chance(16)], (uint16_t)chance(65536)};
	if (c.kind == BL_JOIN)
		c.join = (struct bl_join_command){(uint8_t)chance(3), (uint8_t)chance(2), (uint8_t)chance(2)};
	if (c.kind == BL_CONNECT || c.kind == BL_LISTEN || c.kind == BL_WHISPER)
		c.peer = (uint16_t)(chance(2)   ? BL_RTP_FIRST + chance(8)
		                    : chance(2) ? chance(10)
		                                : 2 * BL_TIMESLOTS + chance(10));
	if (c.kind == BL_OPEN_RTP || c.kind == BL_SET_RTP_REMOTE) {
		static const uint8_t types[] = {8, 0, 9, 96, 97, 98, 99, 111, 8};
		uint8_t codec = (uint8_t)chance(BL_CODECS + 1);

		c.rtp = (struct bl_rtp_command){.remote = {0x7f000001, peer, 0},
		                                .packet_ms = (uint8_t)(5u << chance(3)),
		                                .codec = codec,
		                                .payload_type = types[chance(8) ? codec : chance(9)],
		                                .event_type = chance(2) ? 101 : 0,
		                                .noise_type = chance(2) ? 13 : 0,
		                                .suppress = (uint8_t)chance(2)};
		c.rtp.sent_event_type = c.rtp.event_type;
	}
	if (c.kind == BL_PLAY && chance(2)) {
		c.play.count = 1;
		c.play.sounds[0] = (struct bl_sound){BL_ARENA_OCTETS - 100 - chance(4), 100};
	}
	bl_command_push(s, chance(BL_CLIENTS), &c);
}

/* Of any codec, of one source, near the packets before it: what gets as far as a decoder. */
static void like_a_stream(uint8_t *datagram)
{
	static uint16_t sequence;
	uint16_t told = (uint16_t)(++sequence + (chance(4) ? 0 : chance(12)));

	datagram[0] = 0x80;
	datagram[1] = (uint8_t)(chance(8) ? 96 + chance(16) : 13);
	if (chance(4) == 0)
		datagram[1] = (uint8_t)(chance(2) ? 8 : 9);
	datagram[2] = (uint8_t)(told >> 8);
	datagram[3] = (uint8_t)told;
	if (chance(8))
		put16(datagram + 5, told);
	memset(datagram + 8, 1, 4);
}

static void send_noise(int fd, unsigned port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	uint8_t datagram[1500];
	size_t length = chance(3) ? 252 : chance(1500);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (size_t i = 0; i < length; i++)
		datagram[i] = (uint8_t)chance(256);
	datagram[0] = chance(2) ? 0x80 : 0;
	datagram[1] = (uint8_t)(chance(2) ? 8 : chance(2) ? 101 : chance(2) ? 200 + chance(8) : 0);
	if (chance(2))
		like_a_stream(datagram);
	(void)!sendto(fd, datagram, length, 0, (struct sockaddr *)&to, sizeof to);
}

/* All that came since the last look, of a port by chance. */
static void read_trace(struct bl_segment *s)
{
	static union {
		struct bl_trace_frame frames[64];
		struct bl_trace_head bits[64];
		struct bl_trace_rtp rtp[64];
	} records;
	static uint64_t places[BL_TRACE_KINDS];

	for (uint8_t kind = 0; kind < BL_TRACE_KINDS; kind++) {
		const struct bl_trace_wanted wanted = {
		        kind, (uint16_t)(chance(8) + (kind == BL_TRACE_OF_RTP ? BL_RTP_FIRST : 0)), 0, INT64_MAX};

		while (bl_trace_read(&s->trace, &wanted, &places[kind], &records, 64))
			;
	}
}

static void take_all(struct bl_segment *s)
{
	static struct bl_tap taps[256];
	struct bl_event event;
	struct bl_span_status span;
	struct bl_port_status port;

	for (uint32_t i = 0; i < BL_CLIENTS; i++)
		while (bl_event_pop(s, i, &event))
			;
	while (bl_taps_take(s, taps, 256))
		;
	read_trace(s);
	bl_span_status(s, chance(BL_SPANS), &span);
	bl_port_status(s, chance(BL_PORTS), &port);
}

/* What any program with the segment could do while no engine runs; floats and sockets' settings among it. */
static void tear(struct bl_segment *s)
{
	for (int i = 0; i < 4000; i++)
		((uint8_t *)s->ports)[chance(sizeof s->ports)] = (uint8_t)chance(256);
	for (int i = 0; i < 40; i++)
		((uint8_t *)&s->ports[chance(8)])[chance(sizeof s->ports[0])] = (uint8_t)chance(256);
	for (int i = 0; i < 400; i++)
		((uint8_t *)s->recordings)[chance(sizeof s->recordings)] = (uint8_t)chance(256);
	for (int i = 0; i < 200; i++)
		((uint8_t *)s->conferences)[chance(4 * sizeof s->conferences[0])] = (uint8_t)chance(256);
	for (int i = 0; i < 400; i++)
		((uint8_t *)&s->rtp[chance(8)])[chance(sizeof s->rtp[0])] = (uint8_t)chance(256);
	for (int i = 0; i < 8000; i++)
		((uint8_t *)s->codecs)[chance(8 * sizeof s->codecs[0])] = (uint8_t)chance(256);
	for (int i = 0; i < 1000; i++)
		((uint8_t *)s->noises)[chance(8 * sizeof s->noises[0])] = (uint8_t)chance(256);
	for (int i = 0; i < 4000; i++)
		((uint8_t *)s->echo)[chance(8 * sizeof s->echo[0])] = (uint8_t)chance(256);
	for (int i = 0; i < 40; i++)
		((uint8_t *)&s->spans[0].rx)[chance(sizeof s->spans[0].rx)] = (uint8_t)chance(256);
	for (int i = 0; i < 40; i++)
		((uint8_t *)s->spans[0].card_state)[chance(4096)] = (uint8_t)chance(256);
	for (int i = 0; i < 200; i++) {
		struct bl_span *span = &s->spans[chance(4)];

		((uint8_t *)&s->spans[2].settings)[chance(sizeof span->settings)] = (uint8_t)chance(256);
		((uint8_t *)&span->loop)[chance(sizeof span->loop)] = (uint8_t)chance(256);
		((uint8_t *)&span->cas)[chance(sizeof span->cas)] = (uint8_t)chance(256);
		((uint8_t *)&span->store)[chance(sizeof span->store)] = (uint8_t)chance(256);
		((uint8_t *)s->spans[2 + chance(2)].card_state)[chance(16500)] = (uint8_t)chance(256);
		((uint8_t *)&s->header.clock)[chance(sizeof s->header.clock)] = (uint8_t)chance(256);
		((uint8_t *)s->rx_skew)[chance(8 * sizeof s->rx_skew[0])] = (uint8_t)chance(256);
		((uint8_t *)s->tx_skew)[chance(8 * sizeof s->tx_skew[0])] = (uint8_t)chance(256);
	}
	s->header.clock.loop.ppm = s->header.clock.loop.ppm / 0.0;
	s->events[1].ring.tail = chance(UINT32_MAX);
	s->trace.written[chance(BL_TRACE_KINDS)] = (uint64_t)chance(UINT32_MAX) << 32;
	s->commands[2].ring.head = chance(UINT32_MAX);
}

/* A port that is open and has keys when the engine ends. */
static void leave_keys(struct bl_segment *s)
{
	struct bl_command c = {.kind = BL_OPEN_RTP, .port = BL_RTP_FIRST, .rtp = {.packet_ms = 20, .payload_type = 8}};

	bl_command_push(s, BL_SIP, &c);
	c = (struct bl_command){.kind = BL_SECURE, .port = BL_RTP_FIRST, .secure = {.suite = 1}};
	bl_command_push(s, BL_SIP, &c);
	usleep(100000);
}

/* Ports that decoded something in this life: noise that no decoder ever saw would prove nothing. */
static unsigned decoding(const struct bl_segment *s)
{
	unsigned count = 0;

	for (int i = 0; i < 8; i++)
		count += s->codecs[i].started && s->codecs[i].end;
	return count;
}

static int live(struct bl_segment *s, int segment_fd, const int *event_fds, const unsigned *ports, int fd)
{
	struct bl_engine *engine;
	pthread_t thread;

	__atomic_store_n(&s->header.stop, 0, __ATOMIC_RELEASE);
	if (bl_engine_open(segment_fd, event_fds, 0, &engine))
		return 1;
	pthread_create(&thread, NULL, life, engine);
	open_span(s, ports[0], ports[1]);
	open_cable(s);
	for (int i = 0; i < ROUNDS; i++) {
		for (int n = 0; n < 10; n++) {
			give_command(s);
			send_noise(fd, chance(2) ? ports[0] : ports[2] + 2 * chance(8));
		}
		take_all(s);
		usleep(1000);
	}
	leave_keys(s);
	__atomic_store_n(&s->header.stop, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	bl_engine_close(engine);
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in local = {.sin_family = AF_INET};
	int segment_fd = memfd_create("segment", 0), fd = socket(AF_INET, SOCK_DGRAM, 0), event_fds[BL_CLIENTS];
	unsigned ports[3] = {0};
	unsigned decoded = 0;
	struct bl_segment *s;

	for (int i = 0; i < 3 && i + 1 < argc; i++)
		ports[i] = (unsigned)atoi(argv[i + 1]);
	if (argc > 4)
		seed += (uint64_t)atoi(argv[4]);
	peer = (uint16_t)ports[1];
	for (int i = 0; i < BL_CLIENTS; i++)
		event_fds[i] = eventfd(0, EFD_NONBLOCK);
	local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	local.sin_port = htons((uint16_t)ports[1]);
	if (bind(fd, (struct sockaddr *)&local, sizeof local) || ftruncate(segment_fd, (off_t)bl_segment_size()) ||
	    bl_segment_format(segment_fd, INADDR_LOOPBACK, ports[2], 1000))
		return 1;
	s = bl_segment_map(segment_fd);
	for (int i = 0; i < LIVES; i++) {
		if (live(s, segment_fd, event_fds, ports, fd))
			return 1;
		decoded += decoding(s);
		tear(s);
	}
	printf("ticks %llu repaired %u decoded %u\n", (unsigned long long)s->header.ticks, s->header.repaired, decoded);
	return 0;
}
