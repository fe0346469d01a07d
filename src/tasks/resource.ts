import { PulpError } from '../errors.ts';

/** Something that a task claims: the path that names it, its whole URL, or an object with either. */
export type Resource = string | URL | { readonly url: string | URL };

/** A resource that is neither a string nor an object with a URL (pulpcore's ValueError). */
export class UnsupportedResourceError extends PulpError {
  constructor(problem: string) {
    super('UNSUPPORTED_RESOURCE', problem, {
      remedy: 'Name the resource by its URL path, or pass an object that has a url.',
      exitCode: 2,
    });
  }
}

/** The schemes whose URLs may have more than two slashes before the host. */
const SPECIAL = /^(?:https?|wss?|ftp):\/\/[\\/]*[^\\/?#]*/i;
const HIERARCHICAL = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\\/?#]*/;

/** Control characters, but not NUL: that is refused where everything is. */
const SURROUNDINGS = /^[\x01-\x20]+|[\x01-\x20]+$/g;

/** The parts of a path: an escape, characters that need none, any other character. */
const PARTS = /%[0-9A-Fa-f]{2}|[A-Za-z0-9._~!$&'()*+,;=:@/-]+|./gsu;

const NEEDS_NO_ESCAPE = /[A-Za-z0-9._~-]/;

/**
 * The one name of a resource, in whatever form it comes. Of a URL it is the path, and so of a text that begins with `/`:
 * without query and fragment, its dot segments gone, characters that a path cannot have as `%XX` of UTF-8. Any other text is
 * a name as it is. `pulp.resource_name` says the same.
 */
export function resourceName(resource: string): string {
  if (!resource.isWellFormed() || resource.includes('\0')) return resource; // is refused, as such a text is everywhere
  const text = resource.replace(/[\t\n\r]/g, '').replace(SURROUNDINGS, '');
  const authority = (SPECIAL.exec(text) ?? HIERARCHICAL.exec(text))?.[0];
  if (authority === undefined && !text.startsWith('/')) return resource;
  const path = text
    .slice(authority?.length ?? 0)
    .replace(/[?#].*$/s, '')
    .replaceAll('\\', '/')
    .replace(PARTS, escapedAsNeeded);
  const kept: string[] = [];
  const segments = path.slice(1).split('/');
  for (const [index, segment] of segments.entries()) {
    if (segment === '..') kept.pop();
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (index === segments.length - 1) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/**
 * The path of an object's URL, by which resources are named (pulpcore's `get_url`).
 *
 * @throws UnsupportedResourceError if it has no URL, or one without a path, such as `urn:isbn:0`
 */
export function getUrl(model: Exclude<Resource, string>): string {
  const url: unknown = model instanceof URL ? model : (model as { url?: unknown } | null)?.url;
  if (url instanceof URL) {
    if (HIERARCHICAL.test(url.href)) return resourceName(url.href);
    throw new UnsupportedResourceError(`${url.href} has no path; give it as a string`);
  }
  if (typeof url === 'string' && url !== '') return resourceName(url);
  throw new UnsupportedResourceError(`an object with a url is wanted, not ${describe(model)}`);
}

/**
 * The names of resources as the database knows them.
 *
 * @throws UnsupportedResourceError also for null and undefined: whoever has none gives an empty array, or leaves it out
 */
export function resourceNames(resources: readonly Resource[], path: string): string[] {
  if (!Array.isArray(resources)) {
    throw new UnsupportedResourceError(
      `${path} must be an array, empty or left out if there are none, not ${describe(resources)}`,
    );
  }
  return resources.map((resource: unknown) => {
    if (typeof resource === 'string') return resourceName(resource);
    if (typeof resource === 'object' && resource !== null) return getUrl(resource as URL);
    throw new UnsupportedResourceError(
      `a resource must be a string or an object with a url, not ${describe(resource)}`,
    );
  });
}

function escapedAsNeeded(part: string): string {
  if (/^%../.test(part)) {
    const character = String.fromCharCode(parseInt(part.slice(1), 16));
    return NEEDS_NO_ESCAPE.test(character) ? character : part.toUpperCase();
  }
  if (/^[A-Za-z0-9._~!$&'()*+,;=:@/-]/.test(part)) return part;
  return Array.from(Buffer.from(part), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(
    '',
  );
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'undefined';
  return typeof value === 'object' ? 'an object without one' : `a ${typeof value}`;
}
