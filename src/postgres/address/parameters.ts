import { addressError } from './address-error.ts';

/** What an address consists of, by the names that libpq has for it. */
export type ConnectionParameters = Readonly<Partial<Record<ParameterName, string>>>;

/** A parameter that this package understands. */
interface Parameter {
  /** The variable of the environment that stands for it. */
  readonly variable?: string;
  /** What it can say; undefined: anything. */
  readonly values?: readonly string[] | RegExp;
  /** What it has to say, in words, where `values` is a pattern. */
  readonly wanted?: string;
}

const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

/** How a session must be to be taken, see `target_session_attrs` of libpq. */
export const SESSION_TARGETS = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const;

/** What is asked of encryption, from nothing to the server's proof of who it is, see `sslmode` of libpq. */
export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

const PARAMETERS = {
  host: { variable: 'PGHOST' },
  hostaddr: { variable: 'PGHOSTADDR' },
  port: { variable: 'PGPORT', values: /^\d*(,\d*)*$/, wanted: 'numbers, as many as hosts' },
  dbname: { variable: 'PGDATABASE' },
  user: { variable: 'PGUSER' },
  password: { variable: 'PGPASSWORD' },
  passfile: { variable: 'PGPASSFILE' },
  service: { variable: 'PGSERVICE' },
  servicefile: { variable: 'PGSERVICEFILE' },
  options: { variable: 'PGOPTIONS' },
  application_name: { variable: 'PGAPPNAME' },
  fallback_application_name: {},
  connect_timeout: {
    variable: 'PGCONNECT_TIMEOUT',
    values: /^[1-9]\d{0,5}$/,
    wanted: 'seconds from 1, since nothing here waits without end',
  },
  target_session_attrs: { variable: 'PGTARGETSESSIONATTRS', values: SESSION_TARGETS },
  load_balance_hosts: { variable: 'PGLOADBALANCEHOSTS', values: ['disable', 'random'] },
  sslmode: { variable: 'PGSSLMODE', values: SSL_MODES },
  sslnegotiation: { variable: 'PGSSLNEGOTIATION', values: ['postgres', 'direct'] },
  sslcert: { variable: 'PGSSLCERT' },
  sslkey: { variable: 'PGSSLKEY' },
  sslpassword: {},
  sslrootcert: { variable: 'PGSSLROOTCERT' },
  sslcrl: { variable: 'PGSSLCRL' },
  sslsni: { variable: 'PGSSLSNI', values: ['0', '1'] },
  ssl_min_protocol_version: { variable: 'PGSSLMINPROTOCOLVERSION', values: TLS_VERSIONS },
  ssl_max_protocol_version: { variable: 'PGSSLMAXPROTOCOLVERSION', values: TLS_VERSIONS },
  channel_binding: { variable: 'PGCHANNELBINDING', values: ['disable', 'prefer', 'require'] },
  require_auth: { variable: 'PGREQUIREAUTH', values: ['scram-sha-256'] },
  gssencmode: { variable: 'PGGSSENCMODE', values: ['disable', 'prefer'] },
  client_encoding: { values: /^(utf-?8|auto)$/i, wanted: 'UTF8, which is what this package speaks' },
  sslcompression: { values: ['0'] },
} as const satisfies Record<string, Parameter>;

export type ParameterName = keyof typeof PARAMETERS;

/** What others than libpq write in addresses, and what says the same. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ssl: 'Write sslmode=require, or sslmode=verify-full to check the certificate.',
  uselibpqcompat: 'Leave it out: sslmode means here what it means to libpq.',
  statement_timeout:
    'Write options=-c%20statement_timeout=…, or leave it out: this package limits its waiting.',
  schema: 'Leave it out: this package names the schema of all that it uses.',
  pgbouncer: 'Leave it out: this package sees by itself whether it talks to a pooler.',
};

/** Everything that an address can say, for `isParameter`. */
const NAMES: ReadonlySet<string> = new Set(Object.keys(PARAMETERS));

function isParameter(name: string): name is ParameterName {
  return NAMES.has(name);
}

/**
 * Checks a parameter, and gives its name.
 *
 * @param source where it was said, for the error
 * @throws PulpError INVALID_INPUT for one that is not known or cannot say that
 */
export function checkParameter(name: string, value: string, source: string): ParameterName {
  if (!isParameter(name)) {
    throw addressError(
      `${source}: ${JSON.stringify(name)} is no parameter of a connection that works here`,
      ELSEWHERE[name] ?? 'Leave it out; docs/connecting.md lists those that work.',
    );
  }
  const { values, wanted }: Parameter = PARAMETERS[name];
  if (values === undefined) return name;
  if ('test' in values ? values.test(value) : values.includes(value)) return name;
  throw addressError(
    `${source}: ${name} cannot be ${JSON.stringify(value)} here`,
    value === 'no-verify'
      ? 'Write sslmode=require: it encrypts without checking the certificate.'
      : `Give ${wanted ?? (values as readonly string[]).join(', ')}.`,
  );
}

/** What the environment says of a connection. @throws as `checkParameter` */
export function parametersOfEnvironment(environment: NodeJS.ProcessEnv): ConnectionParameters {
  const found = Object.entries(PARAMETERS).flatMap(([name, { variable }]: [string, Parameter]) => {
    const value = variable === undefined ? '' : (environment[variable] ?? '');
    if (variable === undefined || value === '') return [];
    return [[checkParameter(name, value, variable), value] as const];
  });
  return Object.fromEntries(found);
}
