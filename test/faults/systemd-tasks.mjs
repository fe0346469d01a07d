/** Task types that services of a systemd machine run; see `systemd.test.ts`. Plain JavaScript, for it is copied to where it runs. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { defineTask } from '/opt/pulp/dist/index.js';
import { z } from '/opt/pulp/node_modules/zod/index.js';

/** Where it finds itself: its home, which it can write to, and whether its unit's control group is its own to divide. */
export const surroundings = defineTask('systemd.surroundings', {
  run: () => {
    const home = process.env.HOME;
    writeFileSync(`${home}/mine`, '');
    const [, unit] = /^0::(.*?\.service)/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
    const group = `/sys/fs/cgroup${unit}/probe`;
    mkdirSync(group);
    rmdirSync(group);
    return { home, unit };
  },
});

/** Says things that a journal could take for a priority, and one that it would cut. */
export const speak = defineTask('systemd.speak', {
  run: () => {
    console.log('<0>a task is no emergency');
    console.log(`${'x'.repeat(100_000)}<1>`);
  },
});

/** Works for a while in its folder, where it has to be able to write until the end. */
export const work = defineTask('systemd.work', {
  kwargs: z.object({ ms: z.number() }),
  run: async ({ kwargs }) => {
    const until = Date.now() + kwargs.ms;
    for (let step = 0; Date.now() < until; step += 1) {
      writeFileSync(`step-${step}`, '');
      await pause(100);
    }
    return 'worked';
  },
});
