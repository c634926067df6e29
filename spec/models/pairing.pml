/* The pairing ceremony in two rooms, against whoever carries the files (spec/pairing.md, "In two rooms").
 *
 * A makes an offer, B answers it, both compare words by voice, A signs, B takes the final file. The attacker M carries
 * every file, has roots of its own, and puts into each hand: an offer of A's, as it was or with other addresses or other
 * terms, an older one, or one of its own; an answer of B's, the newest or an older one, with another offer named or other
 * addresses, or one of its own; a final file of A's or of its own. It signs nothing for A's or B's roots. The voice line
 * is authentic: what a room hears is what the other room reads. After a stop both rooms may begin anew, once: A with
 * another offer, B with other keys; files of the first attempt stay in the attacker's hands.
 *
 * Words are over everything in the offer and in the answer as a room has them. They are taken to be equal only if all of
 * it is equal, as 112 bits of a stretched hash are: nobody finds a second preimage. What can be left out or done wrongly,
 * one at a time (-D...), and what then fails:
 *
 *   NO_WORDS      nobody compares words                        B has somebody else
 *   SHORT         words so short that M, who has seen B's      B has somebody else (and so has A)
 *                 answer, makes one of its own with the same
 *   ONE_SIDE      B does not compare, though A does            B has somebody else
 *   SAME_WORDS    both rooms read the same words, and the      A has somebody else
 *                 second repeats what it has heard
 *   EXCHANGED     A signs an answer that was handed in after   A has somebody else
 *                 the words were compared
 *   NO_ROOTS      B does not verify the signatures of the      A has not signed
 *                 final file
 *   ADDRESSES     words over the text and the keys alone       A had other files than B
 *   NEVER         one more claim: no second attempt is ended   one is, so the other claims say something
 *
 * Claims: once A signs, the other party in its text is B with the keys that B made in this attempt, and both had the same
 * offer and answer. Once B has its channel, the other party is A, A has signed the same text, and both had the same files.
 */

#define A 1
#define B 2
#define M 3

/* What a room is doing. */
#define IDLE 0
#define OFFERED 1
#define WORDS 2
#define COMPARED 3
#define STOPPED 4
#define DONE 5

byte a_state, b_state;
byte a_attempt, b_attempt;

/* A's offer has its own card, terms 0, addresses 0, and the number of the attempt as its time. */

/* The answer that A holds: which offer it names, the text that it signs, whose keys, which addresses. */
bool a_names;             /* A's own offer, as it left */
byte a_with;              /* the second party of the text */
byte a_keys;              /* the attempt in which B made them; 0 for those of M */
byte a_addresses;

/* The offer that B holds. The text that B signs follows from it. */
byte b_with;
byte b_terms;
byte b_addresses;
byte b_offer;             /* the attempt of A that it says it is of */

/* What B signed in each attempt: M keeps it. */
byte s_with[3];
byte s_terms[3];
byte s_addresses[3];
byte s_offer[3];

/* Whether A's own words are those that B finds over what it holds. */
#define SAME_TEXT (b_with == A && b_terms == 0 && b_offer == a_attempt && a_with == B && a_keys == b_attempt)
#define SAME_FILES (SAME_TEXT && b_addresses == 0 && a_addresses == 0 && a_names)

#ifdef ADDRESSES
#define SAME_WORD SAME_TEXT
#else
#define SAME_WORD SAME_FILES
#endif

/* What A signs is what B answered when it made those keys, all of it. B may have stopped since. */
#define A_SIGNS_BS (s_with[a_keys] == A && s_terms[a_keys] == 0 && s_offer[a_keys] == a_attempt && \
    s_addresses[a_keys] == 0 && a_addresses == 0 && a_names)

/* M brings A an answer. A takes it only if it names A's offer, and its text is that offer with another party added, signed
 * by that party's roots. */
inline bring_answer() {
    byte which;
    if
    :: which = 0
    :: b_attempt >= 1 && s_with[1] != 0 -> which = 1
    :: b_attempt >= 2 && s_with[2] != 0 -> which = 2
    fi;
    a_keys = which;
    if
    :: which == 0 -> a_with = M
    :: which != 0 && s_with[which] == A && s_terms[which] == 0 && s_offer[which] == a_attempt -> a_with = B
    :: else -> a_with = 0
    fi;
    a_names = true;      /* the digest of the offer is under no signature: M writes the one that fits */
    if
    :: a_addresses = 0
    :: a_addresses = 1
    fi;
    which = 0
}

active proctype first() {
    do
    :: a_attempt < 2 && (a_state == IDLE || a_state == STOPPED) ->
        atomic {
            a_attempt++;
            a_state = OFFERED
        }
    :: a_state == OFFERED ->
        atomic {
            bring_answer();
            if
            :: a_with == 0 -> a_state = STOPPED
            :: else -> a_state = WORDS
            fi
        }
    :: a_state == COMPARED ->
        atomic {
#ifdef EXCHANGED
            bring_answer();
#endif
            if
            :: a_with == 0 -> a_state = STOPPED
            :: else ->
                a_state = DONE;
                assert(a_with == B);
                assert(A_SIGNS_BS)
            fi
        }
    :: a_state == DONE || (a_attempt == 2 && a_state == STOPPED) -> break
    od
}

active proctype second() {
    do
    :: b_attempt < 2 && (b_state == IDLE || b_state == STOPPED) ->
        atomic {
            b_attempt++;
            b_state = IDLE;
            if
            :: a_attempt >= 1 -> b_with = A; b_offer = 1
            :: a_attempt >= 2 -> b_with = A; b_offer = 2
            :: b_with = M; b_offer = 0
            fi;
            if
            :: b_terms = 0; b_addresses = 0
            :: b_terms = 0; b_addresses = 1
            :: b_terms = 1; b_addresses = 0
            fi;
            s_with[b_attempt] = b_with;
            s_terms[b_attempt] = b_terms;
            s_addresses[b_attempt] = b_addresses;
            s_offer[b_attempt] = b_offer;
            b_state = WORDS
        }
    :: b_state == COMPARED ->
        /* M brings a final file. One by A's roots exists only if A signed this very text with B. */
        atomic {
            if
            :: b_with == M
            :: b_with == A && a_state == DONE && SAME_TEXT
#ifdef NO_ROOTS
            :: b_with == A
#endif
            :: b_state = STOPPED
            fi;
            if
            :: b_state == COMPARED ->
                b_state = DONE;
                assert(b_with == A);
                assert(a_state == DONE);
                assert(SAME_FILES);
#ifdef NEVER
                assert(b_attempt < 2 || a_attempt < 2)
#endif
            :: else
            fi
        }
    :: b_state == DONE || (b_attempt == 2 && b_state == STOPPED) -> break
    od
}

/* The call: each room reads its own words, the other types them. Both must be at the telephone. */
active proctype voice() {
    do
    :: a_state == WORDS && b_state == WORDS ->
        atomic {
            if
            :: SAME_WORD -> a_state = COMPARED; b_state = COMPARED
            :: else ->
                a_state = STOPPED;
                b_state = STOPPED;
                if
#ifdef NO_WORDS
                :: a_state = COMPARED; b_state = COMPARED
#endif
#ifdef SHORT
                :: a_with == M -> a_state = COMPARED; b_state = COMPARED
#endif
#ifdef SAME_WORDS
                :: a_state = COMPARED
#endif
#ifdef ONE_SIDE
                :: b_state = COMPARED
#endif
                :: skip
                fi
            fi
        }
    /* People hang up when nothing comes of it. */
    :: a_state == WORDS -> a_state = STOPPED
    :: b_state == WORDS -> b_state = STOPPED
    :: (a_state == DONE || (a_attempt == 2 && a_state == STOPPED)) &&
       (b_state == DONE || (b_attempt == 2 && b_state == STOPPED)) -> break
    od
}
