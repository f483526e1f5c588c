/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include "rig.h"

#include <errno.h>
#include <math.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define WAITING_MAX 64
#define SEND_FAILS 16 /* one in so many */

const struct bl_address rig_peer = {0x7f000002, 4000, 0};

struct datagram {
	unsigned port;
	bool control;
	struct bl_address from;
	uint8_t *octets;
	size_t n;
};

static unsigned fenced = BL_RTP_PORTS; /* from this one on */
static struct datagram waiting[WAITING_MAX];
static size_t waiting_n;
static unsigned sendings;

static void fault(const char *what, unsigned which)
{
	fprintf(stderr, "rig: %s (%u)\n", what, which);
	abort();
}

/* In the place of rtp_socket.c. */

int bl_rtp_bind(struct bl_engine *e, unsigned port)
{
	e->sockets[port - BL_RTP_FIRST] = (struct bl_rtp_sockets){(int)port, (int)port};
	return 0;
}

void bl_rtp_unbind(struct bl_engine *e, unsigned port)
{
	e->sockets[port - BL_RTP_FIRST] = (struct bl_rtp_sockets){-1, -1};
}

void bl_mark_follow(struct bl_engine *e)
{
	(void)e;
}

void bl_mark_span(const struct bl_engine *e, unsigned span)
{
	(void)e;
	(void)span;
}

void bl_rtp_sockets_drain(struct bl_engine *e)
{
	for (size_t i = 0; i < waiting_n; i++) {
		struct datagram *d = &waiting[i];

		if (e->sockets[d->port - BL_RTP_FIRST].rtp >= 0 && d->control)
			(void)bl_rtcp_datagram(e, d->port, &d->from, d->octets, d->n);
		else if (e->sockets[d->port - BL_RTP_FIRST].rtp >= 0)
			bl_rtp_datagram(e, d->port, &d->from, d->octets, d->n);
		free(d->octets);
	}
	waiting_n = 0;
}

bool bl_rtp_socket_send(int fd, const struct bl_address *remote, const uint8_t *octets, size_t n)
{
	if (fd < 0 || n < 8 || n > 1500 || octets[0] >> 6 != 2 || octets[n - 1] > 0xff)
		fault("what is sent is no packet", (unsigned)n);
	return remote->ip && ++sendings % SEND_FAILS;
}

/* Cards that are none: a target opens no device. */

static int no_card(struct bl_span *span, int first)
{
	(void)span;
	return first ? -ENODEV : -ENXIO;
}

const struct bl_span_io bl_cesopsn_io = {.open = no_card};
const struct bl_span_io bl_dahdi_io = {.open = no_card};
const struct bl_span_io bl_spi_io = {.open = no_card};

static void begin(struct rig *r)
{
	int nobody[BL_CLIENTS];

	memset(nobody, -1, sizeof nobody);
	if (bl_engine_open(r->fd, nobody, 0, &r->engine))
		fault("the engine does not open", 0);
	sendings = 0;
}

static void mark_fenced(struct rig *r, void (*mark)(void const volatile *, size_t))
{
	struct bl_segment *s = r->engine->segment;
	unsigned n = BL_RTP_PORTS - fenced;

	mark(&s->rtp[fenced], n * sizeof s->rtp[0]);
	mark(&s->codecs[fenced], n * sizeof s->codecs[0]);
	mark(&s->noises[fenced], n * sizeof s->noises[0]);
}

void rig_fence(struct rig *r, unsigned port)
{
	fenced = port - BL_RTP_FIRST;
	mark_fenced(r, __asan_poison_memory_region);
}

static void end(struct rig *r)
{
	mark_fenced(r, __asan_unpoison_memory_region);
	fenced = BL_RTP_PORTS;
	bl_engine_close(r->engine);
}

void rig_open(struct rig *r)
{
	r->torn = false;
	r->fd = memfd_create("segment", MFD_CLOEXEC);
	if (r->fd < 0 || ftruncate(r->fd, (off_t)bl_segment_size()) ||
	    bl_segment_format(r->fd, INADDR_LOOPBACK, 16384, 1000))
		fault("no segment", 0);
	begin(r);
}

struct bl_segment *rig_die(struct rig *r)
{
	struct bl_segment *table = bl_segment_map(r->fd);

	end(r);
	return table;
}

void rig_live(struct rig *r, struct bl_segment *table)
{
	bl_segment_unmap(table);
	begin(r);
}

void rig_close(struct rig *r)
{
	end(r);
	close(r->fd);
	for (size_t i = 0; i < waiting_n; i++)
		free(waiting[i].octets);
	waiting_n = 0;
}

void rig_give(struct rig *r, unsigned client, const struct bl_command *c)
{
	if (bl_command_push(r->engine->segment, client, c))
		fault("the ring of commands is full", client);
}

uint8_t rig_open_rtp(struct rig *r, unsigned port, unsigned codec, bool suppress, unsigned suite)
{
	static const uint8_t types[BL_CODECS] = {8, 0, 9, 96, 97, 98, 99, 111};
	struct bl_command c = {.kind = BL_OPEN_RTP,
	                       .port = (uint16_t)port,
	                       .rtp = {.remote = rig_peer,
	                               .packet_ms = 20,
	                               .codec = (uint8_t)codec,
	                               .payload_type = types[codec % BL_CODECS],
	                               .event_type = 101,
	                               .sent_event_type = 102,
	                               .noise_type = codec == BL_CODEC_OPUS ? 0 : 13}};

	c.rtp.suppress = suppress && c.rtp.noise_type;
	rig_give(r, BL_SIP, &c);
	c = (struct bl_command){.kind = BL_SECURE, .port = (uint16_t)port, .secure = {.suite = (uint8_t)suite}};
	if (suite)
		rig_give(r, BL_SIP, &c);
	return types[codec % BL_CODECS];
}

void rig_datagram(unsigned port, bool control, const struct bl_address *from, uint8_t *octets, size_t n)
{
	if (waiting_n == WAITING_MAX) {
		free(octets);
		return;
	}
	waiting[waiting_n++] = (struct datagram){port, control, *from, octets, n};
}

static void read_events(struct rig *r, unsigned client)
{
	struct bl_event event;

	while (bl_event_pop(r->engine->segment, client, &event))
		if (!r->torn && (event.kind < BL_SPAN_ALARM_CHANGED || event.kind > BL_SOUND_HEARD ||
		                 event.length > sizeof event.octets))
			fault("an event makes no sense", event.kind);
}

static void read_taps(struct rig *r)
{
	struct bl_tap tap;

	while (bl_taps_take(r->engine->segment, &tap, 1))
		if (!r->torn && (tap.kind < BL_TAP_BEGIN || tap.kind > BL_TAP_END || tap.octets > BL_TICK_SAMPLES))
			fault("a tap makes no sense", tap.kind);
}

void rig_tick(struct rig *r)
{
	bl_engine_tick(r->engine);
	for (unsigned client = 0; client < BL_CLIENTS; client++)
		read_events(r, client);
	read_taps(r);
}

static void look_at_ports(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		struct bl_port_status status;
		struct bl_test_status test;

		bl_port_status(e->segment, e->open[i], &status);
		bl_test_status(e->segment, e->open[i], &test);
		if (status.kind >= BL_PORT_KINDS || status.source >= BL_SOURCES || !isfinite(status.rx_dbm0) ||
		    !isfinite(status.tx_dbm0) || !isfinite(status.mos_cq))
			fault("what is shown of a port makes no sense", e->open[i]);
	}
}

static void look_at_trace(const struct bl_segment *s)
{
	static struct bl_trace_frame frames[16];
	const struct bl_trace_wanted wanted = {BL_TRACE_OF_FRAMES, 0, 0, INT64_MAX};
	uint64_t place = 0;
	size_t n = bl_trace_read(&s->trace, &wanted, &place, frames, 16);

	for (size_t i = 0; i < n; i++)
		if (frames[i].head.octets > sizeof frames[i].octets)
			fault("a traced frame makes no sense", frames[i].head.octets);
}

void rig_look(struct rig *r)
{
	struct bl_conference_status conference;
	struct bl_span_status span;

	look_at_ports(r->engine);
	look_at_trace(r->engine->segment);
	for (uint32_t i = 0; i < BL_SPANS; i++)
		bl_span_status(r->engine->segment, i, &span);
	for (uint32_t i = 0; i < BL_CONFERENCES; i++)
		bl_conference_status(r->engine->segment, i, &conference);
}
