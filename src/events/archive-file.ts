import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { getSystemErrorMessage } from 'node:util';
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

/** What the system says where there is no room, on the disk or for this account. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** Only its owner may read what tasks were called with. */
const MODE = 0o600;

/**
 * Writes the archive of a leaf, file and manifest; what stands there without a manifest is replaced.
 *
 * @throws PulpError ARCHIVE_UNUSABLE if the system does not let it
 */
export async function writeArchive(
  folder: string,
  leaf: string,
  content: LeafContent,
  lines: AsyncIterable<string>,
): Promise<LeafArchive> {
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  const file = `${leaf}.ndjson.gz`;
  const part = join(folder, `${file}.part`);
  const hash = createHash('sha256');
  let bytes = 0;
  {
    await using handle = await onDisk(part, () => open(part, 'w', MODE));
    await pipeline(lines, createGzip(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        await onDisk(part, () => handle.appendFile(chunk));
      }
    });
    await onDisk(part, () => handle.sync());
  }
  await onDisk(folder, async () => {
    await rename(part, join(folder, file));
    await syncFolder(folder);
  });

  const archive = {
    format: 'pulp-archive/1',
    leaf,
    file,
    bytes,
    sha256: hash.digest('hex'),
    ...content,
  } as const;
  const manifest = join(folder, `${leaf}.json`);
  await onDisk(manifest, async () => {
    await writeFile(`${manifest}.part`, `${JSON.stringify(archive, null, 2)}\n`, { mode: MODE, flush: true });
    await rename(`${manifest}.part`, manifest);
    await syncFolder(folder);
  });
  return archive;
}

/**
 * Reads what the manifest of a leaf's archive says; undefined if there is none, so that no archive is complete there.
 *
 * @throws PulpError ARCHIVE_DAMAGED if it is none, ARCHIVE_UNUSABLE if the system does not let it be read
 */
export async function readManifest(folder: string, leaf: string): Promise<LeafArchive | undefined> {
  const path = join(folder, `${leaf}.json`);
  try {
    return leafArchive.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (isOfSystem(error)) throw unusable(path, error);
    throw damaged(path, 'it is no manifest of an archive', error);
  }
}

/** Whether the file of an archive is in this folder. @throws PulpError ARCHIVE_UNUSABLE if the system does not tell */
export async function hasFile(folder: string, { file }: LeafArchive): Promise<boolean> {
  const path = join(folder, file);
  try {
    await access(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw isOfSystem(error) ? unusable(path, error) : error;
  }
}

/**
 * Reads an archive's whole file and makes sure that it is what was written.
 *
 * @throws PulpError ARCHIVE_MISSING, ARCHIVE_DAMAGED, or ARCHIVE_UNUSABLE if the system does not let it be read
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
    if (isOfSystem(error)) throw unusable(path, error);
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

/** A step that the system may refuse. @throws PulpError ARCHIVE_UNUSABLE */
async function onDisk<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw isOfSystem(error) ? unusable(path, error) : error;
  }
}

function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

/** The error itself is not its cause: what a network disk says would be taken for a connection to the database that is lost. */
function unusable(path: string, error: NodeJS.ErrnoException): PulpError {
  const reason = error.errno === undefined ? error.message : getSystemErrorMessage(error.errno);
  return new PulpError('ARCHIVE_UNUSABLE', `cannot ${error.syscall ?? 'use'} ${path}: ${reason}`, {
    remedy: FULL.has(error.code ?? '')
      ? 'Make room there, or give another folder; a month stays in the log until its file is complete.'
      : 'Check the disk, and that this account may read and write there.',
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
