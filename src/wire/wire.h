#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "base/base.h"

/*
 * The protocol between host and guest agent. No I/O here: bytes in, messages
 * out, and back. libc only; the same source is in both programs.
 *
 * CONNECTION. A byte stream: a virtio-serial port or a unix socket. A port
 * keeps what a client left unread or half sent, loses what is written while
 * the agent restarts, and reports hang-ups out of order with the data. So
 * only data counts, on every kind of stream:
 *
 *   host   32768 zeros, MAGIC (16 bytes), nonce (16 random bytes)
 *   guest  MAGIC, the same nonce, a HELLO frame; from here on frames both ways
 *
 * The host discards everything up to MAGIC and its own nonce. The guest
 * discards everything up to MAGIC; the zeros end whatever frame was cut off.
 * A MAGIC where a frame should begin starts anew: children of the connection
 * are hung up, its unsent output is dropped. The agent says MAGIC, 12 bytes ff
 * and its pid once, unasked, when it starts; a host that has a connection open
 * sees that as WIRE_LOST. The host sends no frame before HELLO came and its
 * version fits, gives every answer a deadline, and never resends a command.
 *
 * FRAME. All numbers are little-endian.
 *
 *    0  u32  WIRE_MARK
 *    4  u32  n, length of the payload, at most WIRE_PAYLOAD
 *    8  u64  session: the first 8 bytes of the nonce
 *   16  u32  stream; 0 is the connection itself
 *   20  u16  type (enum wire_type)
 *   22  u16  flags: WIRE_MORE or 0
 *   24  n    payload
 * 24+n  u32  trailer: (session low ^ session high ^ n) | 0x01010101: none of
 *            its bytes is zero, so wherever a frame was cut off, the padding
 *            of the next client does not complete it
 *
 * MAGIC, this frame and the first field of HELLO never change. What else does
 * not fit the rules below is LOST: the host closes, the guest discards up to
 * the next MAGIC.
 *
 * STREAM. One command. The host picks a number that is not in use, sends EXEC
 * or LINE on it; EXIT ends it, always, and is its last frame. Frames that the
 * host sends on a stream that is not (or no longer) open are ignored. A
 * request longer than a frame is cut into frames of the same stream and type
 * with WIRE_MORE on all but the last; frames of other streams may come in
 * between if they are not of a request. WIRE_REQUEST_MAX in all.
 *
 * CREDIT. Data (STDIN, STDOUT, STDERR) is sent only within a window for each
 * stream and type: WIRE_WINDOW bytes at first, more when the receiver says
 * CREDIT after it has handed data on. Other frames need no credit. A sender
 * that exceeds its window is LOST. So both ends can always read everything
 * that comes, no stream waits for another, and memory is bounded.
 *
 * PAYLOADS. str = u32 length, bytes without NUL, one NUL (not counted).
 * list = u32 count, that many str.
 *
 *   to the guest
 *   EXEC    u32 flags (WIRE_EXEC_*), u16 rows, u16 cols, str cwd (absolute, or
 *           empty: home), list argv, list env ("NAME=value")
 *   LINE    u16 rows, u16 cols, u8 status, str session, str kind, str term,
 *           str cwd, str aliases, str text, list env (for a new session)
 *   STDIN   bytes
 *   SIGNAL  u32: Linux number, to the command's process group; on a terminal
 *           to the foreground group
 *   WINCH   u16 rows, u16 cols
 *   CLOSE   -: the host does not want this command any more: its group gets
 *           SIGHUP and SIGCONT and after WIRE_HUP_MS SIGKILL. EXIT follows
 *           at once. A session stays
 *   UNREAD  u32 type (STDOUT, STDERR): nobody reads this output any more, so
 *           whoever writes it gets SIGPIPE or EPIPE. Not on a terminal
 *   ENDSES  stream 0; str session: end it. No answer
 *   PING    stream 0; up to 64 bytes, come back as PONG. Unanswered ones may
 *           be dropped in favour of the last
 *   STATS   stream 0; -, answered by STATED
 *   both ways
 *   EOF     -: no more STDIN (on a terminal: ignored, the host sends ^D). From
 *           the guest: nobody reads STDIN any more, what comes is thrown away
 *   CREDIT  u32 type (STDIN, STDOUT, STDERR), u32 bytes
 *   to the host
 *   HELLO   stream 0; u32 WIRE_VERSION, str agent version, str boot id,
 *           str problems (lines, at most WIRE_PROBLEMS bytes)
 *   STDOUT  bytes; everything, if there is a terminal
 *   STDERR  bytes
 *   NOTICE  str: a line for the person ("no zsh in the guest: bash is used")
 *   STOPPED u32 signal: a command on a terminal was stopped (^Z). The host
 *           suspends itself and sends SIGNAL with SIGCONT when it goes on
 *   EXIT    u32 how (enum wire_how), u32 number, u32 flags (WIRE_EXIT_*),
 *           u32 taken, str cwd, str text
 *   PONG, STATED (struct wire_stats, in order)
 *
 * END OF A COMMAND. Without a terminal EXIT comes when the process has ended
 * and its output is closed. If something in the background still holds it,
 * EXIT comes WIRE_LINGER_MS after the end with WIRE_EXIT_HELD; everything
 * written before the end has been sent. What is written later goes nowhere,
 * but the writer is not killed. (ssh would hang here; docker loses output.)
 * On a terminal the same holds, and whoever stays behind is hung up.
 *
 * SESSION. A shell that evaluates LINEs at its top level on a terminal of its
 * own and keeps its state between them, also across connections. Made by the
 * first LINE with its name; ends with its shell or ENDSES. One line at a time.
 * EXIT of a LINE carries the directory after it and how many bytes of STDIN
 * were taken (modulo 2^32): of what the host has sent the rest was read by
 * nobody and is thrown away. A line that is closed, or whose host has gone,
 * has its foreground job hung up; the next LINE waits until it has ended.
 *
 * Every byte of the guest is untrusted: what is decoded here is well-formed,
 * and nothing more is promised.
 */
#define WIRE_VERSION 1u
#define WIRE_MAGIC "\0\377MACHINE-AGENT\n" /* 16 bytes without its NUL */
#define WIRE_MAGIC_SIZE 16u
#define WIRE_NONCE_SIZE 16u
#define WIRE_HELLO_SIZE (WIRE_MAGIC_SIZE + WIRE_NONCE_SIZE)
#define WIRE_MARK 0x3147414du /* "MAG1" */
#define WIRE_HEAD 24u
#define WIRE_FRAME 32768u /* one write to a port */
#define WIRE_PAYLOAD (WIRE_FRAME - WIRE_HEAD - 4u)
#define WIRE_PADDING WIRE_FRAME
#define WIRE_WINDOW (256u << 10)
#define WIRE_REQUEST_MAX (4u << 20)
#define WIRE_PROBLEMS 4096u
#define WIRE_PING_MAX 64u
#define WIRE_SESSION_MAX 64u /* bytes of a session's name: [A-Za-z0-9._-] */
#define WIRE_LINGER_MS 200
#define WIRE_HUP_MS 3000

#define WIRE_MORE 1u

#define WIRE_EXEC_PTY 1u /* a terminal; env says TERM */
#define WIRE_EXEC_ROOT 2u /* as root, not the guest user: over a port only */
#define WIRE_EXEC_NO_STDIN 4u /* stdin is /dev/null */
#define WIRE_EXEC_FLAGS 7u

#define WIRE_EXIT_HELD 1u /* output is still held in the background */
#define WIRE_EXIT_ENDED 2u /* the session's shell has ended */
#define WIRE_EXIT_CORE 4u /* a core was dumped */
#define WIRE_EXIT_FLAGS 7u

enum wire_type {
	WIRE_EXEC = 1,
	WIRE_LINE,
	WIRE_STDIN,
	WIRE_SIGNAL,
	WIRE_WINCH,
	WIRE_CLOSE,
	WIRE_ENDSES,
	WIRE_PING,
	WIRE_STATS,
	WIRE_UNREAD,
	WIRE_CREDIT = 32,
	WIRE_EOF,
	WIRE_HELLO = 64,
	WIRE_STDOUT,
	WIRE_STDERR,
	WIRE_NOTICE,
	WIRE_STOPPED,
	WIRE_EXIT,
	WIRE_PONG,
	WIRE_STATED
};

enum wire_how {
	WIRE_EXITED, /* number: 0-255 */
	WIRE_SIGNALED, /* number: the signal */
	/* number: 125 the agent could not, 126 cannot be executed, 127 not
	 * found; text says why. It did not run. */
	WIRE_NOT_RUN,
	WIRE_CLOSED /* the answer to CLOSE */
};

/* --- reading ------------------------------------------------------------- */

enum wire_role { WIRE_HOST, WIRE_GUEST };

enum wire_event {
	WIRE_NEED, /* nothing complete: read more */
	WIRE_STARTED, /* a handshake: frames of the new connection follow */
	WIRE_FRAME_IN, /* *f is filled in */
	WIRE_LOST /* no frame (see above): the connection is over. Guest: go on
		   * reading, WIRE_STARTED comes with the next client */
};

/* Requests arrive whole: `more` is handled here. */
struct wire_frame {
	enum wire_type type;
	uint32_t stream;
	const unsigned char *data; /* until the next call with this reader */
	size_t len;
};

struct wire_reader {
	enum wire_role role;
	bool open;
	uint64_t session;
	unsigned char nonce[WIRE_NONCE_SIZE];
	unsigned char *buf; /* 2 * WIRE_FRAME */
	size_t start, end;
	unsigned char *request; /* one under way, or NULL */
	size_t request_len, request_cap;
	uint32_t request_stream;
	enum wire_type request_type;
	bool request_done;
};

/*
 * nonce: the host's own, NULL for the guest. wire_reader_release() frees; a
 * released reader may be initialised again.
 */
void wire_reader_init(
    struct wire_reader *r, enum wire_role role, const unsigned char *nonce);
void wire_reader_release(struct wire_reader *r);
/* Where to put input, and how much (never 0 after WIRE_NEED). */
unsigned char *wire_reader_space(struct wire_reader *r, size_t *n);
void wire_reader_added(struct wire_reader *r, size_t n);
/* Call until WIRE_NEED. */
enum wire_event wire_reader_next(
    struct wire_reader *r, struct wire_frame *f) must_check;

/* --- writing ------------------------------------------------------------- */

/* The first 8 bytes, as frames carry them. */
uint64_t wire_session(const unsigned char nonce[WIRE_NONCE_SIZE]);
/* MAGIC and nonce; the host sends WIRE_PADDING zeros before. */
void wire_hello(unsigned char out[WIRE_HELLO_SIZE],
    const unsigned char nonce[WIRE_NONCE_SIZE]);
/*
 * Make a frame of the `len` <= WIRE_PAYLOAD bytes at out + WIRE_HEAD, writing
 * head and trailer around them. Returns its size, len + WIRE_HEAD + 4.
 */
size_t wire_seal(unsigned char *out, uint64_t session, enum wire_type type,
    uint32_t stream, unsigned flags, size_t len);
/* The same with a payload from elsewhere. */
size_t wire_put(unsigned char *out, uint64_t session, enum wire_type type,
    uint32_t stream, const void *data, size_t len);
/*
 * A frame for the next piece of a message of any length: *off is 0 at first
 * and is moved on; 0 is returned when there is no more. A message of length 0
 * is one frame. Pass a `struct wire_pack`'s bytes.
 */
size_t wire_put_part(unsigned char *out, uint64_t session, enum wire_type type,
    uint32_t stream, const void *data, size_t len, size_t *off);

/* A payload under construction: zero it, add, use `p` and `len`, release. */
struct wire_pack {
	unsigned char *p;
	size_t len, cap;
};
void wire_pack_release(struct wire_pack *k);
void wire_pack_u8(struct wire_pack *k, uint8_t v);
void wire_pack_u16(struct wire_pack *k, uint16_t v);
void wire_pack_u32(struct wire_pack *k, uint32_t v);
void wire_pack_u64(struct wire_pack *k, uint64_t v);
/* NULL is "". */
void wire_pack_str(struct wire_pack *k, const char *s);
/* NULL-terminated; NULL is empty. */
void wire_pack_list(struct wire_pack *k, const char *const *list);

CLEANUP_DEFINE(wire_pack, struct wire_pack, wire_pack_release(p));

/* --- payloads ------------------------------------------------------------ */

/*
 * pack appends to *k. read returns 0, or -1 if the payload is not exactly one
 * such message; strings point into the payload and live as long as it does.
 * Lists are malloc'ed vectors of pointers into it, ended by NULL, freed by the
 * release function (also after -1, harmless).
 */
struct wire_exec {
	uint32_t flags;
	uint16_t rows, cols;
	const char *cwd;
	const char **argv; /* at least one */
	const char **env;
};
void wire_exec_pack(struct wire_pack *k, const struct wire_exec *x);
int wire_exec_read(
    struct wire_exec *x, const unsigned char *p, size_t n) must_check;
void wire_exec_release(struct wire_exec *x);

struct wire_line {
	uint16_t rows, cols;
	uint8_t status; /* $? before the line */
	const char *session; /* checked by read */
	const char *kind; /* "zsh", "bash", "fish"; checked by read */
	const char *term;
	const char *cwd; /* absolute */
	const char *aliases; /* as `alias -L` and `alias -p` print them */
	const char *text;
	const char **env;
};
void wire_line_pack(struct wire_pack *k, const struct wire_line *x);
int wire_line_read(
    struct wire_line *x, const unsigned char *p, size_t n) must_check;
void wire_line_release(struct wire_line *x);

struct wire_greeting {
	uint32_t version;
	const char *agent; /* MACHINE_VERSION of the agent */
	const char *boot; /* the kernel's random boot id */
	const char *problems;
};
void wire_greeting_pack(struct wire_pack *k, const struct wire_greeting *x);
/* Of another version only `version` is filled in. */
int wire_greeting_read(
    struct wire_greeting *x, const unsigned char *p, size_t n) must_check;

struct wire_exit {
	enum wire_how how;
	uint32_t number, flags, taken;
	const char *cwd; /* "" unless a LINE has run */
	const char *text;
};
void wire_exit_pack(struct wire_pack *k, const struct wire_exit *x);
int wire_exit_read(
    struct wire_exit *x, const unsigned char *p, size_t n) must_check;
/* As a shell says it: 0-255, 128 + signal, 125-127. */
int wire_exit_status(const struct wire_exit *x);

/* Times are milliseconds of the guest's monotonic clock. */
struct wire_stats {
	uint64_t now, last_active; /* last request, input or output */
	uint32_t running; /* commands, and lines, under way */
	uint32_t sessions, sessions_with_jobs;
	uint32_t connections;
	uint64_t commands, lines; /* since the agent started */
	uint64_t lost; /* times that a connection was LOST */
	uint32_t load; /* the guest's 1 minute load average, in 1/100 */
	uint32_t fds, rss_kib; /* the agent's own */
};
void wire_stats_pack(struct wire_pack *k, const struct wire_stats *x);
int wire_stats_read(
    struct wire_stats *x, const unsigned char *p, size_t n) must_check;

void wire_credit_pack(struct wire_pack *k, enum wire_type type, uint32_t n);
int wire_credit_read(enum wire_type *type, uint32_t *credit,
    const unsigned char *p, size_t n) must_check;
void wire_winch_pack(struct wire_pack *k, uint16_t rows, uint16_t cols);
int wire_winch_read(uint16_t *rows, uint16_t *cols, const unsigned char *p,
    size_t n) must_check;
/* SIGNAL, STOPPED */
int wire_u32_read(uint32_t *v, const unsigned char *p, size_t n) must_check;
/* NOTICE, ENDSES */
int wire_str_read(const char **s, const unsigned char *p, size_t n) must_check;

#endif
