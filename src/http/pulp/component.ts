/**
 * Which version of Pulp's API this is, by which its clients choose what they may ask for: from this one on, they show what an
 * awaited task returned.
 */
export const COMPONENT = { core: '3.86.0' } as const;
