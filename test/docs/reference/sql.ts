import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Client } from 'pg';
import { REFUSALS } from '../../../src/postgres/refusals.ts';
import { connect } from '../../support/database.ts';
import { ROOT } from '../repository.ts';
import { block, code, generated, paragraphs, plain, table } from './markdown.ts';

const INTRODUCTION = `Schema \`pulp\`, as the catalog of a migrated database has it. All tables can be read and none can be written: functions write. What a
caller may run depends on the roles that were granted to its login: see [access](../access.md).`;

interface Relation {
  readonly name: string;
  readonly kind: 'table' | 'view';
  readonly comment: string | null;
  readonly columns: readonly Column[];
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly is_required: boolean;
  readonly comment: string | null;
}

interface Routine {
  readonly name: string;
  readonly arguments: string;
  readonly result: string;
  readonly comment: string | null;
  readonly roles: readonly string[];
}

/** The reference of schema `pulp` of a migrated database. */
export async function sqlReference(databaseUrl: string): Promise<string> {
  await using client = await connect(databaseUrl);
  const relations = await readRelations(client);
  const routines = await readRoutines(client);
  const topics = Map.groupBy(routines, await topicOfFunctions());
  return paragraphs(
    generated('SQL', INTRODUCTION),
    '## Tables and views',
    ...relations.map(relationSection),
    '## Functions',
    'Each with the roles that may execute it; those that no role may execute are parts of these and are left out.',
    ...[...topics]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([topic, members]) => paragraphs(`### ${topic}`, ...members.map(routineSection))),
    '## Error codes',
    `An error that schema \`pulp\` raises itself has one of these as its SQLSTATE. Its message says what was wrong and its hint what to do, if that
is more than stands here. Programs in TypeScript, the command line and the HTTP server give it under its name.`,
    table(
      ['SQLSTATE', 'name', 'meaning', 'remedy', 'exit code'],
      Object.entries(REFUSALS)
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([state, { code: name, meaning, remedy, exitCode }]) => [
          code(state),
          code(name),
          plain(meaning),
          plain(remedy),
          String(exitCode),
        ]),
    ),
  );
}

async function readRelations(client: Client): Promise<readonly Relation[]> {
  const { rows } = await client.query<Relation>(`
    select c.relname as name, case c.relkind when 'v' then 'view' else 'table' end as kind,
      obj_description(c.oid, 'pg_class') as comment,
      (select json_agg(json_build_object(
           'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'is_required', a.attnotnull,
           'comment', col_description(c.oid, a.attnum)) order by a.attnum)
         from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from pg_class c
    where c.relnamespace = 'pulp'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
    order by c.relname collate "C"`);
  return rows;
}

async function readRoutines(client: Client): Promise<readonly Routine[]> {
  const { rows } = await client.query<Routine>(`
    select p.proname as name, pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result,
      obj_description(p.oid, 'pg_proc') as comment, granted.roles
    from pg_proc p
    cross join lateral (
      select array_agg(r.rolname::text order by r.rolname collate "C") as roles
      from aclexplode(p.proacl) acl
      join pg_roles r on r.oid = acl.grantee
      where acl.privilege_type = 'EXECUTE' and r.rolname like 'pulp\\_%') granted
    where p.pronamespace = 'pulp'::regnamespace and granted.roles is not null
    order by p.proname collate "C", pg_get_function_arguments(p.oid) collate "C"`);
  return rows;
}

/** Tells a function's topic: the folder of `sql/functions` with the file that makes it; else a migration made it. */
async function topicOfFunctions(): Promise<(routine: Routine) => string> {
  const topics = new Map<string, string>();
  for (const entry of await readdir(`${ROOT}/sql/functions`, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
    for (const [, name = ''] of text.matchAll(/^create or replace (?:function|aggregate) pulp\.(\w+)/gm)) {
      topics.set(name, basename(entry.parentPath));
    }
  }
  return ({ name }) => topics.get(name) ?? 'others';
}

function relationSection({ name, kind, comment, columns }: Relation): string {
  return paragraphs(
    `### pulp.${name}`,
    `${kind === 'view' ? 'View. ' : ''}${plain(commented(comment, `pulp.${name}`))}`,
    table(
      ['column', 'type', 'meaning'],
      columns.map((column) => [
        code(column.name),
        code(column.type) + (column.is_required || kind === 'view' ? '' : ', may be null'),
        plain(commented(column.comment, `pulp.${name}.${column.name}`)),
      ]),
    ),
  );
}

function routineSection({ name, arguments: args, result, comment, roles }: Routine): string {
  const oneLine = `pulp.${name}(${args}) returns ${result}`;
  const signature =
    oneLine.length <= 110
      ? oneLine
      : `pulp.${name}(\n  ${args.replaceAll(', ', ',\n  ')}\n) returns ${result}`;
  return paragraphs(
    `#### pulp.${name}`,
    block('text', signature),
    plain(commented(comment, `pulp.${name}`)),
    `For ${roles.map(code).join(', ')}.`,
  );
}

function commented(comment: string | null, what: string): string {
  if (comment === null) throw new Error(`${what} has no comment`);
  return comment;
}
