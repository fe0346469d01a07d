import { PulpError } from '../errors.ts';

/** Something that a task claims: the path that names it, or an object with a URL. */
export type Resource = string | URL | { readonly url: string | URL };

/** A resource that is neither a string nor an object with a URL (the seed's ValueError). */
export class UnsupportedResourceError extends PulpError {
  constructor(problem: string) {
    super('UNSUPPORTED_RESOURCE', problem, {
      remedy: 'Name the resource by its URL path, or pass an object that has a url.',
      exitCode: 2,
    });
  }
}

/**
 * The path of an object's URL, by which resources are named (the seed's `get_url`).
 *
 * @throws UnsupportedResourceError if it has no URL
 */
export function getUrl(model: Exclude<Resource, string>): string {
  const url: unknown = model instanceof URL ? model : (model as { url?: unknown } | null)?.url;
  if (url instanceof URL) return url.pathname;
  if (typeof url === 'string' && url !== '' && URL.canParse(url, 'http://localhost')) {
    return new URL(url, 'http://localhost').pathname;
  }
  throw new UnsupportedResourceError(`an object with a url is wanted, not ${describe(model)}`);
}

/** The names of resources as the database knows them. A string stays as it is. */
export function resourceNames(resources: readonly Resource[]): string[] {
  if (!Array.isArray(resources)) {
    throw new UnsupportedResourceError(`resources must be an array, not ${describe(resources)}`);
  }
  return resources.map((resource: unknown) => {
    if (typeof resource === 'string') return resource;
    if (typeof resource === 'object' && resource !== null) return getUrl(resource as URL);
    throw new UnsupportedResourceError(
      `a resource must be a string or an object with a url, not ${describe(resource)}`,
    );
  });
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object without one' : `a ${typeof value}`;
}
