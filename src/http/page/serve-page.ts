import type { Context, Hono } from 'hono';
import { HttpError } from '../http-error.ts';
import { readPageFiles, type PageFiles } from './page-files.ts';

/** Where the page has its views: a link to each of them works. */
const VIEWS = [
  '/',
  '/tasks',
  '/tasks/:id',
  '/resources',
  '/resource',
  '/workers',
  '/trends',
  '/failures',
  '/pauses',
  '/schedules',
  '/enqueue',
];

/** Has an app serve the page. */
export function servePage(app: Hono): void {
  let page: Promise<PageFiles | undefined> | undefined;
  const files = async () => {
    page ??= readPageFiles();
    const found = await page;
    if (found !== undefined) return found;
    page = undefined;
    throw new HttpError(503, 'PAGE_NOT_BUILT', 'the page has not been built', {
      remedy: 'Run `npm run build` in the clone; the API works without it.',
    });
  };
  for (const view of VIEWS) app.get(view, async (context) => indexAnswer(context, await files()));
  app.get('/page/*', async (context, next) => {
    const file = (await files()).files.get(context.req.path);
    if (file === undefined) return next();
    return new Response(file.body, {
      headers: { 'Content-Type': file.type, 'Cache-Control': 'public, max-age=31536000, immutable' },
    });
  });
}

/** Nothing of the page comes from elsewhere, nor is sent there; what runs are its own files. */
function indexAnswer(context: Context, { index, etag, importMapDigest }: PageFiles): Response {
  const headers = {
    ETag: etag,
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': [
      "default-src 'none'",
      `script-src 'self' ${importMapDigest}`,
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
  if (context.req.header('if-none-match') === etag) return new Response(null, { status: 304, headers });
  return new Response(index, { headers: { ...headers, 'Content-Type': 'text/html; charset=utf-8' } });
}
