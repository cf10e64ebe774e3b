/* How the work-groups that share a network learn of each other's spikes. In every step each tells the others
 * a word, and all get the sum. They share nothing else, so a word needs no order with other memory. The
 * work-groups must run at the same time: host/plain/selftest.c tries whether they do. */
#ifdef CLSNN_SHARES

#define N_EXC_BITS 15 /* of a step's word: excitatory spikes; above them, inhibitory ones */
#define WORD_BITS  30 /* of a slot of the board; the bits above mark the meeting */
#define IS_LOST    0x80000000u

struct meeting {
    /* [2][n_shares][CLSNN_BOARD_WORDS], all 0 before a launch. Meetings use the two halves in turn. When a
     * work-group writes a slot again, all have read it: they came to the meeting in between. */
    volatile __global uint *board;
    int n_shares, share; /* share: the own one */
    uint count;          /* meetings so far */
    ulong patience;      /* most looks at a slot before the other work-group counts as lost */
    int is_lost;         /* the launch has failed: nobody waits any more, and what is told means nothing */
#if CLSNN_WG > 1
    __local uint
        *sums; /* [3] this meeting's; the next, cleared meanwhile; the last, which some may still read */
#endif
};

/* Waits for the word of another share. Returns IS_LOST if it does not come. */
INLINE uint word_of(const struct meeting *m, volatile __global uint *slot, uint mark) {
    for (ulong looks = 0; looks < m->patience; looks++) {
        const uint found = *slot;
        if (found >> WORD_BITS == mark) return found & ((1u << WORD_BITS) - 1u);
    }
    return IS_LOST;
}

/* Returns the slots of the meeting to come, and what marks its words: 1 or 2, since 0 was never written. */
INLINE volatile __global uint *slots_of(const struct meeting *m, uint *mark) {
    *mark = (m->count >> 1 & 1u) + 1u;
    return m->board + (m->count & 1u) * (uint)(m->n_shares * CLSNN_BOARD_WORDS);
}

/* A meeting is one call of tell and then one of hear. All shares take part in every meeting, in order. */

/* Tells the other shares `word`, below 2^30, as is the sum of all. One work-item calls it. */
INLINE void tell(const struct meeting *m, uint word) {
    uint mark;
    volatile __global uint *slots = slots_of(m, &mark);
    atomic_xchg(slots + m->share * CLSNN_BOARD_WORDS, word | mark << WORD_BITS);
}

#if CLSNN_WG == 1
/* Returns the sum of all shares' words. word: what this share told. */
INLINE uint hear(struct meeting *m, uint word) {
    uint mark, sum = word;
    volatile __global uint *slots = slots_of(m, &mark);
    for (int s = 0; s < m->n_shares && !m->is_lost; s++) {
        if (s == m->share) continue;
        const uint found = word_of(m, slots + s * CLSNN_BOARD_WORDS, mark);
        m->is_lost = found == IS_LOST;
        sum += found;
    }
    m->count++;
    return m->is_lost ? word : sum;
}
#else
/* The same. Uniform; so is word. */
INLINE uint hear(struct meeting *m, uint word) {
    uint mark;
    volatile __global uint *slots = slots_of(m, &mark);
    __local uint *at = m->sums + m->count % 3u;
    m->count++;
    if (LID == 0) m->sums[m->count % 3u] = 0u;
    for (int s = LID; s < m->n_shares && !m->is_lost; s += CLSNN_WG) {
        const uint found = s == m->share ? word : word_of(m, slots + s * CLSNN_BOARD_WORDS, mark);
        if (found == IS_LOST)
            atomic_or(at, IS_LOST);
        else if (found != 0u)
            atomic_add(at, found);
    }
    BARRIER_LOCAL();
    const uint sum = *at;
    m->is_lost |= (sum & IS_LOST) != 0u;
    return m->is_lost ? word : sum;
}
#endif

/* Tells and hears at once. */
INLINE uint meet(struct meeting *m, uint word) {
    if (LID == 0) tell(m, word);
    return hear(m, word);
}
#endif
