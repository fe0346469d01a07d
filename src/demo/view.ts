import type { Snapshot } from './observer.ts';

/** Shows a demonstration while it goes on. Disposing of it leaves the output as it was found. */
export interface View extends Disposable {
  show(snapshot: Snapshot): void;
}
