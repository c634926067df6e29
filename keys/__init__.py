"""Who signs: keys, each for one job, and the lists that say whose they are.

Nothing here touches disk, network, clock or chance. What needs randomness takes it as an argument, except where the
crypto library insists on its own: the hedge of an ML-DSA signature and the ephemeral key of an HPKE wrap.

    roles         the jobs of keys and of officers
    gate          which public keys are no keys at all
    preimage      the one shape of everything that is signed here
    key_id        the name of a key
    suite         which algorithms the keys of a channel are of
    hybrid        Ed25519 together with ML-DSA: nodes, officers, roots
    note_key      the C2SP key types of logs and mirrors
    sealing       HPKE to a party
    tls_identity  the certificate that a roster pins
    quorum        m of n roots
    root_set      a party's signed list of its roots, and the chain of them
    person        an officer in a roster
    roster        a party's signed list of its keys
    toml_lines    the lines that a roster is written in
    envelope      a file that a passphrase opens
    keyring       what is inside such a file
    keyring_text  the plain form of it
    words         safety words, to compare by voice

The formats are in spec/keys-and-rosters.md.
"""
