/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's side of a CESoPSN span (RFC 5086): structure-locked, timeslots 1-31 of an E1 or 1-24 of a T1, over
 * UDP/IPv4.
 *
 * Packet: [RTP header] control word, frames_per_packet times 31 or 24 octets; with CAS as multiframe.h has it. The
 * control word is 0000 L R MM FRG LEN SEQ (§4.3). Frames wait in a ring at their sequence number's place and are taken
 * 40 a tick. L is never set: nothing behind us can fail but the engine itself. R is set while nothing comes (loss of
 * packets, LOPS).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "multiframe.h"
#include "span.h"

#define OCTETS 31     /* of a frame; the most, an E1's */
#define FRAMES_MAX 40 /* in a packet */
#define RING 2048     /* frames, 256 ms */
#define MASK (RING - 1)
#define FRAME_NS 125000
#define LOPS_TICKS 8  /* 40 ms with nothing to play: §7.2 lets the time be configured */
#define BATCH 64      /* packets of one recvmmsg or sendmmsg */
#define BURST_MAX 512 /* packets taken in one tick: 300 ms of 1 ms packets and as much of a flood */
#define CONTROL_WORD 4
#define RTP_HEADER 12
#define PACKET_MAX (RTP_HEADER + CONTROL_WORD + FRAMES_MAX * OCTETS)

#define FLAG_L 0x08u
#define FLAG_R 0x04u
#define FLAGS_M 0x03u
#define M_RDI 0x02u /* with L = 0: the far end's E1 has RAI, §4.3 table 1 */

#define EACH_TICK_PACKETS (BL_TICK_FRAMES_MAX + 1)

struct settings { /* drivers/cesopsn/driver.py packs it */
	uint32_t local_ip;
	uint16_t local_port;
	uint32_t remote_ip;
	uint16_t remote_port;
	uint8_t frames;
	uint8_t rtp;
	uint16_t jitter_ms;
	uint8_t d4; /* framing of a T1 with CAS, else ESF */
} __attribute__((packed));

struct signalling {
	int64_t frame; /* with whose end it counts */
	uint8_t octets[SIGNALLING_MAX];
};

struct state {
	/* Receive. Frame numbers are extended sequence number times frames per packet. */
	uint32_t synced;
	uint32_t empty_ticks;
	uint32_t candidate_valid;
	uint16_t candidate;   /* sequence number that would make two in a row */
	uint8_t remote_flags; /* L, R, M of the last good packet */
	int64_t play;         /* next frame to be taken */
	int64_t newest;       /* frame after the newest */
	int64_t first;        /* the one that synchronised; nothing before it is missed */
	uint8_t present[RING];
	uint8_t frames[RING][OCTETS];
	struct signalling signalling[RING / MULTIFRAME_LEAST];
	/* Send. */
	uint8_t place; /* of the next packet in its multiframe */
	uint16_t sequence;
	uint16_t pending; /* frames waiting in `out` */
	uint32_t ssrc;
	uint32_t timestamp; /* frames sent */
	uint8_t out[FRAMES_MAX * OCTETS];
};

_Static_assert(sizeof(struct settings) <= BL_CARD_SETTINGS, "settings");
_Static_assert(sizeof(struct state) <= BL_CARD_STATE, "state");

/* What was received and when; lives on the stack of a tick. */
struct arrival {
	const uint8_t *octets;
	size_t length;
	int64_t at_ns; /* CLOCK_MONOTONIC */
};

static struct state *state_of(struct bl_span *span)
{
	return (struct state *)(void *)span->card_state;
}

static struct settings settings_of(const struct bl_span *span)
{
	struct settings s;

	memcpy(&s, span->settings.settings, sizeof s);
	return s;
}

static size_t head_length(const struct settings *s)
{
	return CONTROL_WORD + (s->rtp ? RTP_HEADER : 0);
}

static int settings_valid(const struct bl_span *span, const struct settings *s)
{
	return s->local_port && s->remote_port && s->remote_ip && s->frames >= 1 && s->frames <= FRAMES_MAX &&
	       s->rtp <= 1 && s->jitter_ms >= 2 && s->jitter_ms <= 60 && s->d4 <= span->settings.t1 &&
	       (!span->settings.cas || multiframe_of(span) % s->frames == 0);
}

static size_t frame_octets(const struct bl_span *span)
{
	return span->settings.cas ? bearers_of(span) : bl_timeslots(&span->settings);
}

static struct sockaddr_in address(uint32_t ip, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	a.sin_addr.s_addr = htonl(ip);
	return a;
}

static int bind_socket(const struct settings *s)
{
	struct sockaddr_in local = address(s->local_ip, s->local_port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, octets = 1 << 20;

	if (fd < 0)
		return -errno;
	/* A smaller buffer or an unmarked packet still carries sound; without a stamp arrival counts from its reading.
	 */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
	(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&local, sizeof local) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

static void lose_sync(struct state *st)
{
	st->synced = 0;
	st->candidate_valid = 0;
}

static void repair(struct state *st, const struct settings *s)
{
	lose_sync(st);
	if (st->pending >= s->frames)
		st->pending = 0;
}

static int span_open(struct bl_span *span, int first)
{
	struct settings s = settings_of(span);
	struct state *st = state_of(span);
	int fd = settings_valid(span, &s) ? bind_socket(&s) : -EINVAL;

	if (fd < 0)
		return fd;
	span->phase = (struct bl_phase){.least_ns = (int64_t)s.jitter_ms * 1000000};
	bl_phase_start(&span->phase);
	if (first) {
		memset(st, 0, sizeof *st);
		st->empty_ticks = LOPS_TICKS;
		/* RFC 3550 §8: random; zeros serve as well if there is no entropy yet. */
		(void)!getrandom(&st->ssrc, sizeof st->ssrc, GRND_NONBLOCK);
		(void)!getrandom(&st->sequence, sizeof st->sequence, GRND_NONBLOCK);
	}
	repair(st, &s);
	return fd;
}

/* The far end keeps its place for us: time that passed is packets that were lost. */
static void span_resume(struct bl_span *span, const struct bl_tick *tick)
{
	struct state *st = state_of(span);
	uint64_t packets = tick->missed / settings_of(span).frames;

	st->sequence = (uint16_t)(st->sequence + packets);
	st->place = (uint8_t)((st->place + packets) % fragments_of(span, settings_of(span).frames));
	st->timestamp += (uint32_t)tick->missed;
	lose_sync(st);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Lay the ring out so that this packet waits its full time. */
static void synchronise(struct bl_span *span, const struct settings *s, uint16_t sequence, const struct bl_tick *tick,
                        const struct arrival *arrival)
{
	struct state *st = state_of(span);
	int64_t frame = (int64_t)(0x10000 + sequence) * s->frames;
	int64_t wait_ns = arrival->at_ns + span->phase.least_ns - tick->deadline_ns;

	memset(st->present, 0, sizeof st->present);
	memset(st->signalling, 0, sizeof st->signalling);
	st->play = frame - wait_ns / FRAME_NS;
	st->newest = st->first = frame;
	st->synced = 1;
	st->empty_ticks = 0;
	bl_phase_start(&span->phase);
	span->counters.resyncs++;
}

/* Frame number of a sequence number, taking the turn that lies nearest to what is played. */
static int64_t frame_of(const struct state *st, const struct settings *s, uint16_t sequence)
{
	int64_t now = st->play / s->frames;

	return (now + (int16_t)(sequence - (uint16_t)now)) * s->frames;
}

/* It counts when its last frame is heard. */
static void store_signalling(struct bl_span *span, int64_t last, const uint8_t *octets)
{
	struct signalling *to =
	        &state_of(span)->signalling[(uint64_t)last / MULTIFRAME_LEAST % (RING / MULTIFRAME_LEAST)];

	to->frame = last;
	memcpy(to->octets, octets, signalling_of(span));
}

static void store_frame(const struct bl_span *span, uint8_t *frame, const uint8_t *octets)
{
	if (span->settings.t1)
		memcpy(frame, octets, T1_TIMESLOTS);
	else if (span->settings.cas)
		unpack_frame(octets, frame);
	else
		memcpy(frame, octets, OCTETS);
}

static void store(struct bl_span *span, const struct settings *s, int64_t frame, const uint8_t *control)
{
	const uint8_t *octets = control + CONTROL_WORD;
	size_t each = frame_octets(span);
	struct state *st = state_of(span);

	if (frame + s->frames <= st->play) {
		span->counters.late++;
		return;
	}
	if (st->present[(frame + s->frames - 1) & MASK]) {
		span->counters.duplicates++;
		return;
	}
	span->counters.received++;
	for (int64_t i = 0; i < s->frames; i++) {
		if (frame + i < st->play)
			continue;
		store_frame(span, st->frames[(frame + i) & MASK], octets + (size_t)i * each);
		st->present[(frame + i) & MASK] = 1;
	}
	if (span->settings.cas && has_signalling(control[1] >> 6))
		store_signalling(span, frame + s->frames - 1, octets + s->frames * each);
	if (frame + s->frames > st->newest)
		st->newest = frame + s->frames;
}

/* Two packets in a row are needed to begin, and to follow a jump of the numbering. */
static int second_in_row(struct state *st, uint16_t sequence)
{
	int second = st->candidate_valid && st->candidate == sequence;

	st->candidate = (uint16_t)(sequence + 1);
	st->candidate_valid = 1;
	return second;
}

static void take_good(struct bl_span *span, const struct settings *s, const struct bl_tick *tick,
                      const struct arrival *arrival, const uint8_t *control)
{
	struct state *st = state_of(span);
	uint16_t sequence = (uint16_t)(control[2] << 8 | control[3]);
	int64_t frame;

	st->remote_flags = control[0] & (FLAG_L | FLAG_R | FLAGS_M);
	frame = st->synced ? frame_of(st, s, sequence) : 0;
	if (!st->synced || frame - st->play > RING - FRAMES_MAX || frame - st->play < -RING) {
		if (!second_in_row(st, sequence))
			return;
		synchronise(span, s, sequence, tick, arrival);
		frame = (int64_t)(0x10000 + sequence) * s->frames;
	}
	st->candidate_valid = 0;
	bl_phase_observe(&span->phase, tick->deadline_ns + (frame - st->play) * FRAME_NS - arrival->at_ns);
	if (!(st->remote_flags & FLAG_L)) {
		store(span, s, frame, control);
		return;
	}
	span->counters.received++; /* sound is invalid (AIS); the packet still keeps us in step */
	if (frame + s->frames > st->newest)
		st->newest = frame + s->frames;
}

static int lengths_agree(const struct bl_span *span, const struct arrival *a, const struct settings *s,
                         const uint8_t *control)
{
	size_t whole = head_length(s) + s->frames * frame_octets(span);
	size_t length = control[1] & 0x3fu;

	if (span->settings.cas && has_signalling(control[1] >> 6))
		whole += signalling_of(span);
	if (control[0] & FLAG_L && a->length == head_length(s)) /* §4.3: the payload may be left out */
		return length == 0 || length == a->length;
	return a->length == whole && (length == 0 || length == whole);
}

static int fragment_is_due(const struct bl_span *span, const struct settings *s, unsigned fragment)
{
	return span->settings.cas ? fragment_fits(fragments_of(span, s->frames), fragment) : fragment == WHOLE;
}

/* §4.3 table 1: data, with RDI, without valid data. M = 11 are signalling packets, another format; the rest is
 * reserved, to be discarded. */
static int code_point_known(uint8_t control)
{
	unsigned l_m = control & (FLAG_L | FLAGS_M);

	return l_m == 0 || l_m == M_RDI || l_m == FLAG_L;
}

static void take(struct bl_span *span, const struct settings *s, const struct bl_tick *tick, const struct arrival *a)
{
	const uint8_t *control = a->octets + (s->rtp ? RTP_HEADER : 0);
	int fine = a->length >= head_length(s) && (!s->rtp || (a->octets[0] & 0xdfu) == 0x80);

	fine = fine && control[0] >> 4 == 0 && code_point_known(control[0]) &&
	       fragment_is_due(span, s, control[1] >> 6) && lengths_agree(span, a, s, control);
	if (fine)
		take_good(span, s, tick, a, control);
	else
		span->counters.malformed++;
}

/* Arrival on CLOCK_MONOTONIC: the kernel's stamp is wall time, so only its age is used. */
static int64_t arrival_ns(struct msghdr *message, int64_t wall_now, int64_t now)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct timespec t;
		int64_t age;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof t);
		age = wall_now - ((int64_t)t.tv_sec * 1000000000 + t.tv_nsec);
		if (age >= 0 && age < 500000000)
			return now - age;
	}
	return now;
}

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];
	struct sockaddr_in from[BATCH];
	uint8_t stamps[BATCH][64];
	uint8_t packets[BATCH][PACKET_MAX + 1]; /* one more: longer datagrams are seen to be so */
};

static int receive(int fd, struct batch *b)
{
	for (int i = 0; i < BATCH; i++) {
		b->pieces[i] = (struct iovec){b->packets[i], sizeof b->packets[i]};
		b->messages[i].msg_hdr = (struct msghdr){
		        .msg_name = &b->from[i],
		        .msg_namelen = sizeof b->from[i],
		        .msg_iov = &b->pieces[i],
		        .msg_iovlen = 1,
		        .msg_control = b->stamps[i],
		        .msg_controllen = sizeof b->stamps[i],
		};
	}
	return recvmmsg(fd, b->messages, BATCH, MSG_DONTWAIT, NULL);
}

static void take_batch(struct bl_span *span, const struct bl_tick *tick, struct batch *b, int count)
{
	struct settings s = settings_of(span);
	int64_t now = clock_ns(CLOCK_MONOTONIC), wall_now = clock_ns(CLOCK_REALTIME);

	for (int i = 0; i < count; i++) {
		struct arrival arrival = {b->packets[i], b->messages[i].msg_len, 0};

		if (ntohl(b->from[i].sin_addr.s_addr) != s.remote_ip || ntohs(b->from[i].sin_port) != s.remote_port) {
			span->counters.stray++;
			continue;
		}
		arrival.at_ns = arrival_ns(&b->messages[i].msg_hdr, wall_now, now);
		take(span, &s, tick, &arrival);
	}
}

static void take_signalling(struct bl_span *span)
{
	const struct state *st = state_of(span);
	const struct signalling *from =
	        &st->signalling[(uint64_t)st->play / MULTIFRAME_LEAST % (RING / MULTIFRAME_LEAST)];

	if (span->settings.cas && from->frame == st->play)
		unpack_bits(span, settings_of(span).d4, from->octets);
}

static void take_frames(struct bl_span *span, uint8_t frames[][BL_TIMESLOTS], unsigned n)
{
	struct state *st = state_of(span);
	struct settings s = settings_of(span);

	for (unsigned i = 0; i < n; i++, st->play++) {
		uint8_t *present = &st->present[st->play & MASK];

		if (*present) {
			memcpy(frames[i] + 1, st->frames[st->play & MASK], OCTETS);
			*present = 0;
			take_signalling(span);
			continue;
		}
		bl_idle_frames(&span->settings, &frames[i], 1);
		if (st->play >= st->first && st->play < st->newest && st->play % s.frames == 0 &&
		    !(st->remote_flags & FLAG_L))
			span->counters.lost++;
	}
}

static void watch(struct bl_span *span)
{
	struct state *st = state_of(span);

	st->empty_ticks = st->synced && st->newest > st->play ? 0 : st->empty_ticks + (st->empty_ticks < LOPS_TICKS);
	if (st->synced && st->empty_ticks >= LOPS_TICKS)
		lose_sync(st);
	span->card_alarms = 0;
	if (!st->synced) {
		span->card_alarms = BL_ALARM_LOS;
		return;
	}
	if (st->remote_flags & FLAG_L)
		span->card_alarms |= BL_ALARM_AIS;
	if (st->remote_flags & FLAG_R || (st->remote_flags & (FLAG_L | FLAGS_M)) == M_RDI)
		span->card_alarms |= BL_ALARM_RAI;
}

/* The clock could not hold the ring at its depth: leave frames out, or say idle until they are wanted. */
static void slip(struct bl_span *span)
{
	struct state *st = state_of(span);

	if (!span->shift_frames)
		return;
	for (int64_t i = 0; i < span->shift_frames && i < RING; i++)
		st->present[(st->play + i) & MASK] = 0;
	st->play += span->shift_frames;
	span->shift_frames = 0;
	span->counters.slips++;
}

static void span_read(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS],
                      unsigned n)
{
	struct state *st = state_of(span);
	struct batch b;
	int count, taken = 0;

	while ((count = receive(fd, &b)) > 0) {
		take_batch(span, tick, &b, count);
		taken += count;
		if (count < BATCH || taken >= BURST_MAX)
			break;
	}
	watch(span);
	if (!st->synced) {
		bl_idle_frames(&span->settings, frames, n);
		return;
	}
	slip(span);
	take_frames(span, frames, n);
}

static void put16(uint8_t *out, uint32_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static void put_rtp(const struct state *st, uint8_t *out)
{
	out[0] = 0x80;
	out[1] = 96; /* dynamic, RFC 5086 §4.3 */
	put16(out + 2, st->sequence);
	put16(out + 4, st->timestamp >> 16);
	put16(out + 6, st->timestamp);
	put16(out + 8, st->ssrc >> 16);
	put16(out + 10, st->ssrc);
}

/* Returns FRG. */
static unsigned put_fragment(struct bl_span *span, const struct settings *s, uint8_t *out, size_t *length)
{
	struct state *st = state_of(span);
	unsigned fragments = fragments_of(span, s->frames), fragment = fragment_at(st->place % fragments, fragments);

	if (span->settings.t1)
		memcpy(out, st->out, (size_t)s->frames * T1_TIMESLOTS);
	else
		for (unsigned i = 0; i < s->frames; i++)
			pack_frame(st->out + i * OCTETS, out + i * bearers_of(span));
	*length = s->frames * bearers_of(span);
	if (has_signalling(fragment)) {
		pack_bits(span, s->d4, out + *length);
		*length += signalling_of(span);
	}
	st->place = (uint8_t)((st->place + 1) % fragments);
	return fragment;
}

static size_t put_packet(struct bl_span *span, const struct settings *s, uint8_t *out)
{
	struct state *st = state_of(span);
	size_t head = head_length(s), length = (size_t)s->frames * bl_timeslots(&span->settings);
	uint8_t *control = out + (s->rtp ? RTP_HEADER : 0);
	unsigned fragment = WHOLE;

	if (s->rtp)
		put_rtp(st, out);
	if (span->settings.cas)
		fragment = put_fragment(span, s, out + head, &length);
	else
		memcpy(out + head, st->out, length);
	length += head;
	control[0] = st->synced ? 0 : FLAG_R;
	control[1] = (uint8_t)(fragment << 6 | (length < 64 ? length : 0));
	put16(control + 2, st->sequence);
	st->sequence++;
	st->timestamp += s->frames;
	st->pending = 0;
	return length;
}

static void send_packets(struct bl_span *span, int fd, struct mmsghdr *messages, unsigned count)
{
	unsigned done = 0;

	while (done < count) {
		int sent = sendmmsg(fd, messages + done, count - done, MSG_DONTWAIT);

		if (sent <= 0) { /* this packet is not for the kernel to take; the next may be */
			span->counters.send_errors++;
			done++;
			continue;
		}
		span->counters.sent += (unsigned)sent;
		done += (unsigned)sent;
	}
}

static void span_write(struct bl_span *span, int fd, const struct bl_tick *tick, uint8_t frames[][BL_TIMESLOTS],
                       unsigned n)
{
	struct settings s = settings_of(span);
	struct state *st = state_of(span);
	struct sockaddr_in to = address(s.remote_ip, s.remote_port);
	uint8_t packets[EACH_TICK_PACKETS][PACKET_MAX];
	struct mmsghdr messages[EACH_TICK_PACKETS];
	struct iovec pieces[EACH_TICK_PACKETS];
	unsigned count = 0;

	(void)tick;
	for (unsigned i = 0; i < n; i++) {
		if (span->settings.t1)
			memcpy(st->out + st->pending * T1_TIMESLOTS, frames[i] + 1, T1_TIMESLOTS);
		else
			memcpy(st->out + st->pending * OCTETS, frames[i] + 1, OCTETS);
		if (++st->pending < s.frames)
			continue;
		pieces[count] = (struct iovec){packets[count], put_packet(span, &s, packets[count])};
		messages[count].msg_hdr = (struct msghdr){
		        .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &pieces[count], .msg_iovlen = 1};
		count++;
	}
	send_packets(span, fd, messages, count);
}

const struct bl_span_io bl_cesopsn_io = {span_open, span_resume, span_read, span_write, NULL};
