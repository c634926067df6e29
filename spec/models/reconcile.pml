/* One voice and its mirror, through crashes, restores and lost sessions (spec/channel.md, spec/recovery.md).
 *
 * A writes a log, B mirrors and cosigns it. Either may crash and lose what was not synced; either disk may be put back
 * to an older day. Sessions break at any moment. Frames of the session that is open are lost, repeated and delayed as
 * the network likes; beats are repeated for ever, in any session.
 *
 * A log is written as the values of its entries, 0 for none. An entry that A writes after its disk was put back has
 * another value than one that it wrote before, so two signed logs that cannot be one are two that differ in a value.
 *
 * The rules can be broken one at a time (-D...), and then a claim fails:
 *
 *   EARLY       A signs an entry before it is durable                          -> an honest peer accused
 *   BLIND       A signs after a start without having asked B                   -> forked
 *   FORGETFUL   B shows what it holds, and not the newest checkpoint it saw    -> forked
 *   OLD_FRAMES  B takes a frame of an older session, as if there were no TLS   -> forked
 *   EAGER       B cosigns before entries are durable                           -> a receipt for what is not held
 *   NAIVE       B calls a beat below what it holds a rollback                  -> an honest peer accused
 *   GULLIBLE    A quotes any size that B claims                                -> an honest peer accused
 *   TIMID       A waits for its log and never asks for it                      -> no convergence
 *
 * APART (a high-water mark that no backup reaches) is no fault: with it even OLD_FRAMES forks nothing.
 *
 * Claims: the assertions of check(), after every step; and at rest, when all faults are spent, both sides hold the
 * same and A may sign, or the end of A's log is gone at both sides, which only a disk that was put back can do.
 */

#ifndef MAXE
#define MAXE 3            /* entries, at most 3 */
#endif
#ifndef CRASHES
#define CRASHES 2         /* of either side, together */
#endif
#ifndef BREAKS
#define BREAKS 2          /* sessions that break by themselves */
#endif

/* A log as a number of three digits to the base of 3, the first entry lowest. */
#define D0(c) ((c) % 3)
#define D1(c) (((c) / 3) % 3)
#define D2(c) ((c) / 9)
#define SIZE(c) ((D0(c) != 0) + (D1(c) != 0) + (D2(c) != 0))
#define CUT(c, n) ((n) == 0 -> 0 : ((n) == 1 -> (c) % 3 : ((n) == 2 -> (c) % 9 : (c))))
#define PREFIX(x, y) (SIZE(x) <= SIZE(y) && CUT(y, SIZE(x)) == (x))
#define PLUS(c, v) ((c) + (v) * (SIZE(c) == 0 -> 1 : (SIZE(c) == 1 -> 3 : 9)))
#define LARGER(x, y) (SIZE(x) >= SIZE(y) -> (x) : (y))

byte a_log, a_disk;       /* A's log, as A has it and as its disk has it */
byte a_goal;              /* signed before, and not here yet */
byte a_mark;              /* only with APART: the newest that A signed */
bool a_live;              /* A may sign */
byte a_quoted;            /* the size that B last claimed, as A's beats quote it */
byte b_log, b_disk;       /* the mirror */
byte b_seen, b_seen_disk; /* the newest checkpoint that B saw */
byte cosigned;            /* the newest that B cosigned */
byte value = 1;           /* of A's next entry */

bool open;                /* a session */
bool b_said;              /* B's `state` is on its way in it */
byte said_held, said_seen;
byte append;              /* A's append is on its way; B may see it again and again */
bool beat[4];             /* beats of A by their own size: those that claim nothing of B's */
bool beat_short;          /* a beat that claims less than it quotes */

byte crashes, breaks;
bool a_put_back, b_put_back, forked, accused, lost;

inline session_ends() {
    open = false; b_said = false; said_held = 0; said_seen = 0;
#ifndef OLD_FRAMES
    append = 0;
#endif
}

inline a_starts() {
    a_log = a_disk; a_quoted = 0; session_ends();
#ifdef APART
    a_goal = (SIZE(a_mark) > SIZE(a_log) -> a_mark : 0);
#endif
#ifdef BLIND
    a_live = true;
#else
    a_live = false;
#endif
}

inline b_starts() { b_log = b_disk; b_seen = b_seen_disk; session_ends() }

inline check() {
    assert(!forked);
    assert(!accused || a_put_back);
    assert(b_put_back || PREFIX(cosigned, b_disk))
}

proctype world() {
    byte n;
    do
    /* A logs an entry. */
    :: atomic { a_live && a_goal == 0 && SIZE(a_log) < MAXE ->
        a_log = PLUS(a_log, value);
#ifndef EARLY
        a_disk = a_log;
#endif
#ifdef APART
        a_mark = a_log;
#endif
        check() }
#ifdef EARLY
    :: atomic { a_disk != a_log -> a_disk = a_log }
#endif

    /* A session begins with what B holds, and the newest checkpoint that B saw. */
    :: atomic { !open -> open = true; b_said = true; said_held = b_log;
#ifdef FORGETFUL
        said_seen = b_log
#else
        said_seen = LARGER(b_seen, b_log)
#endif
        }
    :: atomic { open && b_said -> b_said = false;
        a_quoted = SIZE(said_held);
        if
        :: SIZE(said_seen) > SIZE(a_log) -> a_live = false; a_goal = LARGER(a_goal, said_seen)
        :: SIZE(said_seen) <= SIZE(a_log) && PREFIX(said_seen, a_log) && a_goal == 0 -> a_live = true
        :: else -> skip
        fi;
        said_held = 0; said_seen = 0; check() }
#ifdef GULLIBLE
    :: atomic { open && a_quoted < MAXE -> a_quoted = MAXE }
#endif

    /* A fetches what it lacks of its own log. */
#ifndef TIMID
    :: atomic { open && a_goal != 0 && SIZE(b_log) > SIZE(a_log) && PREFIX(a_log, b_log) && PREFIX(b_log, a_goal) ->
        a_log = b_log; a_disk = a_log;
        if :: a_log == a_goal -> a_goal = 0; a_live = true :: else -> skip fi;
        check() }
#endif

    /* A sends; B sees the checkpoint, with its entries or without. */
    :: atomic { open && !b_said && SIZE(a_log) > SIZE(b_log) && append != a_log -> append = a_log }
    :: atomic { append != 0 && open &&
        !PREFIX(append, LARGER(b_seen, b_log)) && !PREFIX(LARGER(b_seen, b_log), append) ->
        forked = true; check() }
    :: atomic { append != 0 && open && PREFIX(LARGER(b_seen, b_log), append) && b_seen != append -> b_seen = append }
    :: atomic { append != 0 && open && SIZE(append) > SIZE(b_log) && PREFIX(b_log, append) ->
        b_log = append; b_seen = LARGER(b_seen, append) }
    :: atomic { b_disk != b_log || b_seen_disk != b_seen -> b_disk = b_log; b_seen_disk = b_seen }
#ifdef EAGER
    :: atomic { SIZE(b_log) > SIZE(cosigned) -> cosigned = b_log; check() }
#else
    :: atomic { SIZE(b_disk) > SIZE(cosigned) -> cosigned = b_disk; check() }
#endif

    /* Beats: each says how long A's log is and what B claimed; any of them comes to B at any time. */
    :: atomic { open && !beat[SIZE(a_log)] -> beat[SIZE(a_log)] = true }
    :: atomic { open && SIZE(a_log) < a_quoted && !beat_short -> beat_short = true }
#ifdef NAIVE
    :: atomic { !accused -> select(n : 0 .. MAXE);
        if :: beat[n] && n < SIZE(b_log) -> accused = true :: else -> skip fi; n = 0; check() }
#else
    :: atomic { beat_short && !accused -> accused = true; check() }
#endif

    /* Faults. */
    :: atomic { open && breaks < BREAKS -> breaks++; session_ends() }
    :: atomic { crashes < CRASHES -> crashes++; a_starts() }
    :: atomic { crashes < CRASHES -> crashes++; b_starts(); check() }
    :: atomic { !a_put_back && SIZE(a_disk) > 0 -> a_put_back = true; value = 2; a_goal = 0;
        select(n : 0 .. MAXE - 1);
        a_disk = CUT(a_disk, (n < SIZE(a_disk) -> n : SIZE(a_disk) - 1)); n = 0;
        a_starts() }
    :: atomic { !b_put_back && SIZE(b_disk) > 0 -> b_put_back = true;
        b_disk = CUT(b_disk, SIZE(b_disk) - 1); b_seen_disk = CUT(b_seen_disk, SIZE(b_disk));
        b_starts() }

    :: else -> break
    od;
    /* At rest: what A cannot get back is what B does not hold either, and then it is known that it was signed. */
    lost = (a_goal != 0 && SIZE(b_log) <= SIZE(a_log));
    assert(lost || (a_live && a_log == a_disk && a_log == b_disk && SIZE(a_log) == MAXE));
    assert(!lost || a_put_back)
}

init { a_live = false; run world() }
