/**
 * The benchmark: `node test/bench/main.ts [--rounds N] [--tasks N] [--backlog N] [--only NAME…]`.
 * NAME is a contestant, or a scenario of our engine alone.
 *
 * Prints progress on stderr and the report on stdout. Exits 0 when all targets hold, 1 when one was missed or
 * the benchmark failed, 2 on bad flags.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Contestant } from './contestant.ts';
import { graphileWorker, graphileWorkerLocalQueue } from './graphile-worker.ts';
import { pgBossAlone } from './pg-boss-alone.ts';
import {
  pulpCapacity,
  pulpHorses,
  pulpHorsesMany,
  pulpHundredResources,
  pulpInline,
  pulpResources,
} from './pulp-tasking.ts';
import { formatRate, formatReport, judge } from './report.ts';
import { runRounds } from './rounds.ts';
import { formatFigures, isMet, type Figure, type Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { closeConnection } from '../../src/postgres/connection.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { openBenchServer } from './server.ts';
import { targets } from './targets.ts';

const CONTESTANTS: readonly Contestant[] = [
  pgBossAlone(100),
  pgBossAlone(500),
  graphileWorker,
  graphileWorkerLocalQueue,
  pulpInline,
  pulpResources,
  pulpHundredResources,
  pulpCapacity,
  pulpHorses,
  pulpHorsesMany,
];

interface Flags {
  readonly rounds: number;
  readonly tasks: number;
  readonly contestants: readonly Contestant[];
  readonly scenarios: readonly Scenario[];
  readonly backlog: number;
}

function readFlags(): Flags {
  const { values, positionals } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      tasks: { type: 'string', default: '60000' },
      backlog: { type: 'string', default: '1000000' },
      only: { type: 'string', multiple: true, default: [] },
    },
    allowPositionals: true,
  });
  if (positionals.length > 0 && values.only.length === 0) {
    throw new Error(`what is "${positionals[0]}" for? Names of contestants come after --only`);
  }
  return {
    rounds: positiveInteger('--rounds', values.rounds),
    tasks: positiveInteger('--tasks', values.tasks),
    backlog: positiveInteger('--backlog', values.backlog),
    ...chosen([...values.only, ...positionals]),
  };
}

function positiveInteger(flag: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new Error(`${flag} takes a whole number from 1 on, not "${text}"`);
  }
  return number;
}

function chosen(names: readonly string[]): Pick<Flags, 'contestants' | 'scenarios'> {
  const known = [...CONTESTANTS, ...SCENARIOS].map(({ name }) => name);
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined) {
    throw new Error(`there is no contestant or scenario "${stranger}"; there are ${known.join(', ')}`);
  }
  const wanted = ({ name }: { readonly name: string }) => names.length === 0 || names.includes(name);
  return { contestants: CONTESTANTS.filter(wanted), scenarios: SCENARIOS.filter(wanted) };
}

async function bench({ rounds, tasks, contestants, scenarios, backlog }: Flags): Promise<void> {
  const interruption = new AbortController();
  // A second Ctrl-C ends the process at once, because nobody listens to it any more.
  process.once('SIGINT', () => {
    interruption.abort(new Error('interrupted'));
  });

  await using server = await openBenchServer();
  console.log(`Node ${process.version}, ${availableParallelism()} cores, Postgres: ${server.description}`);
  if (contestants.length > 0) {
    const samples = await runRounds(server, contestants, {
      rounds,
      tasks,
      signal: interruption.signal,
      onSample: ({ round, contestant, enqueueRate, drainRate }) => {
        console.error(
          `round ${round}: ${contestant.name} enqueued ${formatRate(enqueueRate)}/s, drained ${formatRate(drainRate)}/s`,
        );
      },
    });
    const verdicts = judge(samples, targets);
    console.log(`\nRounds: ${rounds}\n\n${formatReport(samples, verdicts)}`);
    if (verdicts.some(({ outcome }) => outcome === 'miss')) process.exitCode = 1;
  }

  const figures: Figure[] = [];
  for (const scenario of scenarios) {
    interruption.signal.throwIfAborted();
    console.error(`scenario ${scenario.name}`);
    await using database = await server.createDatabase();
    process.env['DATABASE_URL'] = database.url;
    await migrate(database.url);
    try {
      figures.push(...(await scenario.measure({ backlog, settle: () => database.settle() })));
    } finally {
      await closeConnection();
    }
  }
  if (figures.length > 0) console.log(`\n${formatFigures(figures)}`);
  if (!figures.every(isMet)) process.exitCode = 1;
}

let flags: Flags | undefined;
try {
  flags = readFlags();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
if (flags) await bench(flags);
