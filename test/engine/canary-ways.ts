import { createHash } from 'node:crypto';
import { inspect } from 'node:util';

/** A secret of one line, with all that encodings treat in their own ways. */
const TOKEN = `S3cr&t/Pä'ss "w<rd>" `;

/** What to write; the same ways write a secret and something else that is no secret. */
export function secretsFrom(seed: string) {
  const random = (length: number, of: string) =>
    Buffer.concat([1, 2, 3].map((n) => createHash('sha512').update(`${seed} ${of} ${n}`).digest()))
      .toString('base64')
      .replaceAll(/[+/=]/g, '')
      .slice(0, length);
  const mix = (text: string) => (seed === 'secret' ? text : text.replaceAll(/[a-z0-9]/gi, 'q'));
  return {
    token: `${mix(TOKEN)}${random(20, 'token')}`,
    pem: [
      '-----BEGIN KEY-----',
      random(64, 'a'),
      random(64, 'b'),
      random(40, 'c'),
      '-----END KEY-----',
      '',
    ].join('\n'),
  };
}

const bytes = (text: string) => Buffer.from(text);
const hex = (text: string) => bytes(text).toString('hex');
const base64 = (text: string) => bytes(text).toString('base64');
const inLines = (text: string, width: number) => text.replaceAll(new RegExp(`.{${width}}`, 'g'), '$&\n');
const inUrl = (part: 'username' | 'password' | 'pathname' | 'search' | 'hash', text: string) => {
  const url = new URL('https://h.example/');
  url[part] = text;
  return url.href;
};

/** How programs write secrets. */
export const WAYS: Readonly<Record<string, (token: string, pem: string) => string>> = {
  'as it is': (token) => token,
  'inside of a text': (token) => `token=${token};`,
  'in capitals': (token) => token.toUpperCase(),
  'in small letters': (token) => token.toLowerCase(),
  'in JSON': (token) => JSON.stringify({ token }),
  'in JSON in JSON': (token) => JSON.stringify(JSON.stringify({ token })),
  'in JSON with slashes escaped': (token) => JSON.stringify(token).replaceAll('/', '\\/'),
  'in JSON of ASCII': (token) => JSON.stringify(token).replaceAll('ä', '\\u00e4'),
  'as Node shows it': (token) => inspect({ token }),
  'in a shell, quoted': (token) => `'${token.replaceAll("'", String.raw`'\''`)}'`,
  'in a shell, escaped': (token) => token.replaceAll(/[^\w@%+=:,./-]/g, String.raw`\$&`),
  'in HTML': (token) =>
    token
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
  'in HTML by numbers': (token) => Array.from(token, (c) => `&#${c.codePointAt(0) ?? 0};`).join(''),
  'as a part of a URL': (token) => encodeURIComponent(token),
  'as a part of a URL, strictly': (token) => encodeURIComponent(token).replaceAll("'", '%27'),
  'as a part of a URL, in small letters': (token) =>
    encodeURIComponent(token).replaceAll(/%../g, (e) => e.toLowerCase()),
  'as a part of a part of a URL': (token) => encodeURIComponent(encodeURIComponent(token)),
  'in a form': (token) => new URLSearchParams({ token }).toString(),
  'as the user of a URL': (token) => inUrl('username', token),
  'as the password of a URL': (token) => inUrl('password', token),
  'as the path of a URL': (token) => inUrl('pathname', `/a/${token}`),
  'as the query of a URL': (token) => inUrl('search', `t=${token}`),
  'as the fragment of a URL': (token) => inUrl('hash', token),
  'percent by percent': (token) => hex(token).replaceAll(/../g, '%$&'),
  'in base64': (token) => base64(token),
  'in base64 after one byte': (token) => base64(`:${token}`),
  'in base64 after two bytes': (token) => base64(`u:${token}`),
  'in base64 after three bytes': (token) => base64(`us:${token}`),
  'in base64 before others': (token) => base64(`user:${token}:more`),
  'in base64 in lines': (token) => inLines(base64(`user:${token}`), 16),
  'as a header': (token) => `Authorization: Basic ${base64(`user:${token}`)}`,
  'in base64url': (token) => bytes(token).toString('base64url'),
  'in base64url after one byte': (token) => bytes(`:${token}`).toString('base64url'),
  'in base64 of UTF-16': (token) => Buffer.from(token, 'utf16le').toString('base64'),
  'in hex': (token) => hex(token),
  'in capital hex': (token) => hex(token).toUpperCase(),
  'in hex inside of others': (token) => hex(`user:${token}`),
  'in hex with colons': (token) => hex(token).replaceAll(/..(?!$)/g, '$&:'),
  'in hex with escapes': (token) => hex(token).replaceAll(/../g, '\\x$&'),
  'in hex in lines': (token) => inLines(hex(token), 16),
  'as a buffer': (token) => inspect(bytes(token)),
  'as a buffer in JSON': (token) => JSON.stringify(bytes(token)),
  'as bytes': (token) => inspect(Array.from(bytes(token)), { breakLength: Infinity }),
  'in another composition': (token) => token.normalize('NFD'),
  'taken for Latin': (token) => bytes(token).toString('latin1'),
  'a key': (_, pem) => pem,
  'the lines of a key': (_, pem) => pem.split('\n').toReversed().join(' / '),
  'a key in JSON': (_, pem) => JSON.stringify({ pem }),
  'a key as Node shows it': (_, pem) => inspect({ key: { pem } }),
  'a key with other line ends': (_, pem) => pem.replaceAll('\n', '\r\n'),
  'a key on one line': (_, pem) => pem.replaceAll('\n', ' '),
  'a key in base64': (_, pem) => inLines(base64(pem), 76),
  'a key in a form': (_, pem) => new URLSearchParams({ pem }).toString(),
  'one line of a key': (_, pem) => pem.split('\n')[2] ?? '',
};
