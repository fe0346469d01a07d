import { fork, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import type { FromHorse, HorseSettings, ToHorse } from './horse-protocol.ts';
import { failed, type Outcome } from './outcome.ts';
import type { StartedTask } from './session.ts';

const HORSE_FILE = new URL(`./horse${extname(import.meta.url)}`, import.meta.url);

export interface HorsePoolSettings extends HorseSettings {
  /** After how many tasks a horse is replaced; 1 gives each task a fresh process. */
  readonly maxTasksPerHorse: number;
  readonly databaseUrl: string;
}

/** What a run in a horse reports on its way. */
export interface HorseRunEvents {
  onProgress(progress: string): void;
}

/** A run in a horse. */
export interface HorseRun {
  /** How it ended; never rejects. A horse that dies has failed its task. */
  readonly ended: Promise<Outcome>;
  /** Tells the code to end, by its signal and by SIGTERM to the horse's process group. */
  abort(reason: string): void;
  /** Ends the code for good: SIGKILL to the horse's process group. */
  kill(): void;
}

interface Horse {
  readonly process: ChildProcess;
  readonly ready: Promise<void>;
  tasks: number;
}

/** Warm horses: each runs one task at a time and then takes the next one. */
export class HorsePool {
  readonly #settings: HorsePoolSettings;
  readonly #idle: Horse[] = [];
  readonly #all = new Set<Horse>();

  constructor(settings: HorsePoolSettings) {
    this.#settings = settings;
  }

  /** Runs a task in an idle horse, or in a new one. */
  run(task: StartedTask, events: HorseRunEvents): HorseRun {
    const horse = this.#idle.pop() ?? this.#fork();
    horse.tasks += 1;
    let disturbed = false;
    const ended = this.#perform(horse, task, events).then((outcome) => {
      if (disturbed || horse.tasks >= this.#settings.maxTasksPerHorse) this.#discard(horse);
      else if (this.#all.has(horse)) this.#idle.push(horse);
      return outcome;
    });
    return {
      ended,
      abort: (reason) => {
        disturbed = true;
        send(horse, { type: 'abort', reason });
        signalGroup(horse, 'SIGTERM');
      },
      kill: () => {
        disturbed = true;
        signalGroup(horse, 'SIGKILL');
      },
    };
  }

  /** Kills every horse and what it started. */
  kill(): void {
    for (const horse of this.#all) this.#discard(horse);
  }

  async #perform(horse: Horse, task: StartedTask, events: HorseRunEvents): Promise<Outcome> {
    const { process: child } = horse;
    const answer = Promise.withResolvers<Outcome>();
    const onMessage = (message: FromHorse) => {
      if (message.type === 'progress' && message.id === task.id) events.onProgress(message.progress);
      if (message.type === 'ended' && message.id === task.id) answer.resolve(message.outcome);
    };
    const onExit = (code: number | null, signal: NodeJS.Signals | null) => {
      const how = signal === null ? `exited with code ${code ?? 'unknown'}` : `was killed by ${signal}`;
      answer.resolve(failed(new Error(`the process of the task ${how}`), { code: 'HORSE_DIED' }));
    };
    child.on('message', onMessage).once('exit', onExit);
    if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode);
    void horse.ready.then(() => {
      send(horse, { type: 'run', task });
    });
    try {
      return await answer.promise;
    } finally {
      child.off('message', onMessage).off('exit', onExit);
    }
  }

  #fork(): Horse {
    const { maxTasksPerHorse: _, databaseUrl, ...settings } = this.#settings;
    const child = fork(HORSE_FILE, [JSON.stringify(settings)], {
      detached: true, // a process group of its own, so that what the task starts can be killed with it
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, DATABASE_URL: databaseUrl },
    });
    const ready = new Promise<void>((resolve) => {
      child.once('message', () => {
        resolve();
      });
    });
    const horse: Horse = { process: child, ready, tasks: 0 };
    this.#all.add(horse);
    child.on('error', () => undefined); // a send to a dead horse; its exit tells the rest
    child.once('exit', () => {
      this.#all.delete(horse);
      const at = this.#idle.indexOf(horse);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    return horse;
  }

  #discard(horse: Horse): void {
    this.#all.delete(horse);
    signalGroup(horse, 'SIGKILL');
  }
}

function send(horse: Horse, message: ToHorse): void {
  if (horse.process.connected) horse.process.send(message, () => undefined);
}

function signalGroup({ process: child }: Horse, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal); // the group is gone, or not there yet
  }
}
