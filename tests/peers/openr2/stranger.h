/* SPDX-License-Identifier: GPL-2.0-only */
/* What a test sees of stranger.c; cffi reads it too, so no preprocessor here. */

/* What it told: a callback's name and its arguments. */
struct told {
	char what[16];
	char ani[40];
	char dnis[40];
	int value;
};

struct settings {
	const char *variant;
	int ani_first, max_ani, max_dnis, immediate_accept, double_answer;
};

struct stranger;

/* NULL: no such variant, or no memory. */
struct stranger *stranger_new(const struct settings *s);
void stranger_free(struct stranger *one);
/* 20 ms: hear 160 octets and bits ABCD, say 160 octets; returns its bits. */
int stranger_tick(struct stranger *one, const uint8_t *heard, uint8_t *said, int heard_bits);
/* These return 0, or -1 where the channel's state refuses. */
int stranger_call(struct stranger *one, const char *ani, const char *dnis, int category);
int stranger_accept(struct stranger *one, int mode);
int stranger_answer(struct stranger *one);
int stranger_disconnect(struct stranger *one, int cause);
int stranger_block(struct stranger *one);
int stranger_unblock(struct stranger *one);
/* The oldest thing told; 0: nothing. */
int stranger_take(struct stranger *one, struct told *told);
