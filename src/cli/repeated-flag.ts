import * as Flags from '@oclif/core/flags';

/** A flag that can be given several times, each time with one value; its help says so. */
export function repeatedFlag(flag: {
  readonly helpValue: string;
  /** A sentence. */
  readonly summary: string;
  readonly dependsOn?: string[];
}) {
  return Flags.string({
    ...flag,
    summary: `${flag.summary.replace(/\.$/, '')}; can be repeated.`,
    multiple: true,
    multipleNonGreedy: true,
  });
}
