import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import type { ServiceSettings } from '../../src/systemd/service-settings.ts';
import {
  RESOURCE_MANAGER,
  SETTINGS_CHECK,
  settingsCheckUnit,
  TARGET,
  unitFiles,
  WORKER_TEMPLATE,
} from '../../src/systemd/unit-files.ts';

const run = promisify(execFile);

const SETTINGS: ServiceSettings = {
  scope: 'system',
  workers: 3,
  concurrency: 2,
  node: process.execPath,
  script: '/opt/pulp/bin/run.js',
  folder: '/srv/app',
  tasksPaths: ['/srv/app/pulp.tasks.ts'],
  environmentFile: '/etc/pulp/workers.env',
  shutdownDeadlineMs: 90_000,
  growingPauses: false,
  revision: '0123',
};

/** Paths in which everything that unit files give a meaning to occurs. */
const STRANGE: ServiceSettings = {
  ...SETTINGS,
  script: `/opt/100% pulp/$HOME/it's "new"\\bin/run.js`,
  folder: '/tmp',
  tasksPaths: ['/srv/a  b/%h;tasks.ts'],
  environmentFile: '/etc/pulp files/%i.env',
  workingRoot: '/var/lib/pulp %n',
};

/** Every value of a setting, in order. */
function values(text: string | undefined, name: string): readonly string[] {
  const lines = (text ?? '').split('\n').filter((line) => line.startsWith(`${name}=`));
  return lines.map((line) => line.slice(name.length + 1));
}

function setting(text: string | undefined, name: string): string | undefined {
  return values(text, name)[0];
}

suite('unit files of the workers', () => {
  test('a target wants a resource manager and each reserved worker', () => {
    const files = unitFiles(SETTINGS);
    assert.deepEqual([...files.keys()], [TARGET, RESOURCE_MANAGER, WORKER_TEMPLATE]);
    assert.equal(
      setting(files.get(TARGET), 'Wants'),
      'pulp-resource-manager.service pulp-worker@0.service pulp-worker@1.service pulp-worker@2.service',
    );
    assert.equal(
      setting(files.get(WORKER_TEMPLATE), 'ExecStart'),
      `:${process.execPath} /opt/pulp/bin/run.js worker --name reserved-resource-worker-%i@%%h` +
        ' --tasks /srv/app/pulp.tasks.ts --concurrency 2 --shutdown-deadline 90s',
    );
    assert.match(setting(files.get(RESOURCE_MANAGER), 'ExecStart') ?? '', / --name resource-manager@%%h /);
    assert.equal(setting(files.get(WORKER_TEMPLATE), 'TimeoutStopSec'), '120s'); // the deadline, and time to end tasks
  });

  test('an account of systemd has its home in its folder, and no two accounts have one folder', () => {
    const of = (settings: Partial<ServiceSettings>) => {
      const text = unitFiles({ ...SETTINGS, ...settings }).get(WORKER_TEMPLATE);
      return [...values(text, 'Environment'), ...values(text, 'CacheDirectory')];
    };
    assert.deepEqual(of({}), [
      'PULP_WORKING_DIRECTORY=%C/private/pulp-workers/work',
      'HOME=%C/private/pulp-workers',
      'pulp-workers',
    ]);
    assert.deepEqual(of({ account: 'ann' }), [
      'PULP_WORKING_DIRECTORY=%C/pulp-workers-ann/work',
      'pulp-workers-ann',
    ]);
    assert.deepEqual(of({ account: 'ann', workingRoot: '/srv/work' }), ['PULP_WORKING_DIRECTORY=/srv/work']);
    assert.deepEqual(of({ workingRoot: '/srv/work' }), [
      'PULP_WORKING_DIRECTORY=/srv/work',
      'HOME=%C/private/pulp-workers',
      'pulp-workers',
    ]);
  });

  test('what the services read when they start changes their units, and no other', () => {
    const [one, other] = [unitFiles(SETTINGS), unitFiles({ ...SETTINGS, revision: '4567' })];
    assert.deepEqual(
      [...one].filter(([name, text]) => other.get(name) !== text).map(([name]) => name),
      [RESOURCE_MANAGER, WORKER_TEMPLATE],
    );
  });

  test('a check runs as the workers do, once', () => {
    const [check, worker] = [settingsCheckUnit(SETTINGS), unitFiles(SETTINGS).get(WORKER_TEMPLATE)];
    for (const name of ['User', 'WorkingDirectory', 'Environment', 'EnvironmentFile', 'SystemCallFilter']) {
      assert.deepEqual(values(check, name), values(worker, name), name);
    }
    assert.equal(setting(check, 'Type'), 'oneshot');
    assert.match(setting(check, 'ExecStart') ?? '', / --dry-run$/);
    assert.equal(setting(check, 'Restart'), undefined);
  });

  test('what has a meaning in unit files is taken for plain text in paths', () => {
    const text = unitFiles(STRANGE).get(WORKER_TEMPLATE);
    const command = setting(text, 'ExecStart') ?? '';
    assert(command.includes(String.raw` "/opt/100%% pulp/$HOME/it's \"new\"\\bin/run.js" `), command);
    assert(command.includes(' --tasks "/srv/a  b/%%h;tasks.ts" '), command);
    assert.equal(setting(text, 'EnvironmentFile'), '/etc/pulp files/%%i.env');
    assert.equal(setting(text, 'Environment'), '"PULP_WORKING_DIRECTORY=/var/lib/pulp %%n"');
    assert.equal(setting(text, 'ReadWritePaths'), '"-/var/lib/pulp %%n"');
    for (const impossible of [{ folder: '/srv/a\nExecStartPre=/bin/evil' }, { node: "/opt/it's/node" }]) {
      assert.throws(() => unitFiles({ ...SETTINGS, ...impossible }), { code: 'INVALID_INPUT' });
    }
  });

  test('services of a user ask for nothing that needs privileges; homes stay visible where the files are in one', () => {
    const user = unitFiles({ ...SETTINGS, scope: 'user' });
    assert.equal(setting(user.get(TARGET), 'WantedBy'), 'default.target');
    for (const name of ['User', 'DynamicUser', 'ProtectSystem', 'PrivateTmp']) {
      assert.equal(setting(user.get(WORKER_TEMPLATE), name), undefined, name);
    }
    const system = unitFiles(SETTINGS).get(WORKER_TEMPLATE);
    const named = unitFiles({ ...SETTINGS, account: 'ann', folder: '/home/ann/app' }).get(WORKER_TEMPLATE);
    assert.deepEqual(
      [system, named].map((text) =>
        ['User', 'DynamicUser', 'ProtectHome'].map((name) => setting(text, name)),
      ),
      [
        ['pulp-workers', 'yes', 'yes'],
        ['ann', undefined, 'read-only'],
      ],
    );
  });

  test('systemd finds nothing wrong with them', async (context) => {
    const version = await run('systemd-analyze', ['--version']).catch(() => undefined);
    if (version === undefined) {
      context.skip('there is no systemd-analyze');
      return;
    }
    const growingPauses = Number(/^systemd (\d+)/.exec(version.stdout)?.[1]) >= 254;
    for (const settings of [SETTINGS, STRANGE, { ...SETTINGS, scope: 'user', growingPauses } as const]) {
      const folder = await mkdtemp(join(tmpdir(), 'pulp-units-'));
      try {
        const files = new Map([...unitFiles(settings), [SETTINGS_CHECK, settingsCheckUnit(settings)]]);
        for (const [name, text] of files) await writeFile(join(folder, name), text);
        const paths = [...files.keys()].map((name) => join(folder, name));
        const { stdout, stderr } = await run(
          'systemd-analyze',
          ['verify', '--man=no', '--recursive-errors=no', `--${settings.scope}`, ...paths],
          { env: { ...process.env, XDG_RUNTIME_DIR: folder } },
        );
        assert.deepEqual([stdout, stderr], ['', '']);
      } finally {
        await rm(folder, { recursive: true });
      }
    }
  });
});
