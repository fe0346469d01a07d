/** The exit code of bad input: starting anew would not help. */
export const BAD_INPUT = 2;

/** The exit code of a worker that was told to end and ended some of what ran: as planned as an end that waited for all of it. */
export const STOPPED_SOME = 4;
