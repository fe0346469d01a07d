import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { Served } from './served.ts';

suite('what the page is made of', () => {
  test('is served to everybody, runs nothing but its own files, and may be kept', async () => {
    await using served = await Served.start();
    const index = await fetch(served.url);
    const html = await index.text();
    assert.equal(index.headers.get('content-type'), 'text/html; charset=utf-8');
    const policy = index.headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none'; /);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    const [inline, ...others] = [...html.matchAll(/<script(?![^>]*src=)[^>]*>([^]*?)<\/script>/g)];
    assert.equal(others.length, 0);
    const digest = createHash('sha256')
      .update(inline?.[1] ?? '')
      .digest('base64');
    assert(policy.includes(`'sha256-${digest}'`), policy);
    assert.doesNotMatch(html, /style=|onclick|https?:/);
    assert.equal(index.headers.get('set-cookie'), null);
    const files = [...html.matchAll(/(?:href|src)="(\/page\/[^"]+)"/g)].map(([, file]) => file ?? '');
    const libraries = Object.values(
      (JSON.parse(inline?.[1] ?? '') as { imports: Record<string, string> }).imports,
    );
    assert(files.length > 20 && libraries.length > 4);
    for (const file of [...files, ...libraries]) {
      const { status, headers } = await fetch(served.url + file);
      assert.equal(status, 200, file);
      assert.match(headers.get('cache-control') ?? '', /immutable/);
      assert.match(
        headers.get('content-type') ?? '',
        /^(text\/(javascript|css); charset=utf-8|image\/svg\+xml)$/,
      );
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
    }
  });

  test('is told to be the same where it is, at each of its addresses', async () => {
    await using served = await Served.start();
    const { headers } = await fetch(served.url);
    const etag = headers.get('etag') ?? '';
    for (const path of [
      '/',
      '/tasks',
      '/tasks/01992f6e-8f3c-7000-8000-5bd2d31c4f0a',
      '/resource?name=/a/',
      '/pauses',
    ]) {
      const again = await fetch(served.url + path, { headers: { 'if-none-match': etag } });
      assert.equal(again.status, 304, path);
      const head = await fetch(served.url + path, { method: 'HEAD' });
      assert.deepEqual([head.status, head.headers.get('etag')], [200, etag], path);
    }
    for (const path of [
      '/page/x',
      '/page/../package.json',
      '/page/%2e%2e/%2e%2e/package.json',
      '/nothing',
      '/dist/page/main.js',
    ]) {
      assert.equal((await fetch(served.url + path)).status, 404, path);
    }
    assert.equal(
      (await fetch(served.url, { method: 'POST', headers: { origin: 'https://elsewhere.example' } })).status,
      403,
    );
  });
});
