import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { PulpError } from '../errors.ts';

/** What is in a leaf, in numbers; null in one without events. Times are exact, as Postgres writes them. */
export const leafContent = z.object({
  events: z.number(),
  streams: z.number(),
  first_position: z.number().nullable(),
  last_position: z.number().nullable(),
  first_recorded_at: z.string().nullable(),
  last_recorded_at: z.string().nullable(),
  /** The server's own digest of the events, by which it knows the leaf again. */
  digest: z.string(),
});
export type LeafContent = Readonly<z.infer<typeof leafContent>>;

export const leafArchive = leafContent.extend({
  format: z.literal('pulp-archive/1'),
  leaf: z.string(),
  /** Its name, without a folder. */
  file: z.string().refine((name) => basename(name) === name),
  bytes: z.number(),
  sha256: z.string(),
});

/**
 * A leaf of the log in a file of gzipped NDJSON, one event a line, in the order of the log. The same stands beside the file
 * in its manifest, `<leaf>.json`, which is written when the file is complete.
 */
export type LeafArchive = Readonly<z.infer<typeof leafArchive>>;

/** Only its owner may read what tasks were called with. */
const MODE = 0o600;

/** Writes the archive of a leaf, file and manifest; what stands there without a manifest is replaced. */
export async function writeArchive(
  folder: string,
  leaf: string,
  content: LeafContent,
  lines: AsyncIterable<string>,
): Promise<LeafArchive> {
  await mkdir(folder, { recursive: true });
  const file = `${leaf}.ndjson.gz`;
  const part = join(folder, `${file}.part`);
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(
    lines,
    createGzip(),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(part, { mode: MODE, flush: true }),
  );
  await rename(part, join(folder, file));
  await syncFolder(folder);

  const archive = {
    format: 'pulp-archive/1',
    leaf,
    file,
    bytes,
    sha256: hash.digest('hex'),
    ...content,
  } as const;
  const manifest = join(folder, `${leaf}.json`);
  await writeFile(`${manifest}.part`, `${JSON.stringify(archive, null, 2)}\n`, { mode: MODE, flush: true });
  await rename(`${manifest}.part`, manifest);
  await syncFolder(folder);
  return archive;
}

/**
 * Reads what the manifest of a leaf's archive says; undefined if there is none, so that no archive is complete there.
 *
 * @throws PulpError ARCHIVE_DAMAGED if it cannot be read as one
 */
export async function readManifest(folder: string, leaf: string): Promise<LeafArchive | undefined> {
  const path = join(folder, `${leaf}.json`);
  try {
    return leafArchive.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw damaged(path, 'it is no manifest of an archive', error);
  }
}

/** Whether the file of an archive is in this folder. */
export async function hasFile(folder: string, { file }: LeafArchive): Promise<boolean> {
  try {
    await access(join(folder, file));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Reads an archive's whole file and makes sure that it is what was written.
 *
 * @throws PulpError ARCHIVE_MISSING or ARCHIVE_DAMAGED
 */
export async function checkArchive(folder: string, archive: LeafArchive): Promise<void> {
  const path = join(folder, archive.file);
  const hash = createHash('sha256');
  let lines = 0;
  try {
    await pipeline(
      createReadStream(path),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createGunzip(),
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', end + 1)) lines++;
        }
      },
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new PulpError('ARCHIVE_MISSING', `there is no file ${path}`, {
        remedy: `Give the folder that leaf ${archive.leaf} was archived to.`,
        exitCode: 3,
        cause: error,
      });
    }
    throw damaged(path, (error as Error).message, error);
  }
  const sha256 = hash.digest('hex');
  if (sha256 !== archive.sha256) throw damaged(path, `its SHA-256 is ${sha256}, not ${archive.sha256}`);
  if (lines !== archive.events) throw damaged(path, `it has ${lines} events, not ${archive.events}`);
}

function damaged(path: string, how: string, cause?: unknown): PulpError {
  return new PulpError('ARCHIVE_DAMAGED', `${path} is damaged: ${how}`, {
    remedy:
      'Restore it from a copy. If its leaf is still in the log, delete file and manifest and archive it again.',
    cause,
  });
}

/** Makes the new names in a folder outlive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
