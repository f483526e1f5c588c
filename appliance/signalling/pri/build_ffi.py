# SPDX-License-Identifier: GPL-2.0-only
"""Builds `_pri`, the cffi border to libpri (Debian package libpri-dev 1.6), in place.

    python -m appliance.signalling.pri.build_ffi

libpri is linked statically so that the linker can give it our clock: its timers read gettimeofday(), which steps with
NTP; `--wrap` hands it the time that `link.py` sets before each call. Tests run hours of timers in no time that way.
Between its Q.921 and its Q.931 we stand too, so that a message can have an element that Q.931 never sends, and a
D-channel can be one of several below another's Q.931.
"""

from pathlib import Path

from cffi import FFI

ROOT = Path(__file__).resolve().parents[3]
TEMPORARY = ROOT / "build" / "ffi" / "pri"

WRAPPED = ("gettimeofday", "q921_transmit_iframe", "q931_receive", "q931_dl_event")

CDEF = r"""
struct pri; struct pri_sr;
typedef struct q931_call q931_call;
struct pri_aoc_amount { long cost; int multiplier; };
struct pri_aoc_units_element { long number; int type; };
struct pri_aoc_recorded_currency { struct pri_aoc_amount amount; char currency[11]; };
struct pri_aoc_recorded_units { int num_items; struct pri_aoc_units_element item[32]; };
struct pri_subcmd_aoc_d { int charge; union { struct pri_aoc_recorded_currency money;
    struct pri_aoc_recorded_units unit; } recorded; ...; };
struct pri_subcmd_aoc_e { int charge; union { struct pri_aoc_recorded_currency money;
    struct pri_aoc_recorded_units unit; } recorded; ...; };
struct pri_subcommands { int counter_subcmd; ...; };
typedef struct pri_event_ring {
    int e; int channel; int cref; int callingpres; char callingani[256]; char callingnum[256]; char callednum[256];
    int callingplan; int calledplan; char callingname[256]; char useruserinfo[260]; char redirectingnum[256];
    int callingplanrdnis; int redirectingreason; char origcallednum[256];
    int flexible; int ctype; int complete; q931_call *call; struct pri_subcommands *subcmds; ...; } pri_event_ring;
typedef struct pri_event_hangup {
    int e; int channel; int cause; q931_call *call; struct pri_subcommands *subcmds; ...; } pri_event_hangup;
struct pri_event_facility { int e; q931_call *call; struct pri_subcommands *subcmds; ...; };
typedef struct pri_event_ringing { int e; int channel; int progressmask; q931_call *call; ...; } pri_event_ringing;
typedef struct pri_event_answer { int e; int channel; int progressmask; q931_call *call; ...; } pri_event_answer;
typedef struct pri_event_proceeding {
    int e; int channel; int progressmask; int cause; q931_call *call; ...; } pri_event_proceeding;
typedef struct pri_event_setup_ack { int e; int channel; q931_call *call; ...; } pri_event_setup_ack;
typedef struct pri_event_restart { int e; int channel; } pri_event_restart;
struct pri_event_hold { q931_call *call; ...; };
struct pri_event_retrieve { int channel; q931_call *call; int flexible; ...; };
typedef struct pri_event_service { int e; int channel; int changestatus; } pri_event_service;
typedef struct pri_event_restart_ack { int e; int channel; } pri_event_restart_ack;
typedef union {
    int e; pri_event_ring ring; pri_event_hangup hangup; pri_event_ringing ringing; pri_event_answer answer;
    pri_event_proceeding proceeding; pri_event_setup_ack setup_ack; pri_event_restart restart;
    pri_event_restart_ack restartack; pri_event_service service; struct pri_event_hold hold;
    struct pri_event_retrieve retrieve;
    struct pri_event_facility facility; ...; } pri_event;
struct timeval { long tv_sec; long tv_usec; ...; };
typedef int (*pri_io_cb)(struct pri *pri, void *buf, int buflen);

#define PRI_NETWORK ...
#define PRI_CPE ...
#define PRI_SWITCH_EUROISDN_E1 ...
#define PRI_SWITCH_EUROISDN_T1 ...
#define PRI_SWITCH_NI2 ...
#define PRI_SWITCH_NI1 ...
#define PRI_SWITCH_DMS100 ...
#define PRI_SWITCH_LUCENT5E ...
#define PRI_SWITCH_ATT4ESS ...
#define PRI_SWITCH_QSIG ...
#define PRI_TRANS_CAP_SPEECH ...
#define PRI_TRANS_CAP_3_1K_AUDIO ...
#define PRI_TRANS_CAP_DIGITAL ...
#define PRI_LAYER_1_ALAW ...
#define PRI_LAYER_1_ULAW ...
#define PRI_UNKNOWN ...
#define PRI_PROG_INBAND_AVAILABLE ...
#define PRI_DEBUG_Q921_STATE ...
#define PRI_DEBUG_Q931_STATE ...
#define PRI_DEBUG_Q931_ANOMALY ...
#define PRI_TIMER_N200 ...
#define PRI_TIMER_T200 ...
#define PRI_TIMER_T203 ...
#define PRI_TIMER_T303 ...
#define PRI_TIMER_T305 ...
#define PRI_TIMER_T308 ...
#define PRI_TIMER_T309 ...
#define PRI_TIMER_T313 ...
#define PRI_TIMER_T316 ...
#define PRI_TIMER_N316 ...
#define PRI_EVENT_DCHAN_UP ...
#define PRI_EVENT_DCHAN_DOWN ...
#define PRI_EVENT_RESTART ...
#define PRI_EVENT_RESTART_ACK ...
#define PRI_EVENT_RING ...
#define PRI_EVENT_SETUP_ACK ...
#define PRI_EVENT_PROCEEDING ...
#define PRI_EVENT_PROGRESS ...
#define PRI_EVENT_RINGING ...
#define PRI_EVENT_ANSWER ...
#define PRI_EVENT_HANGUP_REQ ...
#define PRI_EVENT_HANGUP ...
#define PRI_EVENT_HANGUP_ACK ...
#define PRI_EVENT_INFO_RECEIVED ...
#define PRI_EVENT_SERVICE ...
#define PRI_EVENT_HOLD ...
#define PRI_EVENT_RETRIEVE ...
#define PRI_EVENT_FACILITY ...
#define PRI_AOC_DE_CHARGE_FREE ...
#define PRI_AOC_DE_CHARGE_CURRENCY ...
#define PRI_AOC_DE_CHARGE_UNITS ...

struct pri *pri_new_cb(int fd, int nodetype, int switchtype, pri_io_cb io_read, pri_io_cb io_write, void *userdata);
void *pri_get_userdata(struct pri *pri);
void pri_set_debug(struct pri *pri, int debug);
void pri_set_message(void (*f)(struct pri *pri, char *));
void pri_set_error(void (*f)(struct pri *pri, char *));
int pri_set_timer(struct pri *pri, int timer, int value);
void pri_hangup_fix_enable(struct pri *ctrl, int enable);
int pri_set_service_message_support(struct pri *pri, int supportflag);
pri_event *pri_check_event(struct pri *pri);
struct timeval *pri_schedule_next(struct pri *pri);
pri_event *pri_schedule_run(struct pri *pri);
q931_call *pri_new_call(struct pri *pri);
void pri_destroycall(struct pri *pri, q931_call *call);
struct pri_sr *pri_sr_new(void);
void pri_sr_free(struct pri_sr *sr);
int pri_sr_set_channel(struct pri_sr *sr, int channel, int exclusive, int nonisdn);
int pri_sr_set_bearer(struct pri_sr *sr, int transmode, int userl1);
int pri_sr_set_called(struct pri_sr *sr, char *called, int calledplan, int complete);
int pri_sr_set_caller(struct pri_sr *sr, char *caller, char *callername, int callerplan, int callerpres);
int pri_sr_set_redirecting(struct pri_sr *sr, char *num, int plan, int pres, int reason);
void pri_sr_set_useruser(struct pri_sr *sr, const char *userchars);
void pri_facility_enable(struct pri *pri);
void pri_aoc_events_enable(struct pri *ctrl, int enable);
int pri_setup(struct pri *pri, q931_call *call, struct pri_sr *req);
int pri_setup_ack(struct pri *ctrl, q931_call *call, int channel, int nonisdn, int inband);
int pri_proceeding(struct pri *pri, q931_call *c, int channel, int info);
int pri_progress(struct pri *pri, q931_call *c, int channel, int info);
int pri_acknowledge(struct pri *pri, q931_call *call, int channel, int info);
int pri_answer(struct pri *pri, q931_call *call, int channel, int nonisdn);
int pri_channel_bridge(q931_call *call1, q931_call *call2);
void pri_set_inbanddisconnect(struct pri *pri, unsigned int enable);
int pri_get_crv(struct pri *pri, q931_call *call, int *callmode);
void pri_set_overlapdial(struct pri *pri, int state);
int pri_information(struct pri *pri, q931_call *call, char digit);
int pri_hangup(struct pri *pri, q931_call *call, int cause);
void pri_hold_enable(struct pri *ctrl, int enable);
int pri_hold_ack(struct pri *ctrl, q931_call *call);
int pri_hold_rej(struct pri *ctrl, q931_call *call, int cause);
int pri_retrieve_ack(struct pri *ctrl, q931_call *call, int channel);
int pri_retrieve_rej(struct pri *ctrl, q931_call *call, int cause);
int pri_reset(struct pri *pri, int channel);
int q931_is_call_valid(struct pri *ctrl, q931_call *call);

void branchline_set_clock(int64_t microseconds);
void branchline_amend(int message, const uint8_t *element, int octets, int alone);
int branchline_said(void);
void branchline_listen(int on);
int branchline_heard(uint8_t *message, int most);
void *branchline_data_link(void);
int branchline_established_anew(void);
int branchline_say(void *data_link, const uint8_t *message, int octets);
int branchline_redirecting_presentation(const struct pri_subcommands *all);
const struct pri_subcmd_aoc_d *branchline_aoc_d(const struct pri_subcommands *all, int n);
const struct pri_subcmd_aoc_e *branchline_aoc_e(const struct pri_subcommands *all, int n);
extern "Python" int branchline_read(struct pri *, void *, int);
extern "Python" int branchline_write(struct pri *, void *, int);
extern "Python" void branchline_message(struct pri *, char *);
extern "Python" void branchline_error(struct pri *, char *);
"""


def build() -> Path:
    """Compile; returns the extension's path beside this file."""
    ffi = FFI()
    ffi.cdef(CDEF)
    ffi.set_source(
        "appliance.signalling.pri._pri",
        (Path(__file__).resolve().parent / "border.c").read_text(),
        extra_link_args=["-l:libpri.a", *(f"-Wl,--wrap={function}" for function in WRAPPED)],
        extra_compile_args=["-Wall", "-Wextra"],
    )
    TEMPORARY.mkdir(parents=True, exist_ok=True)
    made = Path(ffi.compile(tmpdir=str(TEMPORARY)))
    place = Path(__file__).resolve().parent / made.name
    made.replace(place)
    return place


if __name__ == "__main__":
    build()
