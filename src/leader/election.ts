import type { Client } from 'pg';
import type { WorkerMarks } from './silence-observer.ts';

/** What a worker's resource manager says of itself when it asks whether it leads. */
export interface Candidacy {
  readonly worker: string;
  /** Leads only while no worker that is made for it (`resource-manager…`) is there. */
  readonly standIn: boolean;
  /** The workers that are silent, as this observer has seen them. */
  readonly silent: WorkerMarks;
}

/** What the database answers. */
export interface Standing {
  readonly elected: boolean;
  readonly marks: WorkerMarks;
  /** Whether nobody but the leader sends notifications, see `pulp.notify`. */
  readonly untold: boolean;
  /** Who has the lock of leading, but was not elected; null: nobody, or it is the leader's. */
  readonly held_by: string | null;
}

/** Asks on a connection. After an error the caller closes it: the lock may have been taken. */
export async function standForElection(
  client: Client,
  { worker, standIn, silent }: Candidacy,
): Promise<Standing> {
  const { rows } = await client.query<Standing>({
    name: 'stand',
    text: 'select elected, marks, untold, held_by from pulp.stand_for_election($1, $2, $3)',
    values: [worker, standIn, silent],
  });
  const [standing] = rows;
  if (standing === undefined) throw new Error('the election gave no answer');
  return standing;
}
