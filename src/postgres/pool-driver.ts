import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { types, type Client, type CustomTypesConfig, type QueryResult } from 'pg';
import { BackendTerminatedError, createDriverFactory, type DriverCommand, type DriverFactory } from 'slonik';
import { PulpError } from '../errors.ts';
import { openClient, settleDirectSession, type ClientLimits } from './dedicated-client.ts';
import { currentIdentity, identityKey, identitySettings, type Identity } from './identity.ts';
import { beginWriting, isUnsettled, settleTransaction } from './session-settings.ts';
import { ConnectError, isConnectionFailure } from './sql-error.ts';

type Row = Record<string, unknown>;

/** Rows as pg gives them, but for numbers: positions and counts are far below 2^53. */
const ROW_TYPES: CustomTypesConfig = {
  getTypeParser(oid, format) {
    if (oid === types.builtins.INT8) return Number;
    if (oid === types.builtins.NUMERIC) return Number.parseFloat;
    return types.getTypeParser(oid, format) as (text: string) => unknown;
  },
};

/** A transaction whose caller hangs holds up the clean-up of the whole database. */
const LIMITS = { idle_in_transaction_session_timeout: '60s' };

/** What slonik begins a transaction with. */
const START = /^start transaction\b/i;

/**
 * How slonik's pool reaches the server: by clients whose waiting is limited (see `openClient`), which ask for nothing that
 * a pooler would refuse: no settings at connecting, no prepared statements that outlive their transaction.
 */
export function createPoolDriver(address: string, limits: ClientLimits): DriverFactory {
  return createDriverFactory(() =>
    Promise.resolve({
      createPoolClient({ clientEventEmitter }) {
        let client: Client | undefined;
        let ask: Ask = () => Promise.reject(new Error('this client is not connected'));
        return Promise.resolve({
          async connect() {
            try {
              client = await openClient(address, { ...limits, types: ROW_TYPES });
              client.on('error', (error) => clientEventEmitter.emit('error', error));
              client.on('notice', ({ message = '' }) => clientEventEmitter.emit('notice', { message }));
              ask = actingInSession(client);
              if (!(await settleDirectSession(client, LIMITS)))
                ask = settlingEach(client, { always: await isUnsettled(client) });
              // It keeps no process alive but while it is asked something: then the limit of the answer does.
              (client.connection.stream as Duplex & Pick<Socket, 'unref'>).unref();
            } catch (error) {
              await client?.end();
              throw error instanceof PulpError || error instanceof ConnectError
                ? error
                : new ConnectError(error);
            }
          },
          end: async () => client?.end(),
          async query(text: string, values?: unknown[]) {
            try {
              const { command, fields, rowCount, rows } = await ask(text, values);
              return {
                command: command as DriverCommand,
                fields: fields.map(({ dataTypeID, name }) => ({ dataTypeId: dataTypeID, name })),
                rowCount,
                rows,
              };
            } catch (error) {
              // So that slonik does not try to roll back.
              if (isConnectionFailure(error)) throw new BackendTerminatedError(error as Error);
              throw error;
            }
          },
          stream() {
            throw new Error('this pool has no streams: read in pages');
          },
        });
      },
    }),
  );
}

type Ask = (text: string, values?: unknown[]) => Promise<QueryResult<Row>>;

/**
 * Asks on behalf of whoever each statement is made for (see `actingAs`), in a session of our own: the session is set anew
 * when that is somebody else than before, which costs a round trip then and none otherwise. In a transaction nothing changes.
 */
function actingInSession(client: Client): Ask {
  let setTo: string | undefined = identityKey(undefined);
  return async (text, values) => {
    const identity = currentIdentity();
    const wanted = identityKey(identity);
    if (setTo !== wanted) {
      setTo = undefined; // not known, should it fail
      await setIdentity(client, identity, { local: false });
      setTo = wanted;
    }
    return client.query<Row>(text, values);
  };
}

async function setIdentity(client: Client, identity: Identity | undefined, { local }: { local: boolean }) {
  const settings = Object.entries(identitySettings(identity));
  await client.query(
    'select set_config(name, value, $3) from unnest($1::text[], $2::text[]) as setting(name, value)',
    [settings.map(([name]) => name), settings.map(([, value]) => value), local],
  );
}

/**
 * Asks in transactions that are settled one by one (see `settleTransaction`), for a pooler's connection whose role or database
 * has other settings than what we rely on, or where statements are made on somebody's behalf. Each statement then takes three
 * round trips more.
 *
 * @param options.always whether statements of this process's own need it too
 */
function settlingEach(client: Client, { always }: { always: boolean }): Ask {
  let isOpen = false;
  return async (text, values) => {
    if (!isOpen && !always && currentIdentity() === undefined) return client.query<Row>(text, values);
    if (START.test(text)) {
      const begun = await begin(client);
      isOpen = true;
      return begun;
    }
    if (isOpen) {
      if (/^(commit|rollback)$/i.test(text)) isOpen = false;
      return client.query<Row>(text, values);
    }
    await begin(client);
    try {
      const answer = await client.query<Row>(text, values);
      await client.query('commit');
      return answer;
    } catch (error) {
      if (!isConnectionFailure(error)) await client.query('rollback');
      throw error;
    }
  };
}

async function begin(client: Client): Promise<QueryResult<Row>> {
  const begun = await beginWriting(client);
  await settleTransaction(client);
  const identity = currentIdentity();
  if (identity === undefined) return begun;
  await setIdentity(client, identity, { local: true });
  if (identity.readOnly === true) await client.query('set transaction read only'); // the default is that of later ones
  return begun;
}
