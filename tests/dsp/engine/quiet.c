/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the engine's thread asks of the machine while a box of calls goes on: nothing but the packets, the clocks and
 * its clients' wake-ups. Built and run by test_quiet.py with all sources of the core; arguments: two UDP ports and the
 * RTP base, all free, and a fault that a tick is to have, or none.
 *
 * Allocations and locks of this thread, in whatever library, are counted by the functions below, which stand before
 * libc's; its system calls pass a filter of seccomp, which turns those that a tick has no right to into SIGSYS. Both
 * begin once all ports are open and hold for WATCHED_MS of the real loop, with commands.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "bl_engine.h"
#include "machine.h"
#include "segment.h"

#define OPENED_MS 100
#define SETTLED_MS 600
#define WATCHED_MS 2400
#define FAULT_MS 200 /* a fault of every tick is seen in less */
#define ROUND_MS 20
#define FAULTS_MAX 64
#define PAIRS 10         /* of RTP ports: each codec, then two with keys */
#define TIMESLOTS 12u    /* of each end of the span that are open */
#define FAR BL_TIMESLOTS /* its other end is span 1 */
#define CABLE (2 * BL_TIMESLOTS)
#define SOUND_OCTETS 8000
#define FIRST_RECORDING 1000 /* behind those of the rounds */
#define DIGIT_ROUNDS 40      /* longer than four digits last */

enum wrong { ALLOCATION, LOCK, SYSTEM_CALL, WRONGS };

struct fault {
	void *where;
	int wrong;
	int number; /* of a system call */
};

static _Thread_local bool watched;
static struct fault faults[FAULTS_MAX];
static _Atomic unsigned faults_n;
static int event_fds[BL_CLIENTS];
static const char *asked_for = "none";

static void note(enum wrong wrong, int number, void *where)
{
	unsigned n = atomic_fetch_add(&faults_n, 1);

	if (n < FAULTS_MAX)
		faults[n] = (struct fault){where, wrong, number};
}

#define NOTE(wrong)                                                                                                    \
	do {                                                                                                           \
		if (watched)                                                                                           \
			note(wrong, 0, __builtin_return_address(0));                                                   \
	} while (0)

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t each);
void *__libc_realloc(void *old, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void __libc_free(void *old);

void *malloc(size_t n)
{
	NOTE(ALLOCATION);
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t each)
{
	NOTE(ALLOCATION);
	return __libc_calloc(n, each);
}

void *realloc(void *old, size_t n)
{
	NOTE(ALLOCATION);
	return __libc_realloc(old, n);
}

void *memalign(size_t alignment, size_t n)
{
	NOTE(ALLOCATION);
	return __libc_memalign(alignment, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
	NOTE(ALLOCATION);
	return __libc_memalign(alignment, n);
}

int posix_memalign(void **to, size_t alignment, size_t n)
{
	NOTE(ALLOCATION);
	*to = __libc_memalign(alignment, n);
	return *to ? 0 : ENOMEM;
}

void free(void *old)
{
	if (old)
		NOTE(ALLOCATION);
	__libc_free(old);
}

/* One of libc's own locks; found when it is first wanted, long before anybody watches. */
#define LOCKS(name, type)                                                                                              \
	int name(type *lock)                                                                                           \
	{                                                                                                              \
		static int (*real)(type *);                                                                            \
                                                                                                                       \
		NOTE(LOCK);                                                                                            \
		if (!real)                                                                                             \
			*(void **)&real = dlsym(RTLD_NEXT, #name);                                                     \
		return real(lock);                                                                                     \
	}

LOCKS(pthread_mutex_lock, pthread_mutex_t)
LOCKS(pthread_mutex_trylock, pthread_mutex_t)
LOCKS(pthread_rwlock_rdlock, pthread_rwlock_t)
LOCKS(pthread_rwlock_wrlock, pthread_rwlock_t)
LOCKS(pthread_spin_lock, pthread_spinlock_t)

/* A tick's fault, so that the watch is seen to see it. */

void __real_bl_tap_tick(struct bl_engine *e);
void __wrap_bl_tap_tick(struct bl_engine *e);

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void *volatile kept;

void __wrap_bl_tap_tick(struct bl_engine *e)
{
	if (!strcmp(asked_for, "allocate"))
		free(kept = malloc(16));
	if (!strcmp(asked_for, "lock")) {
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
	}
	if (!strcmp(asked_for, "call"))
		(void)getppid();
	if (!strcmp(asked_for, "print"))
		puts("a tick");
	__real_bl_tap_tick(e);
}

static void refused(int signal, siginfo_t *told, void *context)
{
	ucontext_t *c = context;

	(void)signal;
	note(SYSTEM_CALL, told->si_syscall, told->si_call_addr);
#if defined(__x86_64__)
	c->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
#elif defined(__aarch64__)
	c->uc_mcontext.regs[0] = (unsigned long long)-ENOSYS;
#endif
}

#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))

/* In the engine's thread: what dsp/engine/README.md names, and the return from this handler. */
static void watch(int signal)
{
	struct sock_filter rules[] = {
	        LOAD(nr),
	        ALLOW(SYS_clock_nanosleep),
	        ALLOW(SYS_clock_gettime),
	        ALLOW(SYS_recvmmsg),
	        ALLOW(SYS_sendmmsg),
	        ALLOW(SYS_sendto),
#ifdef SYS_epoll_wait
	        ALLOW(SYS_epoll_wait),
#endif
	        ALLOW(SYS_epoll_pwait),
	        ALLOW(SYS_rt_sigreturn),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 4), /* to a client's eventfd */
	        LOAD(args[0]),
	        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (unsigned)event_fds[0], 0, 2),
	        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (unsigned)event_fds[BL_CLIENTS - 1], 1, 0),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	struct sock_fprog program = {sizeof rules / sizeof *rules, rules};

	(void)signal;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		note(SYSTEM_CALL, SYS_seccomp, NULL);
	watched = true;
}

static void *life(void *engine)
{
	(void)bl_engine_run(engine);
	return NULL;
}

/* Commands: those of the beginning, then those of each round. */

static void give(struct bl_segment *s, unsigned client, struct bl_command c)
{
	while (bl_command_push(s, client, &c))
		usleep(1000);
}

static void give_plain(struct bl_segment *s, unsigned kind, unsigned port, unsigned peer)
{
	give(s, BL_CALL, (struct bl_command){.kind = (uint16_t)kind, .port = (uint16_t)port, .peer = (uint16_t)peer});
}

static void put(uint8_t *out, uint32_t value, int octets)
{
	for (int i = 0; i < octets; i++)
		out[i] = (uint8_t)(value >> 8 * i);
}

/* A span over UDP whose two ends are ours, and one with CAS upon a cable of another clock. */
static void open_spans(struct bl_segment *s, const unsigned *ports)
{
	for (unsigned n = 0; n < 4; n++) {
		struct bl_command c = {.kind = BL_OPEN_SPAN, .port = (uint16_t)n};

		c.span = (struct bl_open_span){.card = n < 2 ? BL_CARD_CESOPSN : BL_CARD_VPAIR,
		                               .d_channel = n < 2 ? 16 : 0,
		                               .clock_recovered = 1,
		                               .cas = n > 1,
		                               .t1 = n > 1,
		                               .clock_domain = (uint8_t)(1 + n / 2),
		                               .clock_priority = 1,
		                               .settings = {(uint8_t)(n ^ 1), 1}};
		if (n < 2) {
			put(c.span.settings, INADDR_LOOPBACK, 4);
			put(c.span.settings + 4, ports[n], 2);
			put(c.span.settings + 6, INADDR_LOOPBACK, 4);
			put(c.span.settings + 10, ports[n ^ 1], 2);
			put(c.span.settings + 12, 8, 2);
			put(c.span.settings + 14, 20, 2);
		}
		give(s, BL_LINE, c);
	}
	for (unsigned t = 1; t <= TIMESLOTS; t++)
		for (unsigned first = 0; first <= CABLE + BL_TIMESLOTS; first += BL_TIMESLOTS)
			give_plain(s, BL_OPEN_TIMESLOT, first + t, 0);
}

/* Two ports that talk with each other. */
static void open_pair(struct bl_segment *s, unsigned pair, unsigned base)
{
	static const uint8_t codecs[PAIRS] = {0, 1, 2, 3, 4, 5, 6, 7, BL_CODEC_PCMA, BL_CODEC_OPUS};
	static const uint8_t types[BL_CODECS] = {8, 0, 9, 96, 97, 98, 99, 111};
	uint8_t codec = codecs[pair], noise = codec == BL_CODEC_OPUS ? 0 : 13;

	for (unsigned i = 0; i < 2; i++) {
		unsigned n = 2 * pair + i;
		struct bl_command c = {.kind = BL_OPEN_RTP, .port = (uint16_t)(BL_RTP_FIRST + n)};

		c.rtp = (struct bl_rtp_command){.remote = {INADDR_LOOPBACK, (uint16_t)(base + 2 * (n ^ 1)), 0},
		                                .packet_ms = 20,
		                                .codec = codec,
		                                .payload_type = types[codec],
		                                .event_type = 101,
		                                .sent_event_type = 101,
		                                .noise_type = noise,
		                                .suppress = noise && pair % 2};
		give(s, BL_SIP, c);
		c = (struct bl_command){.kind = BL_SECURE, .port = c.port, .secure = {.suite = pair == 8 ? 1 : 3}};
		if (pair > 7)
			give(s, BL_SIP, c);
	}
}

static void play(struct bl_segment *s, unsigned port, uint32_t rounds)
{
	struct bl_command c = {
	        .kind = BL_PLAY, .port = (uint16_t)port, .id = port, .play = {.count = 1, .repeat = rounds}};

	c.play.sounds[0] = (struct bl_sound){0, SOUND_OCTETS};
	give(s, BL_IVR, c);
}

static void record(struct bl_segment *s, unsigned left, unsigned right, uint64_t id)
{
	give(s, BL_RECORDER,
	     (struct bl_command){.kind = BL_RECORD, .port = (uint16_t)left, .id = id, .record = {(uint16_t)right, 0}});
}

/* Echo cancellers on the near end, bridges from there to RTP, prompts from the other side of both. */
static void set_up_calls(struct bl_segment *s)
{
	struct bl_command c;

	for (unsigned i = 0; i < PAIRS; i++) {
		c = (struct bl_command){
		        .kind = BL_SET_PROFILE, .port = (uint16_t)(1 + i), .profile = {BL_PROFILE_VOICE, 64}};
		give(s, BL_CALL, c);
		give_plain(s, BL_CONNECT, 1 + i, BL_RTP_FIRST + 2 * i);
		play(s, BL_RTP_FIRST + 2 * i + 1, 0);
		play(s, FAR + 1 + i, 0);
		record(s, 1 + i, BL_RTP_FIRST + 2 * i, FIRST_RECORDING + i);
	}
	for (unsigned i = 0; i < 4; i++) {
		give_plain(s, BL_OPEN_NULL, BL_NULL_FIRST + i, 0);
		c = (struct bl_command){.kind = BL_JOIN, .port = (uint16_t)(CABLE + 1 + i), .join = {1, 1, 1}};
		give(s, BL_CALL, c);
		play(s, CABLE + BL_TIMESLOTS + 1 + i, 0);
	}
	c = (struct bl_command){
	        .kind = BL_HEAR_SIGNALS, .port = CABLE + 8, .hear = {.kinds = 1u << BL_HEARD_R2_FORWARD}};
	give(s, BL_LINE, c);
	c = (struct bl_command){.kind = BL_TEST, .port = CABLE + 9};
	give(s, BL_CALL, c);
	c.port += BL_TIMESLOTS;
	give(s, BL_CALL, c);
}

/* Digits from the line to who collects them and, over the bridge, as events; what else comes and goes within calls. */
static void round_of(struct bl_segment *s, unsigned n)
{
	unsigned i = n % PAIRS;
	struct bl_command c = {.kind = BL_SEND_DIGITS, .port = (uint16_t)(FAR + 1 + i), .id = n};

	c.digits = (struct bl_digits_command){50, 50, -8, 0, "159#"};
	if (n % DIGIT_ROUNDS < PAIRS)
		give(s, BL_IVR, c);
	c = (struct bl_command){.kind = BL_COLLECT, .port = (uint16_t)(1 + i), .id = n};
	c.collect = (struct bl_collect_command){4, 1, 2000, 2000, "#"};
	if (n % DIGIT_ROUNDS < PAIRS)
		give(s, BL_IVR, c);
	else if (n % DIGIT_ROUNDS >= DIGIT_ROUNDS - PAIRS)
		play(s, FAR + 1 + i, 0);
	c = (struct bl_command){.kind = BL_JOIN, .port = BL_NULL_FIRST, .join = {1, 1, 1}};
	if (n % 2)
		give_plain(s, BL_LEAVE, BL_NULL_FIRST, 0);
	else
		give(s, BL_CALL, c);
	record(s, CABLE + 1, CABLE + 2, n);
	give(s, BL_RECORDER, (struct bl_command){.kind = BL_STOP_RECORDING, .id = n});
	give_plain(s, BL_LISTEN, BL_NULL_FIRST + 1, 1 + i);
	give_plain(s, BL_WHISPER, 1 + i, n % 2 ? BL_NULL_FIRST + 2 : BL_NO_PORT);
	give(s, BL_CALL, (struct bl_command){.kind = BL_TONE, .port = BL_NULL_FIRST + 2});
	give(s, BL_CALL, (struct bl_command){.kind = BL_MUTE, .port = BL_NULL_FIRST + 3, .muted = n & 1});
	give(s, BL_CALL, (struct bl_command){.kind = BL_SET_GAIN, .port = 2, .gain = {30, -30, n & 1}});
	give(s, BL_LINE, (struct bl_command){.kind = BL_SEND_FRAME, .frame = {4, {0, 1, 0x7f, 0}}});
	give(s, BL_LINE, (struct bl_command){.kind = BL_SET_BITS, .port = CABLE + 7, .bits = n & 15});
	c = (struct bl_command){.kind = BL_SEND_SIGNAL, .port = CABLE + BL_TIMESLOTS + 8};
	c.signal = (struct bl_signal_command){BL_HEARD_R2_FORWARD, (uint8_t)(n % 4 < 2 ? 5 : 0)};
	give(s, BL_LINE, c);
}

struct figures {
	unsigned events[32];
	unsigned taps;
};

static void read_all(struct bl_segment *s, struct figures *f)
{
	static struct bl_tap taps[256];
	struct bl_event event;
	size_t n;

	for (uint32_t i = 0; i < BL_CLIENTS; i++)
		while (bl_event_pop(s, i, &event)) {
			f->events[event.kind % 32]++;
			if (event.kind == BL_COMMAND_REFUSED)
				fprintf(stderr, "refused: command %llu of port %u, %s\n",
				        (unsigned long long)event.count, event.port, strerror(event.reason));
		}
	while ((n = bl_taps_take(s, taps, 256)))
		f->taps += (unsigned)n;
}

static void go_on(struct bl_segment *s, unsigned ms, bool commands, struct figures *f)
{
	for (unsigned n = 0; n < ms / ROUND_MS; n++) {
		if (commands)
			round_of(s, n);
		usleep(ROUND_MS * 1000);
		read_all(s, f);
	}
}

static unsigned least_received(const struct bl_segment *s)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < 2 * PAIRS; i++)
		if (s->rtp[i].rx.received < least)
			least = s->rtp[i].rx.received;
	return (unsigned)least;
}

static void tell(const struct bl_segment *s, const struct figures *f, uint64_t ticks)
{
	static const char *const names[WRONGS] = {"allocation", "lock", "system call"};
	unsigned n = atomic_load(&faults_n);

	for (unsigned i = 0; i < n && i < 8; i++) {
		Dl_info info = {0};

		if (faults[i].where)
			(void)dladdr(faults[i].where, &info);
		printf("fault: %s %d in %s\n", names[faults[i].wrong], faults[i].number,
		       info.dli_sname   ? info.dli_sname
		       : info.dli_fname ? info.dli_fname
		                        : "?");
	}
	printf("faults %u\nticks %llu\nrefused %u\ncollected %u\nplayed %u\nbits %u\nsignals %u\nframes %u\ntaps %u\n"
	       "least_received %u\nspan_received %llu\n",
	       n, (unsigned long long)(s->header.ticks - ticks), f->events[BL_COMMAND_REFUSED],
	       f->events[BL_DIGITS_COLLECTED], f->events[BL_PLAY_ENDED], f->events[BL_BITS_CHANGED],
	       f->events[BL_SIGNAL_HEARD], f->events[BL_FRAME_RECEIVED], f->taps, least_received(s),
	       (unsigned long long)s->spans[1].counters.received);
}

int main(int argc, char **argv)
{
	struct sigaction trap = {.sa_sigaction = refused, .sa_flags = SA_SIGINFO}, begin = {.sa_handler = watch};
	int segment_fd = memfd_create("segment", 0);
	unsigned ports[3] = {0};
	struct figures before = {0}, f = {0};
	struct bl_engine *engine;
	struct bl_segment *s;
	pthread_t thread;
	uint64_t ticks;

	for (int i = 0; i < 3 && i + 1 < argc; i++)
		ports[i] = (unsigned)atoi(argv[i + 1]);
	if (argc > 4)
		asked_for = argv[4];
	setvbuf(stdout, NULL, _IONBF, 0); /* who prints is seen to */
	for (int i = 0; i < BL_CLIENTS; i++)
		event_fds[i] = eventfd(0, EFD_NONBLOCK);
	sigaction(SIGSYS, &trap, NULL);
	sigaction(SIGUSR1, &begin, NULL);
	if (ftruncate(segment_fd, (off_t)bl_segment_size()) ||
	    bl_segment_format(segment_fd, INADDR_LOOPBACK, ports[2], 0) ||
	    bl_engine_open(segment_fd, event_fds, 0, &engine))
		return 1;
	s = bl_segment_map(segment_fd);
	for (unsigned i = 0; i < SOUND_OCTETS; i++)
		bl_arena(s)[i] = (uint8_t)(0x55 ^ (i * i >> 5 & 0x3f));
	pthread_create(&thread, NULL, life, engine);
	open_spans(s, ports);
	for (unsigned i = 0; i < PAIRS; i++)
		open_pair(s, i, ports[2]);
	usleep(OPENED_MS * 1000); /* clients are obeyed one after the other */
	set_up_calls(s);
	go_on(s, SETTLED_MS, true, &before);
	ticks = s->header.ticks;
	pthread_kill(thread, SIGUSR1);
	go_on(s, strcmp(asked_for, "none") ? FAULT_MS : WATCHED_MS, true, &f);
	f.events[BL_COMMAND_REFUSED] += before.events[BL_COMMAND_REFUSED];
	tell(s, &f, ticks);
	_exit(0); /* the thread is not let go of: what ends one is more than a tick may ask for */
}
