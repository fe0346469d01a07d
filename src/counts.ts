/** The most that there can be of what the database counts by its integers: what a flag, an option or a request takes at most. */
export const MOST = 2 ** 31 - 2;
