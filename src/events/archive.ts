import { isDeepStrictEqual } from 'node:util';
import type { Client } from 'pg';
import { sql } from '../postgres/sql.ts';
import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { getDatabaseUrl } from '../postgres/database-url.ts';
import { connectDedicated } from '../postgres/dedicated-client.ts';
import { retrying } from '../postgres/retry.ts';
import { refuseTransactionPooling } from '../postgres/session-pooling.ts';
import { toPulpError } from '../postgres/sql-error.ts';
import {
  checkArchive,
  hasFile,
  leafArchive,
  leafContent,
  readManifest,
  writeArchive,
  type LeafArchive,
} from './archive-file.ts';

/** How long a step on a large leaf may take, in milliseconds. */
const STEP_MS = 3_600_000;

/** How long to wait for others who use the leaf, or for an archiving that was killed to end; nobody waits for us meanwhile. */
const PATIENCE_MS = 60_000;

/** How many events are read at once: each has at most some megabytes. */
const PAGE_EVENTS = 100;

/** How many of the tasks that keep a leaf are named. */
const NAMED_TASKS = 5;

/** What to archive, and where to. */
export interface ArchiveOptions {
  /** Leaves whose whole time is before this moment, and has been over for a day. */
  readonly before: Date;
  /** The folder for the files; it is made if it is not there. */
  readonly folder: string;
  /** Breaks it off. */
  readonly signal?: AbortSignal | undefined;
  /** Is called for each leaf when it is out of the log. */
  readonly onArchived?: (archive: LeafArchive) => void;
}

/** What the log says of a leaf that was archived. */
export interface ArchiveRecord {
  readonly archive: LeafArchive;
  readonly archivedAt: Date;
  /** When it left the log; null if that was broken off: archiving again goes on there. */
  readonly droppedAt: Date | null;
}

/** A leaf of tasks, as `pulp.task_leaves` shows it. */
interface Leaf {
  /** The table that it is a part of. */
  readonly class: string;
  readonly leaf: string;
  readonly attachment: 'attached' | 'detaching' | 'detached';
  readonly archive: unknown;
}

/**
 * Moves leaves of the log whose tasks were all purged into files, the oldest first: writes a file and its manifest, reads
 * it back, takes note of it in the log, and drops the leaf. Broken off at any point, it is taken up where it was left. Needs
 * the owner of the schema.
 *
 * @returns the leaves that are out of the log now
 * @throws PulpError LEAF_IN_USE if a leaf has events of tasks that were not purged: it and the later ones stay
 * @throws PulpError ARCHIVE_FOREIGN if the folder has an archive of another log's leaf
 * @throws PulpError ARCHIVE_DAMAGED if a file is not what was written; its leaf stays
 * @throws PulpError ARCHIVE_UNUSABLE if a file cannot be written or read, such as for want of room; its leaf stays
 */
export async function archiveLeaves({
  before,
  folder,
  signal,
  onArchived,
}: ArchiveOptions): Promise<readonly LeafArchive[]> {
  const databaseUrl = await getDatabaseUrl();
  const client = await connectDedicated(databaseUrl, 'pulp archive', {
    answerTimeoutMs: STEP_MS,
    lockTimeoutMs: PATIENCE_MS,
  });
  const breakOff = () => {
    client.connection.stream.destroy();
  };
  signal?.addEventListener('abort', breakOff);
  try {
    signal?.throwIfAborted();
    await refuseTransactionPooling(client, databaseUrl);
    await refuseStrangers(client);
    await client.query(`select pg_advisory_lock(pulp.lock_class('archive'), 0)`);
    const { rows: leaves } = await client.query<Leaf>(
      `select class, leaf, attachment, archive from pulp.task_leaves()
       where archive is not null or ends <= least($1, clock_timestamp() - interval '1 day')`,
      [before],
    );
    const archived: LeafArchive[] = [];
    for (const leaf of leaves) {
      const archive = await archiveLeaf(client, leaf, folder);
      archived.push(archive);
      onArchived?.(archive);
    }
    return archived;
  } catch (error) {
    throw toPulpError(error);
  } finally {
    signal?.removeEventListener('abort', breakOff);
    await client.end();
  }
}

/** What the log says of the leaves that were archived, the oldest first. */
export async function listArchives(): Promise<readonly ArchiveRecord[]> {
  const pool = await getConnection();
  const row = z.object({
    archive: leafArchive,
    archived_at: z.date(),
    dropped_at: z.date().nullable(),
  });
  const rows = await retrying(() =>
    pool.any(sql.type(row)`
      select archived.data as archive, archived.recorded_at as archived_at, dropped.recorded_at as dropped_at
      from (
        select distinct on (e.stream_id) e.* from pulp.event_single e
        where e.stream_kind = 'system' and e.type = 'LeafArchived'
        order by e.stream_id, e.position desc -- one whose file was lost was archived again
      ) archived
      left join pulp.event_single dropped on dropped.stream_kind = 'system' and dropped.stream_id = archived.stream_id
        and dropped.type = 'LeafDropped'
      order by archived.position`),
  );
  return rows.map((found) => ({
    archive: found.archive,
    archivedAt: found.archived_at,
    droppedAt: found.dropped_at,
  }));
}

/** Before anything is written: what only the owner can end, only the owner begins. */
async function refuseStrangers(client: Client): Promise<void> {
  const { rows } = await client.query<{ owner: string; is_owner: boolean }>(
    `select relowner::regrole::text as owner, pg_has_role(relowner, 'usage') as is_owner
     from pg_class where oid = 'pulp.event_batch'::regclass`,
  );
  const [table] = rows;
  if (table?.is_owner === true) return;
  throw new PulpError('NOT_ALLOWED', 'only the owner of the log may archive it', {
    remedy: `Connect as ${table?.owner ?? 'its owner'}.`,
  });
}

async function archiveLeaf(client: Client, { leaf, ...known }: Leaf, folder: string): Promise<LeafArchive> {
  const noted = known.archive === null ? undefined : leafArchive.parse(known.archive);
  if (noted === undefined) await refuseUnpurged(client, leaf);
  // Also of one that was noted before: its file may be lost since, and as long as the leaf is there it can be written again.
  const archive = await exportLeaf(client, leaf, folder);
  await checkArchive(folder, archive);
  if (archive.sha256 !== noted?.sha256)
    await client.query('select pulp.archive_leaf($1, $2)', [leaf, JSON.stringify(archive)]);
  // Detached so, a leaf leaves without others having to wait; that takes two transactions, between which it is "detaching".
  if (known.attachment !== 'detached') {
    const how = known.attachment === 'attached' ? 'concurrently' : 'finalize';
    await client.query(
      `alter table pulp.${client.escapeIdentifier(known.class)} detach partition pulp.${client.escapeIdentifier(leaf)} ${how}`,
    );
  }
  await client.query('select pulp.drop_archived_leaf($1)', [leaf]);
  return archive;
}

async function refuseUnpurged(client: Client, leaf: string): Promise<void> {
  const { rows } = await client.query<{ id: string }>('select id from pulp.unpurged_tasks($1, $2) as id', [
    leaf,
    NAMED_TASKS + 1,
  ]);
  if (rows.length === 0) return;
  const ids = rows.slice(0, NAMED_TASKS).map(({ id }) => id);
  const more = rows.length > NAMED_TASKS ? ', and more' : '';
  throw new PulpError(
    'LEAF_IN_USE',
    `leaf ${leaf} has events of tasks that were not purged: ${ids.join(', ')}${more}`,
    {
      remedy:
        'Purge them first: `pulp task purge --finished-before TIME`. One that is not over keeps its leaf and all later ones.',
    },
  );
}

/** Writes a leaf into its file, unless that was done before. */
async function exportLeaf(client: Client, leaf: string, folder: string): Promise<LeafArchive> {
  await client.query(`begin isolation level repeatable read, read only; set local timezone = 'UTC'`);
  try {
    const { rows } = await client.query<{ content: unknown }>('select pulp.leaf_content($1) as content', [
      leaf,
    ]);
    const content = leafContent.parse(rows[0]?.content);
    const complete = await readManifest(folder, leaf);
    if (complete === undefined || !(await hasFile(folder, complete)))
      return await writeArchive(folder, leaf, content, linesOf(client, leaf));
    if (!isDeepStrictEqual(leafContent.parse(complete), content)) {
      throw new PulpError('ARCHIVE_FOREIGN', `${folder} has another log's archive of leaf ${leaf}`, {
        remedy: 'Give each database a folder of its own.',
        exitCode: 2,
      });
    }
    return complete;
  } finally {
    await client.query('rollback');
  }
}

/** The events of a leaf in the order of the log, as lines of JSON. */
async function* linesOf(client: Client, leaf: string): AsyncGenerator<string> {
  await client.query(
    `declare events no scroll cursor for select row_to_json(e)::text from pulp.leaf_events($1) e`,
    [leaf],
  );
  for (;;) {
    const { rows } = await client.query<[string]>({
      text: `fetch ${PAGE_EVENTS} from events`,
      rowMode: 'array',
    });
    if (rows.length === 0) return;
    yield rows.map(([line]) => `${line}\n`).join('');
  }
}
