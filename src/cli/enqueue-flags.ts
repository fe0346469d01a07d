import * as Flags from '@oclif/core/flags';
import type { FlagInput } from '@oclif/core/interfaces';
import { z } from 'zod';
import { sqlDuration } from '../duration.ts';
import { enqueueOptions, optionHelp, type EnqueueOption, type OptionFlag } from '../tasks/enqueue-options.ts';
import { parseUnits } from './claim-flags.ts';
import { repeatedFlag } from './repeated-flag.ts';
import { uniqueFlags, uniqueOf } from './unique-flags.ts';
import { versionsOf } from './versions-flag.ts';

/** What flags say, by their names. */
export type FlagValues = Readonly<Record<string, unknown>>;

type FlaggedOption = EnqueueOption & { readonly flag: OptionFlag };

const flaggedOptions = enqueueOptions
  .map(([, option]) => option)
  .filter((option): option is FlaggedOption => option.flag !== undefined);

/** The flags of those options of an enqueue that are taken. */
export function enqueueFlags(isTaken: (option: EnqueueOption) => boolean = () => true): FlagInput {
  const options = flaggedOptions.filter(isTaken);
  const names = options.map(({ flag }) => flag.name);
  return Object.assign({}, ...options.map((option) => flagsOf(option, names))) as FlagInput;
}

function flagsOf(option: FlaggedOption, names: readonly string[]): FlagInput {
  const { name, takes, value = '', excludes, needs } = option.flag;
  const isThere = (other: string | undefined) => other !== undefined && names.includes(other);
  const summary = optionHelp(option);
  const relations = {
    ...(excludes !== undefined && isThere(excludes) && { exclusive: [excludes] }),
    ...(needs !== undefined && isThere(needs) && { dependsOn: [needs] }),
  };
  const described = { summary, helpValue: value, ...relations };
  switch (takes) {
    case 'nothing':
      return { [name]: Flags.boolean({ summary, ...relations }) };
    case 'integer':
      return { [name]: Flags.integer({ ...described, ...limitsOf(option.form) }) };
    case 'choice':
      return { [name]: Flags.option({ ...described, options: choicesOf(option.form) })() };
    case 'list':
    case 'units':
    case 'versions':
      return { [name]: repeatedFlag(described) };
    case 'unique':
      return uniqueFlags;
    case 'text':
    case 'duration':
      return { [name]: Flags.string(described) };
  }
}

/** What these flags say of options, with the keys of an item; undefined: nothing. @throws PulpError INVALID_INPUT */
export function itemOptions(flags: FlagValues): Readonly<Record<string, unknown>> {
  return Object.fromEntries(flaggedOptions.map(({ key, flag }) => [key, valueOf(flag, flags)]));
}

function valueOf({ name, takes }: OptionFlag, flags: FlagValues): unknown {
  const said = flags[name];
  switch (takes) {
    case 'duration':
      return sqlDuration(said as string | undefined);
    case 'units':
      return said && parseUnits(said as readonly string[]);
    case 'versions':
      return said && versionsOf(said as readonly string[], `--${name}`);
    case 'unique':
      return uniqueOf(flags);
    case 'text':
    case 'integer':
    case 'choice':
    case 'nothing':
    case 'list':
      return said;
  }
}

function limitsOf(form: z.ZodType): { readonly min?: number; readonly max?: number } {
  if (!(form instanceof z.ZodNumber)) return {};
  const { minValue, maxValue } = form;
  return { ...(minValue !== null && { min: minValue }), ...(maxValue !== null && { max: maxValue }) };
}

function choicesOf(form: z.ZodType): readonly string[] {
  return form instanceof z.ZodEnum ? form.options.map(String) : [];
}
