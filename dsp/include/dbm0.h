/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The level scale of every block: dBm0 of a sine wave in 16-bit linear samples.
 *
 * G.711 table 5/6: the full-scale sine of A-law (peak 4096 in 13 bits, 32768 in 16) is +3.14 dBm0. Hence 0 dBm0 is a
 * sine of peak 22827.06 or RMS 16141.17. Mu-law's own scale (+3.17 dBm0, peak 8159 in 14 bits, 32636 in 16)
 * reads 0.07 dB low here.
 */
#ifndef BL_DBM0_H
#define BL_DBM0_H

#define BL_SAMPLE_RATE_HZ 8000
#define BL_SAMPLES_PER_MS 8

#define BL_DBM0_OVERLOAD 3.14f           /* dBm0 of a full-scale sine, G.711 A-law */
#define BL_DBM0_PEAK 22827.06f           /* peak of a 0 dBm0 sine: 32768 * 10^(-3.14/20) */
#define BL_DBM0_MEAN_SQUARE 260537280.0f /* mean square of a 0 dBm0 sine: peak^2 / 2 */
#define BL_DBM0_SILENCE (-100.0f)        /* reported for all-zero samples instead of minus infinity */

#endif
