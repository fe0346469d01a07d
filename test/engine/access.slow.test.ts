import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { migrate } from '../../src/postgres/migrate.ts';
import { CommandLine, TASKS_FILE } from '../cli/command-line.ts';
import { Gate } from '../cli/gate.ts';
import { connect, createDatabase, createEmptyDatabase } from '../support/database.ts';
import { Login } from '../support/login.ts';

const ROLES = ['pulp_submitter', 'pulp_worker', 'pulp_operator', 'pulp_observer'] as const;
type Role = (typeof ROLES)[number] | 'pulp_server';

const EVERYBODY = ROLES;
const WORKERS = ['pulp_worker'] as const;
const OPERATORS = ['pulp_operator'] as const;
const LEADERS = ['pulp_worker', 'pulp_operator'] as const;
const CHECKERS = ['pulp_worker', 'pulp_operator', 'pulp_observer'] as const;

/** Those who may do next to nothing here: one that is in no role at all, and one that only says for whom it acts. */
const STRANGERS = ['pg_monitor', 'pulp_server'] as const;

/**
 * Who may read what, and who may call what, in the schema of the engine. Whatever is not named here is for the owner
 * alone, and so is every other act on what is named: nobody writes but by the functions.
 */
const READERS: Readonly<Record<string, readonly Role[]>> = grants([
  [EVERYBODY, 'event event_single event_batch event_task event_system event_heartbeat event_leaf'],
  [EVERYBODY, 'task worker leader reservation reservation_waiting reservation_granted resource_now era'],
  [
    EVERYBODY,
    'task_type resource running secret_realm deferred wakeup held_back worker_name queue delivery_walk young_purge migration setting quota pause task_flow schedule requirement subscription retention progress_report created_resource created_group group_flow task_group dependency ending resource_limit rate_use hold hold_lease',
  ],
]);

const CALLERS: Readonly<Record<string, readonly Role[]>> = grants([
  [['pulp_submitter', 'pulp_worker'], 'enqueue enqueue_batch enqueue_columns check_task_types'],
  [['pulp_submitter', 'pulp_worker', 'pulp_operator'], 'cancel cancel_tasks retry retry_tasks set_tasks'],
  [
    ['pulp_submitter', 'pulp_operator'],
    'create_schedule pause_schedule resume_schedule delete_schedule run_schedule',
  ],
  [['pulp_submitter', 'pulp_worker', 'pulp_operator'], 'create_group dispatch_group'],
  [['pulp_submitter', 'pulp_worker'], 'begin_wait end_wait'],
  [EVERYBODY, 'group_at evolve_group fold_group group_ids group_uuids'],
  [EVERYBODY, 'sees_all acts_for acts_for_all are_owners_apart is_operator caller_role'],
  [LEADERS, 'due_schedules fire_schedules take_deliveries settle_delivery purge_by_retention'],
  [
    EVERYBODY,
    'create_subscription pause_subscription resume_subscription replay_subscription delete_subscription consume take_events',
  ],
  [EVERYBODY, 'subscription_lag subscription_at evolve_subscription fold_subscription'],
  [EVERYBODY, 'schedule_at evolve_schedule fold_schedule schedule_history occurrence_id'],
  [WORKERS, 'worker_online worker_offline heartbeat start progress finish finish_and_start'],
  [WORKERS, 'attach_worker set_worker_condition stand_for_election end_term heartbeat_holder'],
  [WORKERS, 'report_duty database_identity'],
  [
    LEADERS,
    'grant_reservations reroute_tasks lock_class send_notices check_worker_processes keep_up mend_delivery',
  ],
  [LEADERS, 'report_worker_death'],
  [
    OPERATORS,
    'mark_worker_online mark_worker_offline create_event_leaves purge_tasks set_quota pause resume drain_worker set_worker set_retention clear_retention set_capacity set_rate',
  ],
  [['pulp_submitter', 'pulp_operator'], 'request_hold renew_hold release_hold'],
  [EVERYBODY, 'limit_at evolve_limit fold_limit hold_at evolve_hold fold_hold claims_of claims_of_hold'],
  [
    EVERYBODY,
    'actor why task_at worker_at reservation_at pause_at evolve_pause retention_at evolve_retention requeued_since leader_session new_id',
  ],
  [EVERYBODY, 'evolve_task task_after tasks_after evolve_worker evolve_reservation evolve_claim'],
  [EVERYBODY, 'fold_task fold_worker fold_claim text_array resource_name'],
  [EVERYBODY, 'evolve_task_step has_claims keeps_unique_key recorded_time reported_after refuse_task_event'],
  [
    EVERYBODY,
    'history histories batch_event batch_events events_after event_horizon event_cursor_at event_cursor event_holder old_snapshot',
  ],
  [
    EVERYBODY,
    'resource_contention resource_holds claims_at running_ids waiting_ids task_names activity tx_bounds failure_groups error_signature name_uuid metrics known_metrics task_counts group_progress',
  ],
  [OPERATORS, 'tokens create_token revoke_token request_purge purge_task'],
  [WORKERS, 'purge_as_requested'],
  [['pulp_server'], 'read_token'],
  [CHECKERS, 'verify verify_sample verify_streams verify_tables verify_runs_apart verify_workers'],
  [
    CHECKERS,
    'verify_units verify_holds verify_numbers verify_counts verify_eras verify_leaves verify_locks count_task_events',
  ],
]);

/** Objects of the two schemas, leaves of the log under one name. */
const RELATIONS = `
  select c.oid, n.nspname as schema, c.relname as object, c.relkind as kind,
    regexp_replace(c.relname, '^event_(batch|task|system|heartbeat)(_\\d+)+$', 'event_leaf') as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('pulp', 'pulp_boss') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')`;
const FUNCTIONS = `
  select p.oid, n.nspname as schema, p.proname as name
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname in ('pulp', 'pulp_boss')`;
const WHO = `unnest(array['${[...ROLES, ...STRANGERS].join("', '")}']) as role`;

suite('access', () => {
  test('is as granted here, to everything that there is', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const { rows: schemas } = await client.query(`
      select role, n.nspname as schema, has_schema_privilege(role, n.oid, 'USAGE') as usage,
        has_schema_privilege(role, n.oid, 'CREATE') as create
      from pg_namespace n cross join ${WHO} where n.nspname in ('pulp', 'pulp_boss') order by n.nspname, role`);
    assert.deepEqual(
      schemas,
      ['pulp', 'pulp_boss'].flatMap((schema) =>
        [...STRANGERS, ...ROLES].sort().map((role) => ({
          role,
          schema,
          usage: schema === 'pulp' && role !== 'pg_monitor',
          create: false,
        })),
      ),
    );

    const { rows: acts } = await client.query<{ role: Role; schema: string; name: string; act: string }>(`
      with relation as (${RELATIONS})
      select distinct role, schema, name, act
      from relation
      cross join ${WHO}
      cross join lateral (
        select act from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER',
          case when current_setting('server_version_num')::integer >= 170000 then 'MAINTAIN' end]) as act
        where kind <> 'S' and (has_table_privilege(role, oid, act)
          or (act in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') and has_any_column_privilege(role, oid, act)))
        union all
        select act from unnest(array['SELECT', 'USAGE', 'UPDATE']) as act
        where kind = 'S' and has_sequence_privilege(role, oid, act)
      ) allowed
      order by schema, name, role, act`);
    assert.deepEqual(
      acts.map(({ role, schema, name, act }) => `${role}: ${act} on ${schema}.${name}`),
      expected(READERS, (role, name) => `${role}: SELECT on pulp.${name}`),
    );

    // Those of pg-boss are everybody's, but nobody gets into its schema.
    const { rows: calls } = await client.query<{ role: Role; name: string }>(`
      with function as (${FUNCTIONS})
      select distinct role, name from function cross join ${WHO}
      where schema = 'pulp' and has_function_privilege(role, oid, 'EXECUTE')
      order by name, role`);
    assert.deepEqual(
      calls.map(({ role, name }) => `${role}: ${name}`),
      expected(CALLERS, (role, name) => `${role}: ${name}`),
    );
  });

  test('is refused to whoever tries', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await createAttempt(client);
    const { rows: relations } = await client.query<{
      schema: string;
      object: string;
      name: string;
      kind: string;
      column: string;
    }>(`
      with relation as (${RELATIONS})
      select r.*, (select a.attname from pg_attribute a
        where a.attrelid = r.oid and a.attnum > 0 and a.attidentity = '' order by a.attnum limit 1) as column
      from relation r`);
    const { rows: functions } = await client.query<{
      schema: string;
      name: string;
      call: string;
    }>(`
      with function as (${FUNCTIONS})
      -- Not of constants: with these, a strict function is not called at all.
      select f.schema, f.name, format('select %I.%I(%s) from (select %s offset 0) a', f.schema, f.name, given.names, given.nulls) as call
      from function f
      join pg_proc p on p.oid = f.oid
      cross join lateral (
        select string_agg('a' || number, ', ' order by number) as names,
          string_agg(format('null::%s as a%s', format_type(type, null), number), ', ' order by number) as nulls
        from unnest(p.proargtypes) with ordinality as a(type, number)
      ) given`);
    assert(relations.length > 20 && functions.length > 50);

    const forbidden = [...ROLES, ...STRANGERS].flatMap((role) => [
      ...relations
        .flatMap(({ schema, object, name, kind, column }) => {
          const table = `${schema}.${object}`;
          if (kind === 'S') return [`select nextval('${table}')`, `select * from ${table}`];
          const readable = schema === 'pulp' && READERS[name]?.some((reader) => reader === role);
          const written = [
            `insert into ${table} default values`,
            `update ${table} set ${column} = ${column}`,
            `delete from ${table}`,
            `lock table ${table} in row exclusive mode`,
          ];
          return [
            ...(readable ? [] : [`select * from ${table}`]),
            ...(kind === 'v' ? [] : [...written, `truncate ${table}`]),
            `drop ${kind === 'v' ? 'view' : 'table'} ${table}`,
          ];
        })
        .map((statement) => ({ role, statement })),
      ...functions
        .filter(({ schema, name }) => schema !== 'pulp' || !CALLERS[name]?.some((caller) => caller === role))
        .map(({ call }) => ({ role, statement: call })),
      ...[
        'create table pulp.mine ()',
        'create function pulp.mine() returns void language sql as $$ $$',
        'create or replace view pulp.resource_now as select',
        'alter table pulp.event_batch disable trigger all',
        'set local session_replication_role = replica',
        'alter function pulp.enqueue_batch(jsonb) security invoker',
        'create trigger mine before insert on pulp.task execute function pulp.refuse_history_change()',
      ].map((statement) => ({ role, statement })),
    ]);
    assert.deepEqual(await outcomes(client, forbidden, (state) => state !== '42501'), []);

    await client.query(`select pulp.enqueue('t', resources => '{/a/}')`);
    const readable = Object.keys(READERS).filter((name) => name !== 'event_leaf');
    const allowed = ROLES.flatMap((role) =>
      [
        ...readable.map((name) => `select * from pulp.${name}`),
        'select pulp.why(id), pulp.task_at(now(), id) from pulp.task',
        'select pulp.task_at(now()), pulp.worker_at(now()), pulp.reservation_at(now())',
        'select pulp.fold_task(e order by version) from pulp.event e',
        `select pulp.resource_contention(), pulp.resource_holds('/a/')`,
        'select pulp.events_after(pulp.event_cursor_at(now())), pulp.event_horizon(), pulp.event_holder()',
        ...(role === 'pulp_submitter' ? [] : ['select pulp.verify()']),
        ...(role === 'pulp_submitter' || role === 'pulp_worker'
          ? [`select pulp.cancel(pulp.enqueue('t', resources => '{/a/}'))`]
          : []),
        ...(role === 'pulp_operator'
          ? [`select pulp.purge_tasks(now()), pulp.mark_worker_offline('w')`]
          : []),
      ].map((statement) => ({ role, statement })),
    );
    assert.deepEqual(await outcomes(client, allowed, (state) => state !== 'DONE0'), []);
  });

  test('does not come by what a caller puts into the way of a function', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const { rows } = await client.query<{
      name: string;
      language: string;
      source: string;
      definer: boolean;
      settings: string[];
      owned: boolean;
    }>(`
      select p.proname as name, l.lanname as language, p.prosrc as source, p.prosecdef as definer,
        coalesce(p.proconfig, '{}') as settings, p.proowner = n.nspowner as owned
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
      where n.nspname = 'pulp'`);
    const named = (functions: typeof rows) => functions.map(({ name }) => name).sort();
    assert.deepEqual(named(rows.filter(({ owned }) => !owned)), []);
    assert.deepEqual(
      named(
        rows.filter(({ definer, settings }) => definer && !settings.includes('search_path=pulp, pg_temp')),
      ),
      [],
    );
    assert.deepEqual(
      named(
        rows.filter(({ language, source }) => language === 'plpgsql' && dynamicSql(source).some(isUnsafe)),
      ),
      [],
    );
    assert(rows.some(({ source }) => dynamicSql(source).length > 0));
    assert(isUnsafe(`format('drop table %s', leaf)`) && isUnsafe(`'drop table ' || leaf`));
  });
});

suite('a role does its whole job with nothing else', () => {
  test('workers recover what a lost one held, submitters see to their tasks, observers see everything', async () => {
    await using submitter = await Login.create(['pulp_submitter']);
    await using worker = await Login.create(['pulp_worker']);
    await using observer = await Login.create(['pulp_observer']);
    await using database = await createDatabase();
    await using gate = await Gate.close(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: worker.at(database.url) });
    const as = (login: Login) => ({ env: { DATABASE_URL: login.at(database.url) } });

    const lost = await pulp.worker('--tasks', TASKS_FILE, '--name', 'lost');
    const arrival = gate.held();
    const { stdout } = await pulp.run(
      ['task', 'enqueue', 'test.hold', '--resource', '/a/', '--group', 'job'],
      as(submitter),
    );
    const held = await arrival;
    assert.equal(stdout, `${held}\n`);
    await pulp.worker('--tasks', TASKS_FILE, '--name', 'heir');
    const added = ['test.add', '--args', '[1, 2]', '--resource', '/a/'];
    const behind = (await pulp.run(['task', 'enqueue', ...added], as(submitter))).stdout.trim();
    const unwanted = (await pulp.run(['task', 'enqueue', ...added], as(submitter))).stdout.trim();
    assert.equal(
      (await pulp.run(['task', 'cancel', unwanted], as(submitter))).stdout,
      `${unwanted} canceled\n`,
    );

    lost.process.kill('SIGKILL');
    const waited = await pulp.run(['task', 'wait', held, behind], as(submitter));
    assert.deepEqual(
      waited.stdout.trim().split('\n').sort(),
      [`${held} canceled`, `${behind} completed`].sort(),
    );

    const seen = await Promise.all(
      [
        ['task', 'list'],
        ['task', 'show', held],
        ['task', 'history', held],
        ['task', 'why', behind],
        ['worker', 'list'],
        ['worker', 'list', '--at', '1s'],
        ['resource', 'list'],
        ['resource', 'show', '/a/'],
        ['events'],
        ['db', 'verify'],
      ].map(async (command) => ({ command, ...(await pulp.run(command, as(observer))) })),
    );
    assert.deepEqual(
      seen.filter(({ code }) => code !== 0),
      [],
    );
    const denied = await Promise.all([
      pulp.json(['task', 'enqueue', ...added], as(observer)),
      pulp.json(['task', 'cancel', held], as(observer)),
      pulp.json(['worker', '--tasks', TASKS_FILE], as(submitter)),
      pulp.json(['db', 'rebuild'], as(worker)),
    ]);
    assert.deepEqual(
      denied.map(({ code }) => code),
      [1, 1, 1, 1],
    );
    assert.deepEqual(
      denied.map(({ data }) => (data as { error: { code: string } }).error.code),
      ['NOT_ALLOWED', 'NOT_ALLOWED', 'NOT_ALLOWED', 'NOT_ALLOWED'],
    );
  });
});

suite('an owner who is no superuser', () => {
  test('migrates, and the engine works for it, even with advisory locks closed to others', async () => {
    await using owner = await Login.create([], 'createrole');
    await using submitter = await Login.create(['pulp_submitter']);
    await using worker = await Login.create(['pulp_worker']);
    await using database = await createEmptyDatabase();
    await using superuser = await connect(database.url);
    await superuser.query(`do $$ begin
      execute format('grant create on database %I to ${owner.name}', current_database());
      end $$`);
    await superuser.query(closeAdvisoryLocks(owner.name));

    assert((await migrate(owner.at(database.url))).applied.length > 0);
    assert.deepEqual((await migrate(owner.at(database.url))).applied, []);
    await using caller = await connect(submitter.at(database.url));
    await using session = await connect(worker.at(database.url));
    await using leader = await connect(worker.at(database.url));
    await using operator = await Login.create(['pulp_operator']);
    await using watcher = await connect(operator.at(database.url));
    await assert.rejects(caller.query('select pg_advisory_lock(5264700, 0)'), { code: '42501' });

    const incarnation = await bear(session, 'gone');
    const { rows: enqueued } = await caller.query<{ id: string }>(
      `select pulp.enqueue('t', resources => '{/a/}') as id`,
    );
    await caller.query(`select pulp.enqueue('t', resources => '{/a/}')`);
    const start = `select id from pulp.start('gone', $1, '{default}', '{t}', 10)`;
    const { rows: leads } = await leader.query(
      `select (pulp.stand_for_election('leader', false)).elected as leads`,
    );
    assert.deepEqual(leads, [{ leads: true }]);
    await leader.query('select pulp.grant_reservations()');
    const { rows: started } = await session.query(start, [incarnation]);
    assert.deepEqual(started, enqueued);
    const { rows: seen } = await leader.query('select pulp.leader_session() = pg_backend_pid() as seen');
    assert.deepEqual(seen, [{ seen: true }]);
    await leader.query('select pulp.keep_up()');

    // It may not end the session of somebody else's worker: the run is over all the same, and what it writes is refused.
    const warned = once(watcher, 'notice');
    await watcher.query(`select pulp.mark_worker_offline('gone')`);
    assert.match(((await warned)[0] as Error).message, /^may not end the session of backend \d+$/);
    await assert.rejects(session.query(start, [incarnation]), { code: 'PU001' });
    const { rows: states } = await caller.query('select state from pulp.task where id = $1', [
      enqueued[0]?.id,
    ]);
    assert.deepEqual(states, [{ state: 'canceled' }]);

    // With the right to do so, it ends it.
    await superuser.query(`grant pg_signal_backend to ${owner.name}`);
    await using second = await connect(worker.at(database.url));
    await bear(second, 'second');
    const ended = new Promise((resolve) => second.once('end', resolve));
    await watcher.query(`select pulp.mark_worker_offline('second')`);
    await ended;
    assert.deepEqual((await superuser.query('select * from pulp.verify()')).rows, []);
  });
});

async function bear(session: Client, name: string): Promise<string> {
  const { rows } = await session.query<{ incarnation: string }>(
    `select pulp.worker_online($1, 'localhost', 1, '{default}', 10,
       '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "cancel"}]') as incarnation`,
    [name],
  );
  return rows[0]?.incarnation ?? '';
}

/** What the owner of a database that serves this engine alone can do against locks that others take to hold it up. */
function closeAdvisoryLocks(owner: string): string {
  return `
    do $$
    declare
      lock regprocedure;
    begin
      for lock in
        select oid from pg_proc where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^pg_(try_)?advisory_'
      loop
        execute format('revoke execute on function %s from public', lock);
        execute format('grant execute on function %s to ${owner}', lock);
      end loop;
    end $$`;
}

/** What a function in PL/pgSQL executes, up to the end of the statement; texts in it stay whole. */
function dynamicSql(source: string): string[] {
  const code = source.replaceAll(/--.*$/gm, '');
  const tokens = code.match(/'(?:[^']|'')*'|;|\bexecute\b|[^';\s]+|\s+/gi) ?? [];
  const statements: string[] = [];
  let open: string | undefined;
  for (const token of tokens) {
    if (open === undefined && /^execute$/i.test(token)) open = '';
    else if (open !== undefined && token === ';') {
      statements.push(open.trim());
      open = undefined;
    } else if (open !== undefined) open += token;
  }
  return statements;
}

/** Whether values may come into it as they are: only names and literals are put in, or assignments made of a catalog's names. */
function isUnsafe(expression: string): boolean {
  const [, pattern, values = ''] = /^format\(\s*'((?:[^']|'')*)'([^]*)$/.exec(expression) ?? [];
  if (pattern === undefined || values.includes('||')) return true;
  const texts = pattern.match(/%(?:\d+\$)?s/g)?.length ?? 0;
  return texts > (values.match(/pulp\.rebuild_assignments\(/g)?.length ?? 0);
}

interface Attempt {
  readonly role: string;
  readonly statement: string;
}

/** Makes a function that tries a statement as a role, undoes it, and says how it ended: by its SQLSTATE, or DONE0. */
async function createAttempt(client: Client): Promise<void> {
  await client.query(`
    set search_path = '';
    create function pg_temp.attempt(role text, statement text) returns text language plpgsql as $$
    begin
      execute format('set local role %I', role);
      execute statement;
      raise exception 'it is undone' using errcode = 'DONE0';
    exception when others then
      return sqlstate;
    end $$`);
}

/** Which attempts ended in a way that is wrong. */
async function outcomes(
  client: Client,
  attempts: readonly Attempt[],
  isWrong: (state: string) => boolean,
): Promise<readonly string[]> {
  const { rows } = await client.query<Attempt & { state: string }>(
    `select role, statement, pg_temp.attempt(role, statement) as state
     from unnest($1::text[], $2::text[]) as a(role, statement)`,
    [attempts.map(({ role }) => role), attempts.map(({ statement }) => statement)],
  );
  assert.equal(rows.length, attempts.length);
  return rows
    .filter(({ state }) => isWrong(state))
    .map(({ role, statement, state }) => `${role}: ${statement}: ${state}`);
}

function grants(lines: readonly (readonly [readonly Role[], string])[]): Record<string, readonly Role[]> {
  return Object.fromEntries(
    lines.flatMap(([roles, names]) => names.split(' ').map((name) => [name, roles] as const)),
  );
}

function expected(
  granted: Readonly<Record<string, readonly Role[]>>,
  write: (role: Role, name: string) => string,
): readonly string[] {
  return Object.keys(granted)
    .sort()
    .flatMap((name) => [...(granted[name] ?? [])].sort().map((role) => write(role, name)));
}
