/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RTP ports: A-law over UDP, RFC 3550 and 3551.
 *
 * A port sends to the remote that signalling named until the first valid packet shows where the peer really is, and
 * holds that address and SSRC from then on. Another SSRC from there is believed when the held one is quiet and two
 * packets came in a row (RFC 3550 A.1). DTMF events (RFC 4733) are counted with all other payload types.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "machine.h"

#define DSCP_EF 0xb8
#define BATCH 8
#define BURST_MAX 64 /* packets of one socket in one tick: what a flood may cost */
#define DATAGRAM_MAX 2048
#define READY_MAX 128     /* sockets served in one tick; the rest is in the kernel until the next */
#define QUIET_SAMPLES 480 /* 60 ms: the held SSRC has stopped */
#define PROBATION 2
#define TIMEOUT_SAMPLES 80000 /* 10 s */
#define RTCP_FLAG 0x10000u

static int bind_port(uint32_t ip, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int tos = DSCP_EF;

	if (fd < 0)
		return -errno;
	a.sin_addr.s_addr = htonl(ip);
	(void)setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos); /* an unmarked packet still carries sound */
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

static int watch(struct bl_engine *e, int fd, uint32_t tag)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};

	return epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int bl_rtp_bind(struct bl_engine *e, unsigned port)
{
	const struct bl_header *h = &e->segment->header;
	struct bl_rtp_sockets *s = &e->sockets[port - BL_RTP_FIRST];
	uint16_t udp = (uint16_t)(h->rtp_base + 2 * (port - BL_RTP_FIRST));
	int error;

	s->rtp = bind_port(h->rtp_ip, udp);
	if (s->rtp < 0)
		return s->rtp;
	s->rtcp = bind_port(h->rtp_ip, (uint16_t)(udp + 1));
	error = s->rtcp < 0 ? s->rtcp : watch(e, s->rtp, port);
	if (!error)
		error = watch(e, s->rtcp, port | RTCP_FLAG);
	if (error)
		bl_rtp_unbind(e, port);
	return error;
}

void bl_rtp_unbind(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_sockets *s = &e->sockets[port - BL_RTP_FIRST];

	if (s->rtp >= 0)
		close(s->rtp);
	if (s->rtcp >= 0)
		close(s->rtcp);
	s->rtp = s->rtcp = -1;
}

static bool remote_valid(const struct bl_address *remote)
{
	return (remote->port != 0) == (remote->ip != 0);
}

int bl_rtp_setup(struct bl_rtp_port *r, const struct bl_rtp_command *c, uint64_t sample)
{
	if (!remote_valid(&c->remote) || (c->packet_ms != 5 && c->packet_ms != 10 && c->packet_ms != 20))
		return -EINVAL;
	memset(r, 0, sizeof *r);
	(void)bl_jitter_init(&r->jitter); /* cannot fail */
	/* RFC 3550 §5.1: random; without entropy zeros serve, only less well. */
	(void)!getrandom(&r->ssrc, sizeof r->ssrc, GRND_NONBLOCK);
	(void)!getrandom(&r->timestamp_base, sizeof r->timestamp_base, GRND_NONBLOCK);
	(void)!getrandom(&r->sequence, sizeof r->sequence, GRND_NONBLOCK);
	r->packet_ms = c->packet_ms;
	bl_rtp_remote(r, &c->remote, sample);
	return 0;
}

void bl_rtp_remote(struct bl_rtp_port *r, const struct bl_address *remote, uint64_t sample)
{
	r->marker = 1;
	r->latched = 0;
	r->timed_out = 0;
	r->other_packets = 0;
	r->last_packet = sample;
	r->remote = *remote;
}

/* The source whose packets we hear, from now on. */
static void latch(struct bl_rtp_port *r, const struct bl_address *from, const struct bl_rtp_packet *packet)
{
	if (!r->rx.started || packet->ssrc != r->remote_ssrc) {
		uint64_t received = r->rx.received, duplicates = r->rx.duplicates;

		bl_rtp_source_reset(&r->rx);
		r->rx.received = received;
		r->rx.duplicates = duplicates;
		bl_jitter_reset(&r->jitter);
	}
	r->remote = *from;
	r->remote_ssrc = packet->ssrc;
	r->latched = 1;
	r->other_packets = 0;
}

/* Another SSRC from the held address: a phone that began a new stream, or noise. */
static bool accept_other(struct bl_rtp_port *r, const struct bl_rtp_packet *packet, uint64_t sample)
{
	bool next = r->other_packets && packet->ssrc == r->other_ssrc && packet->sequence == r->other_sequence;

	r->other_ssrc = packet->ssrc;
	r->other_sequence = (uint16_t)(packet->sequence + 1);
	r->other_packets = (uint16_t)(next ? r->other_packets + 1 : 1);
	return r->other_packets >= PROBATION && sample - r->last_packet > QUIET_SAMPLES;
}

static bool source_held(struct bl_rtp_port *r, const struct bl_address *from, const struct bl_rtp_packet *packet,
                        uint64_t sample)
{
	if (!r->remote.port)
		return false;
	if (!r->latched) {
		latch(r, from, packet);
		return true;
	}
	if (from->ip != r->remote.ip || from->port != r->remote.port)
		return false;
	if (packet->ssrc == r->remote_ssrc)
		return true;
	if (!accept_other(r, packet, sample))
		return false;
	latch(r, from, packet);
	return true;
}

static void take(struct bl_engine *e, struct bl_rtp_port *r, const struct bl_address *from, const uint8_t *octets,
                 size_t n)
{
	struct bl_rtp_packet packet;

	if (bl_rtp_parse(&packet, octets, n)) {
		r->counters.bad++;
		return;
	}
	if (packet.payload_type != BL_RTP_PCMA) {
		r->counters.other_payload++;
		return;
	}
	if (packet.length < 1 || packet.length > BL_JITTER_PACKET_MAX) {
		r->counters.bad++;
		return;
	}
	if (!source_held(r, from, &packet, e->tick.sample)) {
		r->counters.stray++;
		return;
	}
	r->last_packet = e->tick.sample;
	r->timed_out = 0;
	if (bl_rtp_source_take(&r->rx, &packet, (uint32_t)e->tick.sample) == 0)
		(void)bl_jitter_put(&r->jitter, packet.timestamp, packet.payload,
		                    packet.length); /* late ones it counts */
}

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];
	struct sockaddr_in from[BATCH];
	uint8_t datagrams[BATCH][DATAGRAM_MAX];
};

static int receive(int fd, struct batch *b)
{
	for (int i = 0; i < BATCH; i++) {
		b->pieces[i] = (struct iovec){b->datagrams[i], DATAGRAM_MAX};
		b->messages[i].msg_hdr = (struct msghdr){.msg_name = &b->from[i],
		                                         .msg_namelen = sizeof b->from[i],
		                                         .msg_iov = &b->pieces[i],
		                                         .msg_iovlen = 1};
	}
	return recvmmsg(fd, b->messages, BATCH, MSG_DONTWAIT, NULL);
}

static void take_batch(struct bl_engine *e, unsigned port, struct batch *b, int count)
{
	for (int i = 0; i < count; i++) {
		struct bl_address from = {ntohl(b->from[i].sin_addr.s_addr), ntohs(b->from[i].sin_port), 0};

		take(e, bl_rtp_of(e, port), &from, b->datagrams[i], b->messages[i].msg_len);
	}
}

static void drain(struct bl_engine *e, uint32_t tag)
{
	unsigned port = tag & ~RTCP_FLAG;
	struct bl_rtp_sockets *s = &e->sockets[port - BL_RTP_FIRST];
	struct batch b;
	int count, taken = 0;

	while ((count = receive(tag & RTCP_FLAG ? s->rtcp : s->rtp, &b)) > 0) {
		if (tag & RTCP_FLAG)
			bl_rtp_of(e, port)->counters.rtcp += (unsigned)count;
		else
			take_batch(e, port, &b, count);
		taken += count;
		if (count < BATCH || taken >= BURST_MAX)
			return;
	}
}

static void watch_silence(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r = bl_rtp_of(e, port);

	if (!r->remote.port || r->timed_out || e->tick.sample - r->last_packet < TIMEOUT_SAMPLES)
		return;
	r->timed_out = 1;
	if (bl_event_new(e, BL_SIP, BL_RTP_TIMED_OUT, port))
		bl_event_publish(e, BL_SIP);
}

void bl_rtp_receive(struct bl_engine *e)
{
	struct epoll_event ready[READY_MAX];
	int count = epoll_wait(e->epoll_fd, ready, READY_MAX, 0);

	for (int i = 0; i < count; i++)
		drain(e, ready[i].data.u32);
	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];
		struct bl_jitter *j;

		if (bl_port(e, port)->kind != BL_PORT_RTP)
			continue;
		j = &bl_rtp_of(e, port)->jitter;
		if (j->running)
			j->silence += BL_TICK_SAMPLES;
		j->silence -= bl_jitter_process(j, e->rx[port], BL_TICK_SAMPLES);
		watch_silence(e, port);
	}
}

static void send_packet(struct bl_engine *e, unsigned port, struct bl_rtp_port *r)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(r->remote.port)};
	uint32_t first = (uint32_t)e->tick.sample + BL_TICK_SAMPLES - r->fill;
	struct bl_rtp_packet packet = {.sequence = r->sequence,
	                               .payload_type = BL_RTP_PCMA,
	                               .marker = r->marker,
	                               .timestamp = r->timestamp_base + first,
	                               .ssrc = r->ssrc};
	size_t length = BL_RTP_HEADER + r->fill;

	to.sin_addr.s_addr = htonl(r->remote.ip);
	bl_rtp_header(r->packet, &packet);
	r->fill = 0;
	r->sequence++;
	if (sendto(e->sockets[port - BL_RTP_FIRST].rtp, r->packet, length, MSG_DONTWAIT, (struct sockaddr *)&to,
	           sizeof to) != (ssize_t)length) {
		r->counters.send_errors++;
		return;
	}
	r->marker = 0;
	r->counters.sent++;
}

void bl_rtp_send(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];
		struct bl_rtp_port *r;

		if (bl_port(e, port)->kind != BL_PORT_RTP || !bl_rtp_of(e, port)->remote.port)
			continue;
		r = bl_rtp_of(e, port);
		if (r->fill > 160 - BL_TICK_SAMPLES)
			r->fill = 0;
		memcpy(r->packet + BL_RTP_HEADER + r->fill, e->tx[port], BL_TICK_SAMPLES);
		r->fill = (uint16_t)(r->fill + BL_TICK_SAMPLES);
		if (r->fill >= r->packet_ms * 8)
			send_packet(e, port, r);
	}
}
