import { types, type CustomTypesConfig } from 'pg';
import { BackendTerminatedError, createDriverFactory, type DriverCommand, type DriverFactory } from 'slonik';
import { createClient, guardSession, isDirect, type ClientLimits } from './dedicated-client.ts';
import { ConnectError, isConnectionFailure } from './sql-error.ts';

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

/**
 * How slonik's pool reaches the server: by clients whose waiting is limited (see `createClient`), which ask for nothing that
 * a pooler would refuse: no settings at connecting, no prepared statements that outlive their transaction.
 */
export function createPoolDriver(limits: ClientLimits): DriverFactory {
  return createDriverFactory(({ driverConfiguration }) =>
    Promise.resolve({
      createPoolClient({ clientEventEmitter }) {
        const client = createClient(
          {
            connectionString: driverConfiguration.connectionUri,
            fallback_application_name: 'pulp',
            types: ROW_TYPES,
          },
          limits,
        );
        client.on('error', (error) => clientEventEmitter.emit('error', error));
        client.on('notice', ({ message = '' }) => clientEventEmitter.emit('notice', { message }));
        return Promise.resolve({
          async connect() {
            try {
              await client.connect();
              // What a pooler's connection is told stays with it when it serves other clients.
              if (await isDirect(client)) await guardSession(client, 'session', LIMITS);
            } catch (error) {
              await client.end();
              throw error instanceof ConnectError ? error : new ConnectError(error);
            }
          },
          end: () => client.end(),
          async query(text: string, values?: unknown[]) {
            try {
              const { command, fields, rowCount, rows } = await client.query<Record<string, unknown>>(
                text,
                values,
              );
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
