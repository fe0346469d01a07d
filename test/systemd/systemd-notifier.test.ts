import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { pino } from 'pino';
import { SystemdNotifier } from '../../src/systemd/systemd-notifier.ts';
import { NotifySocket, noNotifySocket as skip } from './notify-socket.ts';

const log = pino({ level: 'silent' });

suite('what systemd is told', () => {
  test('states come in order, each in one line', { skip }, async () => {
    await using socket = await NotifySocket.open();
    await using notifier = SystemdNotifier.take(log, { NOTIFY_SOCKET: socket.path });
    notifier.status('starting');
    notifier.ready('online');
    notifier.status('reconnecting: no\nMAINPID=1');
    notifier.stopping('stopping');
    assert.deepEqual(
      [await socket.next(), await socket.next(), await socket.next(), await socket.next()],
      [
        'STATUS=starting',
        'READY=1\nSTATUS=online',
        'STATUS=reconnecting: no MAINPID=1',
        'STOPPING=1\nSTATUS=stopping',
      ],
    );
  });

  test('the watchdog is called in time; until it is ready a start is prolonged', { skip }, async () => {
    await using socket = await NotifySocket.open();
    const environment = {
      NOTIFY_SOCKET: socket.path,
      WATCHDOG_USEC: '100000',
      WATCHDOG_PID: String(process.pid),
    };
    await using notifier = SystemdNotifier.take(log, environment);
    assert.deepEqual(environment, {}); // no child inherits them
    assert.equal(await socket.next(), 'WATCHDOG=1\nEXTEND_TIMEOUT_USEC=100000');
    notifier.ready('online');
    let said = await socket.next();
    while (said.includes('EXTEND_TIMEOUT')) said = await socket.next();
    assert.equal(said, 'READY=1\nSTATUS=online');
    assert.equal(await socket.next(), 'WATCHDOG=1');
  });

  test('nothing happens where systemd did not ask, nor for the watchdog of another process', async () => {
    await using notifier = SystemdNotifier.take(log, {});
    notifier.ready('online');
    const environment = { NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '1', WATCHDOG_PID: '1' };
    await using _other = SystemdNotifier.take(log, environment);
  });

  test('that it cannot be told is logged once, and no error', async () => {
    const lines: string[] = [];
    const log = pino({ base: null }, { write: (line) => lines.push(line) });
    {
      await using notifier = SystemdNotifier.take(log, { NOTIFY_SOCKET: '/nowhere/to/be/found' });
      notifier.ready('online');
      notifier.status('still online');
    }
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
      ['cannot notify systemd'],
    );
  });
});
