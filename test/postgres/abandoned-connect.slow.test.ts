import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Notifications } from '../../src/postgres/notifications.ts';
import { createDatabase } from '../support/database.ts';

test(
  'who stops listening while it connects is not kept waiting, whatever the moment',
  { timeout: 30_000 },
  async () => {
    await using database = await createDatabase();
    process.env['DATABASE_URL'] = database.url;
    for (let round = 0; round < 120; round += 1) {
      const notifications = new Notifications({
        applicationName: 'abandoned',
        channels: ['abandoned'],
        onNotification: () => undefined,
      });
      const listening = notifications.listen();
      await pause(round / 8);
      await notifications[Symbol.asyncDispose]();
      await listening;
    }
  },
);
