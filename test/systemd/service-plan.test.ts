import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { foreignFiles, planStart, planStop, type Found, type Step } from '../../src/systemd/service-plan.ts';
import { HEADING, RESOURCE_MANAGER, TARGET, WORKER_TEMPLATE } from '../../src/systemd/unit-files.ts';

const FILES = new Map([
  [TARGET, `${HEADING}\ntarget`],
  [RESOURCE_MANAGER, `${HEADING}\nmanager`],
  [WORKER_TEMPLATE, `${HEADING}\nworker`],
]);
const CHECK = `${HEADING}\ncheck`;
const SERVICES = [RESOURCE_MANAGER, 'pulp-worker@0.service', 'pulp-worker@1.service'];

/** The steps in short, without those that every plan to start has. */
function inShort(steps: readonly Step[]): readonly string[] {
  return steps
    .map((step) => {
      if (step.kind === 'systemctl') return step.args.join(' ');
      return `${step.kind} ${step.kind === 'await' ? step.services.join(' ') : step.file}`;
    })
    .filter((text) => !/^(reset-failed|enable|--no-block start pulp-workers.target$)/.test(text));
}

function start(found: Found): readonly string[] {
  return inShort(planStart({ files: FILES, services: SERVICES, check: CHECK }, found));
}

suite('plans for services', () => {
  test('where there is nothing all is written and started', () => {
    assert.deepEqual(start({ files: new Map(), workers: [] }), [
      'check pulp-worker-check.service',
      `write ${TARGET}`,
      `write ${RESOURCE_MANAGER}`,
      `write ${WORKER_TEMPLATE}`,
      'daemon-reload',
      `start ${SERVICES.join(' ')}`,
    ]);
  });

  test('what is as it should be stays', () => {
    assert.deepEqual(start({ files: FILES, workers: SERVICES.slice(1) }), [`start ${SERVICES.join(' ')}`]);
  });

  test('changed settings are checked first; workers too many stop, changed ones start anew', () => {
    const files = new Map([...FILES, [WORKER_TEMPLATE, `${HEADING}\nof yesterday`]]);
    const workers = ['pulp-worker@0.service', 'pulp-worker@7.service', 'pulp-worker@12.service'];
    assert.deepEqual(start({ files, workers }), [
      'check pulp-worker-check.service',
      '--no-block stop pulp-worker@7.service pulp-worker@12.service',
      `write ${WORKER_TEMPLATE}`,
      'daemon-reload',
      '--no-block restart pulp-worker@0.service pulp-worker@1.service',
      `start ${RESOURCE_MANAGER}`,
      'await pulp-worker@0.service pulp-worker@1.service',
    ]);
  });

  test('nothing is left after a stop, and there is nothing to do after that', () => {
    assert.deepEqual(inShort(planStop({ files: FILES, workers: ['pulp-worker@7.service'] })), [
      `stop ${TARGET} ${RESOURCE_MANAGER} pulp-worker@7.service`,
      `disable ${TARGET}`,
      `remove ${TARGET}`,
      `remove ${RESOURCE_MANAGER}`,
      `remove ${WORKER_TEMPLATE}`,
      'daemon-reload',
    ]);
    assert.deepEqual(planStop({ files: new Map(), workers: [] }), []);
  });

  test('files of others are known', () => {
    const found = { files: new Map([...FILES, [TARGET, '[Unit]\n']]), workers: [] };
    assert.deepEqual(foreignFiles(found), [TARGET]);
  });
});
