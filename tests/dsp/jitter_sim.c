/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A far talker with a clock of his own, a network, and the jitter buffer, hour by hour: built by simulator.py.
 *
 * `sim SOURCE HEARD key=value…` reads a loop of linear sound, and writes what the buffer gave (or nothing: "-"). On
 * standard output `key value` lines. Time is counted in our samples; the far clock sends by its own.
 *   seconds ppm packet (samples) loss (percent) seed vbd resampled
 *   jitter (ms) kind 0: uniform, each packet by itself; 1: uniform in a queue, nothing overtakes; 2: exponential of
 * mean jitter/3, by itself; 3: a spike of `jitter` ms every 30 s that drains, with 2 ms of uniform jitter A click is
 * sought in the fourth difference of samples that came: what a sound below 1 kHz has hardly any of.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "g711.h"
#include "jitter.h"
#include "skew.h"

#define TICK 40
#define PENDING 256
#define SETTLED_S 30

struct packet {
	double at;
	uint32_t timestamp;
	int waiting;
};

struct sim {
	double seconds, ppm, packet, loss, seed, vbd, jitter, kind, resampled;
	int16_t *sound;
	uint8_t *codes;
	size_t length;
	double *delays; /* of packets that came, samples beyond the path */
	size_t came, sent, lost;
	struct packet pending[PENDING];
	struct bl_skew skew; /* behind the buffer when `resampled` */
	double queue_until, spike_until;
	uint64_t chance;
};

struct heard {
	double delay_sum, delay_most, delay_end;
	uint64_t samples, heard, late, missing;
	int32_t past[5], worst;
	int in_row;
};

static double any(struct sim *s)
{
	s->chance = s->chance * 6364136223846793005u + 1442695040888963407u;
	return (double)(s->chance >> 33) / 2147483648.0;
}

static double network_delay(struct sim *s, double sent)
{
	double most = s->jitter * 8;

	if (s->kind == 2)
		return fmin(-log(1.0 - any(s)) * most / 3, 1400);
	if (s->kind == 3) {
		if (any(s) < s->packet / 8000 / 30)
			s->spike_until = sent + most;
		return fmax(s->spike_until - sent, 0) + any(s) * 16;
	}
	return any(s) * most;
}

static void post(struct sim *s, uint32_t number)
{
	double sent = number * s->packet / (1 + s->ppm * 1e-6), at = sent + network_delay(s, sent);
	struct packet *p = &s->pending[number % PENDING];

	s->sent++;
	if (s->kind == 1 || s->kind == 3)
		at = s->queue_until = fmax(at, s->queue_until);
	if (any(s) * 100 < s->loss) {
		s->lost++;
		return;
	}
	s->delays[s->came++] = at - sent;
	*p = (struct packet){at, (uint32_t)(number * s->packet), 1};
}

static void code_of(const struct sim *s, uint32_t timestamp, uint8_t *codes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		codes[i] = s->codes[(timestamp + i) % s->length];
}

static void deliver(struct sim *s, struct bl_jitter *j, struct heard *h, double now)
{
	for (;;) {
		struct packet *next = NULL;
		uint8_t codes[BL_JITTER_PACKET_MAX];
		int32_t over;

		for (int i = 0; i < PENDING; i++)
			if (s->pending[i].waiting && s->pending[i].at <= now && (!next || s->pending[i].at < next->at))
				next = &s->pending[i];
		if (!next)
			return;
		next->waiting = 0;
		code_of(s, next->timestamp, codes, (size_t)s->packet);
		(void)bl_jitter_put(j, next->timestamp, codes, (size_t)s->packet);
		over = (int32_t)(j->play - next->timestamp);
		if (over > 0 && now > SETTLED_S * 8000)
			h->late += over < (int32_t)s->packet ? (uint64_t)over : (uint64_t)s->packet;
	}
}

static void judge_sample(struct heard *h, int32_t sample, int came)
{
	int32_t fourth;

	memmove(h->past, h->past + 1, 4 * sizeof h->past[0]);
	h->past[4] = sample;
	h->in_row = came ? h->in_row + 1 : 0;
	if (h->in_row < 5)
		return;
	fourth = abs(h->past[0] - 4 * h->past[1] + 6 * h->past[2] - 4 * h->past[3] + h->past[4]);
	if (fourth > h->worst)
		h->worst = fourth;
}

/* A tick of what is heard, to the judge and the file; behind the resampler when there is one. */
static void hear(struct sim *s, struct heard *h, int16_t *sound, size_t n, uint64_t present, FILE *to)
{
	if (s->resampled != 0 && bl_skew_process(&s->skew, sound, n, sound, TICK))
		exit(1);
	if (s->resampled != 0 && present != ~0ull >> (64 - n))
		h->in_row = -BL_SKEW_TAPS - TICK; /* the edge of what was missing is yet to come out */
	if (s->resampled != 0) {
		present = ~0ull;
		n = TICK;
	}
	for (size_t i = 0; i < n; i++)
		judge_sample(h, sound[i], present >> i & 1);
	if (to)
		fwrite(sound, sizeof sound[0], n, to);
}

static void listen(struct sim *s, struct bl_jitter *j, struct heard *h, double now, size_t n, FILE *to)
{
	uint8_t codes[BL_JITTER_GET_MAX];
	int16_t sound[BL_JITTER_GET_MAX];
	uint64_t present;
	uint32_t play = j->play;

	if (bl_jitter_get(j, codes, n, &present) < 0)
		exit(1);
	bl_alaw_decode(codes, sound, n);
	hear(s, h, sound, n, present, to);
	if (!j->running || now < SETTLED_S * 8000)
		return;
	h->missing += n - (size_t)__builtin_popcountll(present);
	h->samples += n;
	if (!present)
		return;
	h->heard += n;
	h->delay_end = now - play / (1 + s->ppm * 1e-6);
	h->delay_sum += h->delay_end * (double)n;
	h->delay_most = fmax(h->delay_most, h->delay_end);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A fixed buffer that knows all delays beforehand: at the same lateness, and at the least cost. */
static void tell_oracle(struct sim *s, double late)
{
	double best = 1e9, at = 0, late_at = 0;

	qsort(s->delays, s->came, sizeof s->delays[0], by_size);
	for (size_t i = 0; i < s->came; i++) {
		double share = (double)(s->came - 1 - i) / (double)s->came,
		       cost = s->delays[i] / 8 * 0.024 + share * 300;

		if (cost < best) {
			best = cost;
			at = s->delays[i];
			late_at = share;
		}
	}
	printf("oracle_same_late_ms %.3f\n", s->delays[(size_t)((double)(s->came - 1) * (1 - late))] / 8);
	printf("oracle_ms %.3f\noracle_late %.6f\noracle_cost %.4f\n", at / 8, late_at, best);
}

static void tell(struct sim *s, const struct bl_jitter *j, const struct heard *h, int32_t source_worst)
{
	double late = (double)h->late / (double)h->samples, mean = h->delay_sum / (double)h->heard / 8;

	printf("delay_ms %.3f\ndelay_most_ms %.3f\ndelay_end_ms %.3f\n", mean, h->delay_most / 8, h->delay_end / 8);
	printf("late %.6f\nmissing %.6f\ncost %.4f\n", late, (double)h->missing / (double)h->samples,
	       mean * 0.024 + late * 300);
	printf("lost %.6f\n", (double)s->lost / (double)s->sent);
	printf("worst %d\nsource_worst %d\n", h->worst, source_worst);
	printf("joins %llu\nlonger %llu\nshorter %llu\nresyncs %llu\n", (unsigned long long)j->joins,
	       (unsigned long long)j->longer, (unsigned long long)j->shorter, (unsigned long long)j->resyncs);
	printf("skew_ppm %.2f\n", (double)bl_jitter_skew_ppm(j));
	tell_oracle(s, late);
}

static int32_t worst_of_source(const struct sim *s)
{
	struct heard h = {0};

	for (size_t i = 0; i < s->length + 5; i++) {
		int16_t sample;

		bl_alaw_decode(&s->codes[i % s->length], &sample, 1);
		judge_sample(&h, sample, 1);
	}
	return h.worst;
}

static void set(struct sim *s, const char *argument)
{
	static const char *const names[] = {"seconds", "ppm",    "packet", "loss",     "seed",
	                                    "vbd",     "jitter", "kind",   "resampled"};
	double *values[] = {&s->seconds, &s->ppm,    &s->packet, &s->loss,     &s->seed,
	                    &s->vbd,     &s->jitter, &s->kind,   &s->resampled};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t length = strlen(names[i]);

		if (!strncmp(argument, names[i], length) && argument[length] == '=') {
			*values[i] = strtod(argument + length + 1, NULL);
			return;
		}
	}
	exit(2);
}

static void load(struct sim *s, const char *path)
{
	FILE *from = fopen(path, "rb");

	if (!from || fseek(from, 0, SEEK_END))
		exit(2);
	s->length = (size_t)ftell(from) / 2;
	rewind(from);
	s->sound = calloc(s->length, 2);
	s->codes = calloc(s->length, 1);
	s->delays = calloc((size_t)(s->seconds * 8000 / s->packet) + PENDING, sizeof(double));
	if (!s->sound || !s->codes || !s->delays || fread(s->sound, 2, s->length, from) != s->length)
		exit(2);
	fclose(from);
	bl_alaw_encode(s->sound, s->codes, s->length);
}

static void run(struct sim *s, struct bl_jitter *j, struct heard *h, FILE *to)
{
	uint32_t number = 0;

	for (double now = 0; now < s->seconds * 8000; now += TICK) {
		size_t n = TICK;

		while (number * s->packet / (1 + s->ppm * 1e-6) <= now)
			post(s, number++);
		deliver(s, j, h, now);
		if (s->resampled != 0) {
			(void)bl_skew_set(&s->skew, bl_jitter_skew_ppm(j));
			n = bl_skew_want(&s->skew, TICK);
		}
		listen(s, j, h, now, n, to);
	}
}

int main(int argc, char **argv)
{
	struct sim s = {.seconds = 60, .packet = 160, .seed = 1};
	struct bl_jitter *j = malloc(bl_jitter_size());
	struct bl_jitter_cfg cfg = {.start_samples = BL_JITTER_START_SAMPLES,
	                            .min_samples = BL_JITTER_MIN_SAMPLES,
	                            .max_samples = BL_JITTER_MAX_SAMPLES};
	struct heard h = {0};
	FILE *to;

	for (int i = 3; i < argc; i++)
		set(&s, argv[i]);
	if (argc < 3 || !j)
		return 2;
	load(&s, argv[1]);
	to = strcmp(argv[2], "-") ? fopen(argv[2], "wb") : NULL;
	s.chance = (uint64_t)s.seed;
	cfg.vbd = s.vbd != 0;
	cfg.resampled = s.resampled != 0;
	if (cfg.vbd)
		cfg.start_samples = (uint16_t)(s.jitter * 8 + 160);
	if (bl_jitter_init(j) || bl_jitter_set(j, &cfg))
		return 2;
	run(&s, j, &h, to);
	tell(&s, j, &h, worst_of_source(&s));
	return to ? fclose(to) : 0;
}
