import * as Flags from '@oclif/core/flags';
import type { RetentionKind } from '../constants.ts';

/** Of which tasks it is; without one, of all that nothing else is said of. */
export const retentionTargetFlags = {
  queue: Flags.string({ helpValue: 'NAME', summary: 'Of tasks of this queue.', exclusive: ['type'] }),
  type: Flags.string({ helpValue: 'NAME', summary: 'Of tasks of this type.', exclusive: ['queue'] }),
};

/** What these flags say. */
export function retentionTarget({
  queue,
  type,
}: {
  readonly queue?: string | undefined;
  readonly type?: string | undefined;
}): { readonly kind: RetentionKind; readonly name: string | undefined } {
  if (type !== undefined) return { kind: 'type', name: type };
  return queue === undefined ? { kind: 'all', name: undefined } : { kind: 'queue', name: queue };
}
