/* The handshake of a session, against whoever holds the network (spec/channel.md, "Handshake").
 *
 * Sessions of honest nodes: A dials B, B listens to A, twice, B dials A, A dials C. C is another counterpart of A, on
 * another channel, and works for the attacker. The attacker sees every frame, and gives to any session any hello and
 * any signature that was ever made, or that C can make. TLS is taken to hide and to bind nothing; all that is left of it
 * is that each side sees the TLS key of the party that it means to talk to, because it compares it with the roster.
 *
 * Each session offers both versions, draws a nonce of its own, chooses the highest version in both offers, and signs
 *
 *     its side, the version, and the transcript: both hellos (versions, channel, nonce) and both TLS keys
 *
 * with its node's key, for its channel. It is open once it has verified such a signature of its counterpart for the
 * other side. What can be left out of the signature, one at a time (-D...), and what then fails:
 *
 *   NO_NONCES     the nonces                              no session of the counterpart is the other end of this one
 *   NO_OFFERS     the versions offered                    a lower version was agreed than both speak
 *   NO_CHANNEL    the channel, and both TLS keys          the other end means to talk to somebody else
 *   NO_SIDE       the side, and the order of the hellos   the other end is on the same side
 *
 * Claim, whenever a session opens with an honest counterpart: that counterpart has a session of the other side on the
 * same channel, which means to talk to this party, saw both nonces, chose the same version, and is the other end of no
 * other session; and that version is the highest that both speak.
 */

#define SESSIONS 5

/* Parties. */
#define A 1
#define B 2
#define C 3

/* Sides. */
#define DIAL 1
#define LISTEN 2

/* Offers: version 1 alone, or both. */
#define FIRST 1
#define BOTH 2
#define HIGHEST(x) (x)   /* of its own offer of both, and this one */

/* Sessions by number: who, with whom, on which side. Their nonce is their number and one. */
#define WHO(s) ((s) == 0 || (s) == 4 -> A : B)
#define WITH(s) ((s) == 4 -> C : (WHO(s) == A -> B : A))
#define SIDE(s) ((s) == 1 || (s) == 2 -> LISTEN : DIAL)
#define CHANNEL(s) ((s) == 4 -> 2 : 1)
#define NONCE(s) ((s) + 1)

/* What a session has received. */
byte nonce[SESSIONS];     /* of the other side */
byte offer[SESSIONS];     /* of the other side */
byte version[SESSIONS];   /* chosen; the session has signed then */
byte joined[SESSIONS];    /* how many sessions opened with this one as their other end */

/* Whether session s takes the signature that session t made. */
#define SIGNER(s, t) (version[t] != 0 && WHO(t) == WITH(s))
#define SAME_VERSION(s, t) (version[s] == version[t])

#ifdef NO_NONCES
#define NONCES(s, t) true
#else
#define NONCES(s, t) (nonce[s] == NONCE(t) && nonce[t] == NONCE(s))
#endif

#ifdef NO_OFFERS
#define OFFERS(s, t) true
#else
#define OFFERS(s, t) (offer[s] == BOTH && offer[t] == BOTH)
#endif

#ifdef NO_CHANNEL
#define PLACE(s, t) true
#else
/* Channel, and both TLS keys as each side sees them. */
#define PLACE(s, t) (CHANNEL(s) == CHANNEL(t) && WITH(t) == WHO(s))
#endif

#ifdef NO_SIDE
#define SIDES(s, t) true
#else
#define SIDES(s, t) (SIDE(s) != SIDE(t))
#endif

#define TAKES(s, t) ((s) != (t) && SIGNER(s, t) && SAME_VERSION(s, t) && NONCES(s, t) && OFFERS(s, t) && \
    PLACE(s, t) && SIDES(s, t))

/* Whether session t is the other end of session s. */
#define END(s, t) (WHO(t) == WITH(s) && WITH(t) == WHO(s) && CHANNEL(t) == CHANNEL(s) && SIDE(t) != SIDE(s) && \
    version[t] == version[s] && nonce[s] == NONCE(t) && nonce[t] == NONCE(s))

proctype session(byte s) {
    byte t;
    atomic {
        /* Any hello: the nonce of another session, or one of the attacker's own; either offer. Then it signs. */
        if
        :: NONCE(s) != 1 -> nonce[s] = 1
        :: NONCE(s) != 2 -> nonce[s] = 2
        :: NONCE(s) != 3 -> nonce[s] = 3
        :: NONCE(s) != 4 -> nonce[s] = 4
        :: NONCE(s) != 5 -> nonce[s] = 5
        :: nonce[s] = 6
        fi;
        if :: offer[s] = FIRST :: offer[s] = BOTH fi;
        version[s] = HIGHEST(offer[s])
    }
    /* What C says about who it is proves nothing to anybody else. */
    WITH(s) != C;
    atomic {
        /* Any signature that was made and that it takes. */
        if
        :: TAKES(s, 0) -> t = 0
        :: TAKES(s, 1) -> t = 1
        :: TAKES(s, 2) -> t = 2
        :: TAKES(s, 3) -> t = 3
        :: TAKES(s, 4) -> t = 4
        fi;
        /* It is open. */
        assert(END(s, t));
        joined[t]++;
        assert(joined[t] == 1);
        assert(version[s] == HIGHEST(BOTH))
    }
}

init {
    atomic { run session(0); run session(1); run session(2); run session(3); run session(4) }
}
