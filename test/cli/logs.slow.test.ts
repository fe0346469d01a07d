import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { logText } from '../../src/cli/log-text.ts';
import { failed } from '../../src/workers/runs/outcome.ts';
import type { StartedTask } from '../../src/workers/runs/run-records.ts';
import { RunLog } from '../../src/workers/runs/run-log.ts';
import { createDatabase } from '../support/database.ts';
import { CommandLine } from './command-line.ts';

const TASKS_FILE = fileURLToPath(new URL('log-tasks.ts', import.meta.url));

interface Line {
  readonly level: number;
  readonly task?: string;
  readonly name?: string;
  readonly stream?: string;
  readonly output?: unknown;
  readonly msg?: string;
  readonly ms?: number;
  readonly code?: string;
  readonly database?: Readonly<Record<string, string>>;
}

suite("a worker's log", () => {
  test('has a line for each start and end, and never takes what a task writes for its own', async () => {
    await using database = await createDatabase();
    const url = new URL(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: url.href });
    const worker = await pulp.worker('--tasks', TASKS_FILE, '--name', 'w');
    const stdout = text(worker.process.stdout);
    const ids: Record<string, string> = {};
    for (const name of ['log.forge', 'log.forge-inline', 'log.fail']) {
      const { stdout } = await pulp.run(['task', 'enqueue', name, '--wait', '--tasks', TASKS_FILE]);
      ids[name] = stdout.trim();
    }
    worker.process.kill('SIGTERM');
    await worker.ended;
    assert.ok(url.password !== '' && !worker.log.includes(url.password));
    const lines = worker.log
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);

    const {
      host,
      user,
      database: name,
    } = lines.find(({ database: facts }) => facts !== undefined)?.database ?? {};
    assert.deepEqual([host, user, `/${name}`], [url.hostname, url.username, url.pathname]);
    const own = lines.filter(({ output }) => output === undefined);
    assert.equal(own.filter(({ msg }) => msg === 'leads as resource manager').length, 1);
    const told = (task: string) =>
      own.filter((line) => line.task === ids[task]).map(({ level, msg }) => [level, msg]);
    assert.deepEqual(told('log.forge'), [
      [30, 'task started'],
      [30, 'task completed'],
    ]);
    assert.deepEqual(told('log.fail'), [
      [30, 'task started'],
      [40, 'task failed: out of range\nand more'],
    ]);
    const end = own.find(({ msg }) => msg?.startsWith('task failed'));
    assert.ok(end?.code === 'TASK_FAILED' && typeof end.ms === 'number');

    const written = (task: string) =>
      lines
        .filter((line) => line.task === ids[task] && line.output !== undefined)
        .map(({ stream, output }) => `${stream ?? ''} ${JSON.stringify(output)}`)
        .sort();
    const forged = { level: 30, time: 1, worker: 'w', msg: 'leads as resource manager' };
    assert.deepEqual(
      written('log.forge'),
      [
        'stderr "plain"',
        `stderr ${JSON.stringify('\u001b[2J{"half": ')}`,
        `stdout ${JSON.stringify(forged)}`,
        `stdout ${JSON.stringify(JSON.stringify(forged).slice(0, -1))}`,
      ].sort(),
    );
    assert.deepEqual(written('log.forge-inline'), ['stderr "plain"', `stdout ${JSON.stringify(forged)}`]);
    assert.equal(await stdout, '');
  });

  test('is text on a terminal, in which nothing is obeyed', () => {
    const line = {
      level: 40,
      time: 0,
      worker: 'w',
      task: 'id',
      name: 't',
      msg: 'task failed: \u001b[2Jno',
      code: 'X',
    };
    assert.equal(
      logText(JSON.stringify(line)),
      '00:00:00.000 WARN  w id task failed: \\u001b[2Jno name=t code=X',
    );
    const output = {
      level: 30,
      time: 0,
      worker: 'w',
      task: 'id',
      name: 't',
      stream: 'stdout',
      output: 'a\u001bb',
    };
    assert.equal(logText(JSON.stringify(output)), '00:00:00.000 INFO  w id | a\\u001bb');
    const logged = { ...output, output: { level: 30, msg: 'said', a: 1 } };
    assert.equal(logText(JSON.stringify(logged)), '00:00:00.000 INFO  w id | said a=1');
    assert.equal(logText('no JSON\u001b'), 'no JSON\\u001b');
  });

  test('tells in one line of the tasks that come thick and fast', async () => {
    const lines: Record<string, unknown>[] = [];
    const told = Promise.withResolvers<void>();
    const log = pino(
      { base: null },
      {
        write: (written: string) => {
          const line = JSON.parse(written) as Record<string, unknown>;
          lines.push(line);
          if (line['task'] === undefined) told.resolve();
        },
      },
    );
    const runs = new RunLog(log);
    const task = { id: 'i', name: 't', attempt: 1 } as StartedTask;
    for (let number = 0; number < 1000; number++) {
      runs.started(task);
      runs.ended(task, failed(new Error('no')), 1);
    }
    const keptAlive = setTimeout(() => undefined, 10_000);
    await told.promise;
    clearTimeout(keptAlive);
    assert.equal(lines.length, 201);
    const { level, started, failed: failures } = lines.at(-1) ?? {};
    assert.deepEqual([level, started, failures], [40, 900, 900]);
  });
});
