/** The most that a flag takes for a number of things: what the integers of the database hold. */
export const MOST = 2 ** 31 - 2;
