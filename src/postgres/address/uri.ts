import { addressError } from './address-error.ts';
import { checkParameter, type ConnectionParameters, type ParameterName } from './parameters.ts';

/** `postgresql://user:password@host:port,host:port/database?parameter=value&…`, as libpq takes it apart. */
const URI = /^postgres(?:ql)?:\/\/(?:([^@/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s;

/** A host of the list in a URI, its address of IPv6 in brackets, and its port. */
const HOST = /^(\[[^\]@]*\]|[^:@]*)(?::(\d*))?$/;

const REMEDY =
  'Write it as postgresql://user:password@host:5432/database, with %40 for @ and the like in a password.';

/**
 * Takes apart an address: one host or several, a folder of sockets in percent-encoding or as the parameter `host`, parameters of
 * libpq.
 *
 * @param source what gave the address, for the error
 * @throws PulpError INVALID_INPUT
 */
export function parseUri(uri: string, source: string): ConnectionParameters {
  const [, account, hosts = '', database = '', query = ''] = URI.exec(uri) ?? refuse(source);
  const [user = '', password] = account === undefined ? [''] : splitOnce(account, ':');
  const places = hosts === '' ? [] : hosts.split(',').map((place) => HOST.exec(place) ?? refuse(source));
  const said: [string, string][] = [
    ['user', user],
    ['password', password ?? ''],
    ['host', places.map(([, host = '']) => host.replace(/^\[(.*)\]$/, '$1')).join(',')],
    ['port', places.map(([, , port = '']) => port).join(',')],
    ['dbname', database],
  ];
  for (const part of query.split('&').filter((said) => said !== '')) {
    const [name, value] = splitOnce(part, '=');
    if (value === undefined) refuse(source);
    said.push(name === 'ssl' && value === 'true' ? ['sslmode', 'require'] : [name, value]);
  }
  const parameters: Partial<Record<ParameterName, string>> = {};
  for (const [encodedName, encoded] of said) {
    const name = decode(encodedName, source);
    const value = decode(encoded, source);
    if (value.replaceAll(',', '') === '' && name !== 'options') continue;
    parameters[checkParameter(name, value, source)] = value;
  }
  return parameters;
}

/** The same as one address: libpq's own programs take it, too, and so does `URL`, however many hosts there are. */
export function formatUri(parameters: ConnectionParameters): string {
  const { user, password, host = '', port = '', dbname = '', ...others } = parameters;
  const account =
    user === undefined ? '' : `${encode(user)}${password === undefined ? '' : `:${encode(password)}`}@`;
  const isOne = host !== '' && !host.includes(',') && !port.includes(',');
  const named = encode(host).replace(/^(.*%3A.*)$/, `[${host}]`);
  const place =
    isOne && !(host.includes(':') && host.startsWith('/')) ? `${named}${port === '' ? '' : `:${port}`}` : '';
  const spelled =
    place === ''
      ? {
          host,
          port,
          ...(user !== undefined && { user }),
          ...(password !== undefined && { password }),
          ...others,
        }
      : others;
  const query = Object.entries(spelled)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${encode(value)}`);
  return `postgresql://${place === '' ? '' : account + place}/${encode(dbname)}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function encode(value: string): string {
  return encodeURIComponent(value);
}

function decode(text: string, source: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(source); // what cannot be decoded may be a password, and is not cited
  }
}

function refuse(source: string): never {
  throw addressError(`${source} is no address of a Postgres database`, REMEDY);
}
