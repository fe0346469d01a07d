import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { addressError } from './address-error.ts';
import { DEFAULT_PORT, hostsOf, SOCKET_FOLDERS } from './hosts.ts';
import { parametersOfEnvironment, type ConnectionParameters, type ParameterName } from './parameters.ts';
import { readService } from './service-file.ts';
import { formatUri, parseUri } from './uri.ts';

/** Variables of the environment each of which says that a server was chosen; the first one is a whole address. */
const NAMING_VARIABLES = ['DATABASE_URL', 'PGHOST', 'PGHOSTADDR', 'PGSERVICE', 'PGDATABASE'];

/**
 * The address that the environment names: DATABASE_URL, else what the variables of libpq say; undefined: none. It comes as
 * `resolveAddress` gives it.
 */
export function addressOfEnvironment(environment: NodeJS.ProcessEnv): string | undefined {
  const variable = namingVariable(environment);
  if (variable === undefined) return undefined;
  const address = variable === 'DATABASE_URL' ? (environment[variable] ?? '') : 'postgresql://';
  return resolveAddress(address, variable, environment);
}

/** The first variable of the environment that names a server. */
export function namingVariable(environment: NodeJS.ProcessEnv): string | undefined {
  return NAMING_VARIABLES.find((name) => (environment[name] ?? '') !== '');
}

/**
 * One address that says all that is to be known to connect, wherever that is done: what the given one leaves open was taken from
 * the service that it names, then from the variables of libpq, then from libpq's defaults.
 *
 * @param source what gave the address, for the error
 * @throws PulpError INVALID_INPUT for what is no address, or says what cannot be done
 */
export function resolveAddress(
  address: string,
  source = 'the address',
  environment: NodeJS.ProcessEnv = process.env,
): string {
  return formatUri(resolveParameters(address, source, environment));
}

/** The same, taken apart. */
export function resolveParameters(
  address: string,
  source = 'the address',
  environment: NodeJS.ProcessEnv = process.env,
): ConnectionParameters {
  const given = parseUri(address, source);
  const around = parametersOfEnvironment(environment);
  const { service = around.service, servicefile = around.servicefile, ...said } = given;
  const ofService = service === undefined ? {} : readService(service, servicefile, environment);
  const { service: _, servicefile: __, ...ofEnvironment } = around;
  const parameters: Partial<Record<ParameterName, string>> = { ...ofEnvironment, ...ofService, ...said };
  parameters.user ??= accountName();
  parameters.dbname ??= parameters.user;
  if (parameters.host === undefined && parameters.hostaddr === undefined) {
    const port = parameters.port ?? DEFAULT_PORT;
    parameters.host =
      SOCKET_FOLDERS.find((folder) => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost';
  }
  hostsOf(parameters); // as many ports as hosts
  return parameters;
}

/** The name of a database in an address that is replaced: the same server, another database. */
export function withDatabase(address: string, dbname: string): string {
  return formatUri({ ...resolveParameters(address), dbname });
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    throw addressError(
      'the address names no user, and the account of this process has no name',
      'Name one by PGUSER.',
      error,
    );
  }
}
