import { AsyncLocalStorage } from 'node:async_hooks';

/** A database that this process works with. */
export interface CurrentDatabase {
  /** Its address; undefined: the process's own, see `getDatabaseUrl`. */
  readonly url: string | undefined;
}

const databases = new AsyncLocalStorage<CurrentDatabase>();

/** The process's own: of whatever was not made for another one. */
const OWN: CurrentDatabase = { url: undefined };

/** The database that is worked with here. */
export function currentDatabase(): CurrentDatabase {
  return databases.getStore() ?? OWN;
}

/** Does some work with a database: whatever of this package it calls, and whatever that begins, works with it. */
export function inDatabase<T>(database: CurrentDatabase, work: () => T): T {
  return database === currentDatabase() ? work() : databases.run(database, work);
}

/** State that each database has of its own. Gives what gives that of the current one. */
export function perDatabase<State extends object>(make: () => State): () => State {
  const states = new WeakMap<CurrentDatabase, State>();
  return () => {
    const database = currentDatabase();
    const known = states.get(database);
    if (known !== undefined) return known;
    const made = make();
    states.set(database, made);
    return made;
  };
}
