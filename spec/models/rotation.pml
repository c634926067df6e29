/* A node's key has a successor (spec/keys-and-rosters.md, "Rotation"), while a thief has the old one.
 *
 * The party's node writes its log; one entry may be roster 2, which takes key 1 away and gives key 2. The node stops, has
 * another key and a roster that waits for its place, and starts again, at any moment; it may crash between. The
 * counterpart takes entries over a connection, which it has only by the key of the newest roster that it holds, and may be
 * brought the roster by hand at any moment. The thief gets entries signed by key 1 into the log, through whatever still
 * takes them, also behind the roster. Two readers, one at each side, judge the log as far as it is there, when they will.
 *
 * What can be left out or done wrongly, one at a time (-D...), and what then fails:
 *
 *   OVERLAP       an old key goes on counting behind the roster         a key that was taken away counts
 *   BY_HAND       the counterpart judges by the roster that it was      two sets at one place
 *                 brought, and not by the one before in the log
 *   NOT_FIRST     the node speaks with its new key before the roster    an honest statement does not count
 *                 has its place
 *   NOT_KEPT      the new roster is not in force in the home before     an honest statement does not count
 *                 the key is: after a crash the roster is forgotten
 *   NO_HAND       nobody brings the roster by hand                      the line never comes back
 *   NEVER         one more claim: no key ever changes                   one does, so the other claims say something
 *
 * Claims: at each place both readers have the same roster, and one; what an honest node signed counts; what is signed
 * by key 1 behind the roster does not; once the roster can be brought and nothing more is written, all of it is held.
 */

#ifndef N
#define N 5
#endif

#define BY_1 1
#define BY_2 2
#define ROSTER 3
#define STOLEN 4          /* signed by key 1, by the thief */

/* By the roster in force at its place, whether the signature of a key counts. */
#ifdef OVERLAP
#define COUNTS(k, set) (k <= set)
#else
#define COUNTS(k, set) (k == set)
#endif

#ifdef NOT_FIRST
#define MAY_SPEAK true
#else
#define MAY_SPEAK (!waits)
#endif

#ifdef NOT_KEPT
#define FORGOTTEN true
#else
#define FORGOTTEN false
#endif

#ifdef NO_HAND
#define CAN_BE_BROUGHT false
#else
#define CAN_BE_BROUGHT (hand && there == 1)
#endif

byte entry[N];
byte size, held;
byte key = 1;             /* what the node signs with */
byte there = 1;           /* the newest roster that the counterpart holds */
bool up = true, waits, hand, stolen, changed;
byte own_at, own_set = 1; /* the party's reader: how far, and the roster in force there */
byte their_at, their_set = 1;
byte had[N];              /* the roster by which the party's reader judged each place */
byte stops;

inline judged(what, set) {
    if
    :: what == BY_1 -> assert(COUNTS(1, set))                 /* an honest statement does not count */
    :: what == BY_2 -> assert(COUNTS(2, set))                 /* an honest statement does not count */
    :: what == STOLEN -> assert(set == 1 || !COUNTS(1, set))  /* a key that was taken away counts */
    :: else
    fi
}

active proctype world() {
    do
    /* The node. */
    :: atomic { up && size < N && MAY_SPEAK -> entry[size] = (key == 1 -> BY_1 : BY_2); size++ }
    :: atomic { up && waits && size < N -> entry[size] = ROSTER; size++; waits = false }
    :: atomic { up && stops < 2 -> up = false; stops++; waits = waits && !FORGOTTEN }
    :: atomic { !up && key == 1 -> key = 2; waits = true; hand = true; changed = true }
    :: atomic { !up -> up = true }
    /* The thief. */
    :: atomic { !stolen && size < N -> entry[size] = STOLEN; size++; stolen = true }
    /* The counterpart. */
    :: atomic { up && key == there && held < size ->
            if
            :: entry[held] == ROSTER -> there = 2
            :: else
            fi
            held++ }
    :: atomic { CAN_BE_BROUGHT -> there = 2 }
    /* The readers. */
    :: atomic { own_at < size ->
            had[own_at] = own_set;
            judged(entry[own_at], own_set);
            if
            :: entry[own_at] == ROSTER -> own_set = 2
            :: else
            fi
            own_at++ }
    :: atomic { their_at < held && their_at < own_at ->
#ifdef BY_HAND
            their_set = (there > their_set -> there : their_set);
#endif
            assert(had[their_at] == their_set);               /* two sets at one place */
            if
            :: entry[their_at] == ROSTER -> their_set = 2
            :: else
            fi
            their_at++ }
#ifdef NEVER
    :: atomic { changed -> assert(!changed) }                  /* no key ever changes */
#endif
    /* The log is full, and the counterpart has taken what it can: that is all of it. */
    :: atomic { up && size == N && own_at == N && (held == N || (key != there && !CAN_BE_BROUGHT)) ->
            assert(held == N);                                /* the line never comes back */
            break }
    od
}
