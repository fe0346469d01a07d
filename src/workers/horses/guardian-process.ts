/**
 * The guardian of a worker or of a command under a hold, see `Guardian`. It is told on stdin, one JSON message a line, see `GuardianMessage`. When stdin
 * ends while the worker's process is gone, it ends all that the worker had started and reports the death. Arguments: the worker's pid.
 */
import { constants, setPriority } from 'node:os';
import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import { Cgroup } from './cgroups/cgroup.ts';
import type { DeathReport, GuardianMessage } from './guardian.ts';
import { leaseMs } from '../../worker-ttl.ts';
import { onEndSignal } from '../../processes/end-signals.ts';
import { hideFromOthers } from '../../processes/first-environment.ts';
import { GUARDED_VARIABLE, killAtOnce, killMarked } from '../../processes/marked-processes.ts';
import { monotonicMs } from '../../processes/monotonic-clock.ts';
import { processStat } from '../../processes/process-stat.ts';

onEndSignal(() => undefined); // meant for the worker; it ends, and then we do

try {
  setPriority(constants.priority.PRIORITY_HIGH); // it has little to do, and no time for it: others wait for what it ends
} catch {
  // not without the right to
}

/** How long the kernel may take from closing a dying process's files to its end, in milliseconds. */
const DYING_MS = 1000;

/** Between two looks at a process, in milliseconds; there is no event to wait for. */
const LOOK_MS = 2;

/** How soon a report that did not get through is tried again, in milliseconds. */
const REPORT_RETRY_MS = 200;

hideFromOthers(['PGPASSWORD']); // from the code of tasks, as its worker does

const worker = Number(process.argv[2]);
const startTime = processStat(worker)?.startTime;
const entry = guardedEntry();
/** Leaders of process groups, and when each was started. */
const leaders = new Map<number, string>();
/** The cgroups of those that have one. */
const cgroups = new Map<number, Cgroup>();
let deathReport: DeathReport | undefined;
let isInlineInHand = false;
let isLeaving = false;
/** What the worker had in hand when it left, by fences. */
let inHand: readonly string[] | undefined;
/** When the worker's runs have to have ended, in milliseconds of the host's monotonic clock. */
let leaseEndsAt = 0;
let leaseEnd: NodeJS.Timeout | undefined;
let begun = '';

process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => {
  const lines = (begun + text).split('\n');
  begun = lines.pop() ?? '';
  for (const line of lines) obey(JSON.parse(line) as GuardianMessage);
});
process.stdin.once('close', () => void onSilence());

function obey(message: GuardianMessage): void {
  switch (message.type) {
    case 'watch':
      leaders.set(message.pid, message.startTime);
      if (message.cgroup !== undefined) cgroups.set(message.pid, new Cgroup(message.cgroup));
      break;
    case 'forget':
      leaders.delete(message.pid);
      cgroups.delete(message.pid);
      break;
    case 'sweep':
      void killMarked(message.entry);
      break;
    case 'inline':
      isInlineInHand = message.isInHand;
      break;
    case 'registered':
    case 'holding':
      deathReport = message;
      break;
    case 'lease':
      leaseEndsAt = message.endsAt;
      awaitLeaseEnd();
      break;
    case 'leaving':
      isLeaving = true;
      inHand = message.inHand;
      isInlineInHand = message.isInlineInHand;
      break;
    case 'through':
      clearTimeout(leaseEnd);
      deathReport = undefined;
      break;
    case 'dismissed':
      process.exit();
  }
}

function awaitLeaseEnd(): void {
  clearTimeout(leaseEnd);
  leaseEnd = setTimeout(() => void onLeaseEnd(), Math.max(0, leaseEndsAt - monotonicMs()));
}

/** It may be this process that stood still: what the worker has said meanwhile is read first. */
async function onLeaseEnd(): Promise<void> {
  await setImmediate();
  await setImmediate();
  if (monotonicMs() < leaseEndsAt) awaitLeaseEnd();
  else if (deathReport !== undefined || isLeaving) onLeaseOver();
}

/** The worker has not ended its runs in time, being stopped or blocked, and others may soon have what they claim. */
function onLeaseOver(): void {
  killHorses();
  if (isInlineInHand) killAtOnce(worker); // nothing else ends code in its own process
}

/**
 * The worker is gone or about to go; or only the thread that spoke to us is: another guardian has taken over then. The process of
 * one that leaves may be a program that goes on: it matters only if code of tasks runs in it.
 */
async function onSilence(): Promise<void> {
  if (!isLeaving) clearTimeout(leaseEnd);
  const deadline = monotonicMs() + DYING_MS;
  while ((!isLeaving || isInlineInHand) && isWorkerThere()) {
    if (monotonicMs() > (isLeaving ? leaseEndsAt + DYING_MS : deadline)) return;
    await pause(LOOK_MS);
  }
  clearTimeout(leaseEnd);
  killHorses();
  const isClean = (await killMarked(entry)).length === 0 && (await areGone());
  if (isClean && deathReport !== undefined) await report(deathReport);
}

function isWorkerThere(): boolean {
  const stat = processStat(worker);
  return stat?.hasEnded === false && stat.startTime === startTime;
}

/** All that the worker had started has to be gone before its claims are released. */
async function areGone(): Promise<boolean> {
  const deadline = performance.now() + leaseMs();
  for (;;) {
    const left = [...leaders].filter(([pid, started]) => {
      const stat = processStat(pid);
      return stat?.hasEnded === false && stat.startTime === started;
    });
    const populated = [...cgroups.values()].filter((cgroup) => cgroup.isPopulated);
    for (const cgroup of populated) cgroup.kill(); // where the kernel kills them one by one, more may have come
    if (left.length === 0 && populated.length === 0) return true;
    if (performance.now() > deadline) return false;
    await pause(LOOK_MS);
  }
}

/** What the dead has claimed is free as soon as this got through; else when its lease runs out. */
async function report(message: DeathReport): Promise<void> {
  const deadline = performance.now() + leaseMs();
  while (performance.now() < deadline) {
    try {
      await (message.type === 'registered' ? reportDeath(message) : letGo(message));
      return;
    } catch {
      // Retried: a row may be held, or the server gone again.
    }
    await pause(REPORT_RETRY_MS);
  }
}

async function reportDeath({ databaseUrl, worker, incarnation }: DeathReport & { type: 'registered' }) {
  const { connectDedicated } = await import('../../postgres/dedicated-client.ts');
  const client = await connectDedicated(databaseUrl, `pulp guardian ${worker}`);
  try {
    await client.query('select pulp.report_worker_death($1, $2, $3, $4)', [
      worker,
      incarnation,
      isLeaving,
      inHand,
    ]);
  } finally {
    await client.end();
  }
}

async function letGo({ databaseUrl, hold, identity }: DeathReport & { type: 'holding' }) {
  const { inDatabase } = await import('../../postgres/current-database.ts');
  const { actingAs } = await import('../../postgres/identity.ts');
  const { mayPass } = await import('../../postgres/sql-error.ts');
  const { releaseHold } = await import('../../tasks/hold-requests.ts');
  const release = () => releaseHold(hold, 'its holder was killed');
  try {
    await inDatabase({ url: databaseUrl }, () => (identity ? actingAs(identity, release) : release()));
  } catch (error) {
    if (mayPass(error)) throw error;
  }
}

function guardedEntry(): string {
  const given = process.env[GUARDED_VARIABLE] ?? '';
  if (given === '') throw new Error(`${GUARDED_VARIABLE} is not set`); // every mark begins with nothing
  return given;
}

function killHorses(): void {
  for (const [pid, started] of leaders) if (isStill(pid, started)) killAtOnce(-pid);
  for (const cgroup of cgroups.values()) cgroup.kill();
  void killMarked(entry);
}

/** Whether the group is the one meant. Its id is not used again while it has members, though its leader be gone. */
function isStill(pid: number, started: string): boolean {
  const leader = processStat(pid);
  return leader === undefined || leader.startTime === started;
}
