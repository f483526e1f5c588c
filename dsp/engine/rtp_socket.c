/* SPDX-License-Identifier: GPL-2.0-only */
/* UDP sockets of RTP ports: a pair each, on fixed ports, marked as the header says; what waits is taken in batches. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "machine.h"

#define BATCH 8
#define BURST_MAX 64    /* packets of one socket in one tick, */
#define BUDGET_MAX 1024 /* and of all: what a flood may cost */
#define DATAGRAM_MAX 2048
#define READY_MAX (2 * BL_RTP_PORTS) /* all: in packets of 5 ms every port has one a tick */
#define RTCP_FLAG 0x10000u

static int bind_port(uint32_t ip, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	a.sin_addr.s_addr = htonl(ip);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* Of a card that is no socket, and of port -1, there is nothing to mark; an unmarked packet still carries sound. */
static void mark(const struct bl_engine *e, int fd)
{
	int tos = (int)e->tos;

	(void)setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
}

void bl_mark_span(const struct bl_engine *e, unsigned span)
{
	mark(e, e->span_fds[span]);
}

void bl_mark_follow(struct bl_engine *e)
{
	uint32_t tos = __atomic_load_n(&e->segment->header.tos, __ATOMIC_RELAXED);

	if (tos == e->tos)
		return;
	e->tos = tos;
	for (unsigned i = 0; i < BL_RTP_PORTS; i++) {
		mark(e, e->sockets[i].rtp);
		mark(e, e->sockets[i].rtcp);
	}
	for (unsigned i = 0; i < BL_SPANS; i++)
		bl_mark_span(e, i);
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
	mark(e, s->rtp);
	mark(e, s->rtcp);
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

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];
	struct sockaddr_in from[BATCH];
	uint8_t datagrams[BATCH][DATAGRAM_MAX];
};

/* The kernel leaves it as it is, but for what it says of each datagram: every sender's name has one length. */
static void lay_out(struct batch *b)
{
	for (int i = 0; i < BATCH; i++) {
		b->pieces[i] = (struct iovec){b->datagrams[i], DATAGRAM_MAX};
		b->messages[i].msg_hdr = (struct msghdr){.msg_name = &b->from[i],
		                                         .msg_namelen = sizeof b->from[i],
		                                         .msg_iov = &b->pieces[i],
		                                         .msg_iovlen = 1};
	}
}

static void take_batch(struct bl_engine *e, uint32_t tag, struct batch *b, int count)
{
	unsigned port = tag & ~RTCP_FLAG;

	for (int i = 0; i < count; i++) {
		struct bl_address from = {ntohl(b->from[i].sin_addr.s_addr), ntohs(b->from[i].sin_port), 0};

		if (tag & RTCP_FLAG)
			(void)bl_rtcp_datagram(e, port, &from, b->datagrams[i], b->messages[i].msg_len);
		else
			bl_rtp_datagram(e, port, &from, b->datagrams[i], b->messages[i].msg_len);
	}
}

/* Returns how many packets it took. */
static int drain(struct bl_engine *e, uint32_t tag, struct batch *b)
{
	const struct bl_rtp_sockets *s = &e->sockets[(tag & ~RTCP_FLAG) - BL_RTP_FIRST];
	int fd = tag & RTCP_FLAG ? s->rtcp : s->rtp, count, taken = 0;

	while ((count = recvmmsg(fd, b->messages, BATCH, MSG_DONTWAIT, NULL)) > 0) {
		take_batch(e, tag, b, count);
		taken += count;
		if (count < BATCH || taken >= BURST_MAX)
			break;
	}
	return taken;
}

void bl_rtp_sockets_drain(struct bl_engine *e)
{
	struct epoll_event ready[READY_MAX];
	int count = epoll_wait(e->epoll_fd, ready, READY_MAX, 0);
	struct batch b;
	int taken = 0;

	lay_out(&b);
	for (int i = 0; i < count && taken < BUDGET_MAX; i++)
		taken += drain(e, ready[i].data.u32, &b);
}

bool bl_rtp_socket_send(int fd, const struct bl_address *remote, const uint8_t *octets, size_t n)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(remote->port)};

	to.sin_addr.s_addr = htonl(remote->ip);
	return sendto(fd, octets, n, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) == (ssize_t)n;
}
