/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real transform of 80 samples, of one channel (echo_v is float) or of eight in lanes (echo_v is bl_f8). The file
 * that includes it names echo_v before.
 *
 * 80 real points are 40 complex ones, and 40 = 5 x 8 with no common factor: by the prime factor algorithm no turn is
 * needed between the two steps. A spectrum is packed in 80 places: the real parts of bins 0 to 39 (100 Hz apart), then
 * the imaginary ones, where that of bin 0, always 0, gives its place to the real part of bin 40 (4 kHz).
 */
#ifndef BL_ECHO_FFT_H
#define BL_ECHO_FFT_H

#include "echo_tables.h"

#define ECHO_POINTS 40

static ECHO_INLINE void echo_dft5(echo_v *re, echo_v *im)
{
	const float c1 = 0.309016994f, c2 = -0.809016994f, s1 = 0.951056516f, s2 = 0.587785252f;
	echo_v *part[2] = {re, im}, a[2], b[2], u[2], v[2];

	ECHO_UNROLL(2)
	for (int i = 0; i < 2; i++) {
		echo_v *z = part[i], t1 = z[1] + z[4], t2 = z[2] + z[3], t3 = z[1] - z[4], t4 = z[2] - z[3];

		a[i] = z[0] + c1 * t1 + c2 * t2;
		b[i] = z[0] + c2 * t1 + c1 * t2;
		u[i] = s1 * t3 + s2 * t4;
		v[i] = s2 * t3 - s1 * t4;
		z[0] = z[0] + t1 + t2;
	}
	re[1] = a[0] + u[1];
	im[1] = a[1] - u[0];
	re[4] = a[0] - u[1];
	im[4] = a[1] + u[0];
	re[2] = b[0] + v[1];
	im[2] = b[1] - v[0];
	re[3] = b[0] - v[1];
	im[3] = b[1] + v[0];
}

/* Four points, of every second place from z on, into out. */
static ECHO_INLINE void echo_dft4(const echo_v *re, const echo_v *im, echo_v *out_re, echo_v *out_im)
{
	echo_v ar = re[0] + re[4], ai = im[0] + im[4], br = re[0] - re[4], bi = im[0] - im[4];
	echo_v cr = re[2] + re[6], ci = im[2] + im[6], dr = re[2] - re[6], di = im[2] - im[6];

	out_re[0] = ar + cr;
	out_im[0] = ai + ci;
	out_re[1] = br + di;
	out_im[1] = bi - dr;
	out_re[2] = ar - cr;
	out_im[2] = ai - ci;
	out_re[3] = br - di;
	out_im[3] = bi + dr;
}

static ECHO_INLINE void echo_dft8(echo_v *re, echo_v *im)
{
	const float half = 0.707106781f;
	echo_v er[4], ei[4], hr[4], hi[4], tr[4], ti[4];

	echo_dft4(re, im, er, ei);
	echo_dft4(re + 1, im + 1, hr, hi);
	tr[0] = hr[0];
	ti[0] = hi[0];
	tr[1] = (hr[1] + hi[1]) * half;
	ti[1] = (hi[1] - hr[1]) * half;
	tr[2] = hi[2];
	ti[2] = -hr[2];
	tr[3] = (hi[3] - hr[3]) * half;
	ti[3] = -(hr[3] + hi[3]) * half;
	ECHO_UNROLL(4)
	for (int k = 0; k < 4; k++) {
		re[k] = er[k] + tr[k];
		im[k] = ei[k] + ti[k];
		re[k + 4] = er[k] - tr[k];
		im[k + 4] = ei[k] - ti[k];
	}
}

/* Forty complex points; step 2 makes of the samples' order 8 n1 + 5 n2 the bins' order 16 k1 + 25 k2, modulo 40. */
static ECHO_INLINE void echo_dft40(const echo_v *in_re, const echo_v *in_im, int in_stride, echo_v *out_re,
                                   echo_v *out_im, int out_stride)
{
	echo_v re[5][8], im[5][8];

	ECHO_UNROLL(8)
	for (int n2 = 0; n2 < 8; n2++) {
		echo_v zr[5], zi[5];

		ECHO_UNROLL(5)
		for (int n1 = 0; n1 < 5; n1++) {
			zr[n1] = in_re[(8 * n1 + 5 * n2) % ECHO_POINTS * in_stride];
			zi[n1] = in_im[(8 * n1 + 5 * n2) % ECHO_POINTS * in_stride];
		}
		echo_dft5(zr, zi);
		ECHO_UNROLL(5)
		for (int k1 = 0; k1 < 5; k1++) {
			re[k1][n2] = zr[k1];
			im[k1][n2] = zi[k1];
		}
	}
	ECHO_UNROLL(5)
	for (int k1 = 0; k1 < 5; k1++) {
		echo_dft8(re[k1], im[k1]);
		ECHO_UNROLL(8)
		for (int k2 = 0; k2 < 8; k2++) {
			out_re[(16 * k1 + 25 * k2) % ECHO_POINTS * out_stride] = re[k1][k2];
			out_im[(16 * k1 + 25 * k2) % ECHO_POINTS * out_stride] = im[k1][k2];
		}
	}
}

/* Twice the spectrum of 80 samples. */
static __attribute__((noinline)) void echo_forward(const echo_v *sound, echo_v *spectrum)
{
	echo_v *re = spectrum, *im = spectrum + ECHO_POINTS, sum;

	echo_dft40(sound, sound + 1, 2, re, im, 1);
	sum = re[0] + im[0];
	im[0] = (re[0] - im[0]) * 2.0f;
	re[0] = sum * 2.0f;
	re[20] = re[20] * 2.0f;
	im[20] = im[20] * -2.0f;
	for (int k = 1; k < ECHO_POINTS / 2; k++) {
		int m = ECHO_POINTS - k;
		echo_v er = re[k] + re[m], ei = im[k] - im[m], hr = im[k] + im[m], hi = re[m] - re[k];
		echo_v tr = hr * bl_echo_cos[k] + hi * bl_echo_sin[k], ti = hi * bl_echo_cos[k] - hr * bl_echo_sin[k];

		re[k] = er + tr;
		im[k] = ei + ti;
		re[m] = er - tr;
		im[m] = ti - ei;
	}
}

/* 80 times the samples of a spectrum. */
static __attribute__((noinline)) void echo_inverse(const echo_v *spectrum, echo_v *sound)
{
	const echo_v *re = spectrum, *im = spectrum + ECHO_POINTS;
	echo_v zr[ECHO_POINTS], zi[ECHO_POINTS];

	zr[0] = re[0] + im[0];
	zi[0] = re[0] - im[0];
	zr[20] = re[20] * 2.0f;
	zi[20] = im[20] * -2.0f;
	for (int k = 1; k < ECHO_POINTS / 2; k++) {
		int m = ECHO_POINTS - k;
		echo_v er = re[k] + re[m], ei = im[k] - im[m], tr = re[k] - re[m], ti = im[k] + im[m];
		echo_v hr = tr * bl_echo_cos[k] - ti * bl_echo_sin[k], hi = ti * bl_echo_cos[k] + tr * bl_echo_sin[k];

		zr[k] = er - hi;
		zi[k] = ei + hr;
		zr[m] = er + hi;
		zi[m] = hr - ei;
	}
	echo_dft40(zi, zr, 1, sound + 1, sound, 2); /* back: with the parts exchanged */
}

#endif
