import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { failureReason, parseUnitStates, standing } from '../../src/systemd/service-states.ts';

suite('how services stand', () => {
  test('states of several units are told apart', () => {
    const shown =
      'Id=one.service\nActiveState=active\nJob=\n\nId=two.service\nActiveState=failed\nResult=a=b\n';
    assert.deepEqual(parseUnitStates(shown), [
      { Id: 'one.service', ActiveState: 'active', Job: '' },
      { Id: 'two.service', ActiveState: 'failed', Result: 'a=b' },
    ]);
    assert.deepEqual(parseUnitStates(''), []);
  });

  test('a service that waits for its restart is not up yet, and one that is restarted again and again has failed', () => {
    const standings = [
      { ActiveState: 'active', SubState: 'running' },
      { ActiveState: 'active', SubState: 'running', Job: '17' },
      { ActiveState: 'activating', SubState: 'start' },
      { ActiveState: 'activating', SubState: 'auto-restart' },
      { ActiveState: 'deactivating', SubState: 'stop-sigterm', Job: '17' },
      { ActiveState: 'failed', SubState: 'failed' },
    ].map(standing);
    assert.deepEqual(standings, ['up', 'starting', 'starting', 'failed', 'finishing', 'failed']);
  });

  test('why one failed: what it said itself, else what systemd met before it could', () => {
    const step = 'pulp-worker@0.service: Failed at step CHDIR spawning /usr/bin/node: Permission denied';
    const ours = [
      'Error: PULP_WORKER_TTL: "x" is not a number of seconds',
      'Try: Set it to a number above 0',
    ];
    const systemds = "pulp-worker@0.service: Failed with result 'exit-code'.";
    assert.equal(
      failureReason({ ExecMainStatus: '2' }, [...ours, systemds]),
      'PULP_WORKER_TTL: "x" is not a number of seconds',
    );
    assert.equal(
      failureReason({ ExecMainStatus: '200' }, [step, systemds]),
      'its folder is not there, or its account may not enter it (Failed at step CHDIR spawning /usr/bin/node: Permission denied)',
    );
    assert.equal(failureReason({ ExecMainStatus: '1' }, [systemds]), systemds);
    assert.equal(failureReason(undefined, []), undefined);
  });
});
