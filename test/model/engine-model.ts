import { isDeepStrictEqual } from 'node:util';
import type { TaskState, WorkerState } from '../../src/constants.ts';

/**
 * The engine as the design describes it, in memory and by brute force: no lists of what is to be looked at, no queues to
 * keep in step. A task that may have a resource, be delivered or be started is found by looking at all tasks.
 */

export interface Claim {
  readonly resource: string;
  readonly mode: 'exclusive' | 'shared';
  /** What a shared one takes of a resource that has a capacity. */
  readonly units: number;
}

/** What claims resources: a task, or a hold. */
interface Claimant {
  readonly claims: readonly Claim[];
  place: Place;
}

/** What a caller asks for. */
export interface Content {
  readonly name: string;
  readonly queue: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly exclusive: readonly string[];
  readonly shared: readonly string[];
  /** Of each resource that it shares. */
  readonly units: number;
  readonly priority: number;
  readonly retries: number;
  /** Hours. */
  readonly delay: number;
  /** Whether its type need not be known. */
  readonly unchecked: boolean;
  readonly group: string | null;
  /** Ids of tasks that it comes after; one that does has no delay. */
  readonly after: readonly string[];
  readonly on: 'success' | 'finish';
}

export interface Item {
  readonly id: string;
  readonly content: Content;
}

/** When something happens: in which hour, and after which commands of that hour. */
export interface Time {
  readonly hour: number;
  readonly tick: number;
}

/** Where a task stands on its way. Those that are delivered or in hand hold their claims. */
export type Place =
  | { readonly at: 'deferred'; readonly due: Time }
  | { readonly at: 'awaiting'; readonly after: ReadonlySet<string> }
  | { readonly at: 'in line'; readonly since: number }
  /** `since`: in which tick; of one that was interrupted, in which it was enqueued. */
  | { readonly at: 'delivered'; readonly since: number; readonly due: Time }
  | { readonly at: 'in hand'; readonly session: number }
  /** By a hold. */
  | { readonly at: 'held' }
  | { readonly at: 'the end' };

/** Claims that are asked for without a task. */
export interface ModelHold extends Claimant {
  readonly id: string;
}

export interface ModelTask extends Item, Claimant {
  queue: string;
  priority: number;
  state: TaskState;
  worker: string | null;
  attempt: number;
  lostWorkers: number;
  started: boolean;
  /** In a row. */
  interruptions: number;
  /** In which tick. */
  readonly enqueued: number;
  /** Its latest place in line. */
  line: number | undefined;
  result: unknown;
  error: unknown;
  cancelReason: string | null;
  progress: unknown;
}

export interface ModelWorker {
  readonly name: string;
  /** In the order in which it looks at them. */
  readonly queues: readonly string[];
  readonly types: readonly string[];
  state: WorkerState;
  /** Undefined when the connection is gone. */
  session: number | undefined;
}

export type OnWorkerLoss = 'cancel' | 'retry' | 'fail';

/** How a worker says that a run ended. */
export interface Report {
  readonly id: string;
  readonly outcome: 'completed' | 'failed' | 'canceled' | 'interrupted' | 'snoozed';
  readonly value: unknown;
  readonly retry: boolean;
  /** The last report of the run, if it is told with its end. */
  readonly progress?: unknown;
}

/** A run is not started a fourth time for the loss of its worker. */
const WORKERS_A_TASK_MAY_COST = 2;

export class EngineModel {
  readonly tasks = new Map<string, ModelTask>();
  /** Those that were not released. */
  readonly holds = new Map<string, ModelHold>();
  readonly workers: readonly ModelWorker[];
  /** How many units there are of resources that have a capacity. */
  readonly capacities = new Map<string, number>();
  /** Claims that a session which is not a worker's holds locked. */
  readonly foreignLocks: Claim[] = [];
  /** What is paused: kind and name. */
  readonly pauses = new Set<string>();
  readonly #onWorkerLoss: ReadonlyMap<string, OnWorkerLoss>;
  #now: Time = { hour: 0, tick: 0 };
  #places = 0;

  constructor(workers: readonly ModelWorker[], onWorkerLoss: ReadonlyMap<string, OnWorkerLoss>) {
    this.workers = workers;
    this.#onWorkerLoss = onWorkerLoss;
  }

  /** Why a batch is refused as a whole: the code of its error, or undefined. */
  refusal(items: readonly Item[]): 'PU003' | 'PU004' | 'PU005' | undefined {
    if (items.some(({ content }) => this.isBeyondCapacity(claimsOf(content)))) return 'PU004';
    if (items.some(({ content }) => !content.unchecked && !this.#onWorkerLoss.has(content.name)))
      return 'PU005';
    const contents = new Map([...this.tasks].map(([id, task]) => [id, task.content]));
    for (const { id, content } of items) {
      const earlier = contents.get(id) ?? content;
      if (!isDeepStrictEqual(asked(earlier), asked(content))) return 'PU003';
      contents.set(id, earlier);
    }
    return undefined;
  }

  /** Enqueues a batch that is not refused. What is there already is not enqueued again. */
  enqueue(items: readonly Item[]): void {
    this.#tick();
    for (const { id, content } of items) {
      if (this.tasks.has(id)) continue;
      const task: ModelTask = {
        id,
        content,
        claims: claimsOf(content),
        queue: content.queue,
        priority: content.priority,
        place: { at: 'the end' },
        state: 'waiting',
        worker: null,
        attempt: 0,
        lostWorkers: 0,
        started: false,
        interruptions: 0,
        enqueued: this.#now.tick,
        line: undefined,
        result: null,
        error: null,
        cancelReason: null,
        progress: null,
      };
      this.tasks.set(id, task);
      if (content.after.every((parent) => this.#isMet(parent, content.on) === true))
        this.#wait(task, content.delay);
      else task.place = { at: 'awaiting', after: new Set(content.after) };
    }
  }

  /**
   * The resource manager's work until there is nothing more to do: whose time has come is delivered, or gets in line, in
   * the order given; and who has no conflicting claim before it is granted all it claims. Gives the number granted.
   */
  grant(orderInLine: readonly string[]): number {
    this.#tick();
    for (const { task } of this.due()) if (task.claims.length === 0) this.#deliver(task);
    for (const id of orderInLine) this.#getInLine(this.#task(id));
    const held = this.holdsInLine().filter((hold) => !this.#conflicts(hold) && !this.isPaused(hold));
    const granted = this.line().filter((task) => !this.#conflicts(task) && !this.isPaused(task));
    for (const hold of held) hold.place = { at: 'held' };
    for (const task of granted) this.#deliver(task);
    return granted.length;
  }

  /** Somebody asks for claims without a task. */
  hold(id: string, claims: readonly Claim[]): void {
    this.#tick();
    this.holds.set(id, { id, claims, place: { at: 'in line', since: (this.#places += 1) } });
  }

  release(id: string): void {
    this.#tick();
    this.holds.delete(id);
  }

  /** Undefined: as many as there may be. */
  setCapacity(resource: string, units: number | undefined): void {
    this.#tick();
    if (units === undefined) this.capacities.delete(resource);
    else this.capacities.set(resource, units);
  }

  /** Whether claims ask for more units than there are: such a request is refused. One unit is asked for by no number. */
  isBeyondCapacity(claims: readonly Claim[]): boolean {
    return claims.some(
      ({ mode, units, resource }) =>
        mode === 'shared' && units > 1 && units > (this.capacities.get(resource) ?? Infinity),
    );
  }

  /** A task that waits for no task any more goes on, and one that never can is skipped. */
  judge(): void {
    this.#tick();
    for (let isSettled = false; !isSettled;) {
      isSettled = true;
      for (const task of this.tasks.values()) {
        if (task.place.at !== 'awaiting') continue;
        const ends = [...task.place.after].map((parent) => ({
          parent,
          isMet: this.#isMet(parent, task.content.on),
        }));
        const left = ends.filter(({ isMet }) => isMet !== true);
        if (left.some(({ isMet }) => isMet === false)) this.#end(task, 'skipped', {});
        else if (left.length === 0) task.place = { at: 'deferred', due: this.#now };
        else task.place = { at: 'awaiting', after: new Set(left.map(({ parent }) => parent)) };
        isSettled &&= task.place.at === 'awaiting';
      }
    }
  }

  /** Whose time has come. */
  due(): readonly { readonly task: ModelTask; readonly due: Time }[] {
    return [...this.tasks.values()].flatMap((task) =>
      task.place.at === 'deferred' && this.#isDue(task.place.due) ? [{ task, due: task.place.due }] : [],
    );
  }

  /** All who are in line anywhere, the oldest first. */
  line(): readonly ModelTask[] {
    return [...this.tasks.values()].filter((task) => task.place.at === 'in line').sort(byPlaceInLine);
  }

  holdsInLine(): readonly ModelHold[] {
    return [...this.holds.values()].filter(({ place }) => place.at === 'in line');
  }

  /** What a worker may be given from one of its queues, the next first. Those delivered together are equals. */
  deliverable(
    worker: ModelWorker,
    queue: string,
  ): readonly (ModelTask & { readonly rank: readonly number[] })[] {
    return [...this.tasks.values()]
      .flatMap((task) =>
        task.place.at === 'delivered' &&
        this.#isDue(task.place.due) &&
        !['all ', `queue ${queue}`, `type ${task.content.name}`].some((pause) => this.pauses.has(pause)) &&
        task.queue === queue &&
        worker.types.includes(task.content.name)
          ? [{ ...task, rank: [-task.priority, task.place.since] }]
          : [],
      )
      .sort((a, b) => compareRank(a.rank, b.rank));
  }

  /** Whether another session than this has a lock that the task needs. */
  isLockedOut(id: string, session: number | undefined): boolean {
    const locked = [...this.tasks.values()].flatMap(({ place, claims }) =>
      place.at === 'in hand' && place.session !== session ? claims : [],
    );
    return this.#task(id).claims.some((claim) =>
      [...locked, ...this.foreignLocks].some((other) => inConflict(claim, other)),
    );
  }

  /**
   * Who may be started in the turn that let go of these claims: next in line, with one claim, on one of their resources, of a queue and
   * type of the worker's, and with no lock in the way. The claim is exclusive, or one of a resource with a capacity, of which no more
   * units are handed on than were let go of.
   */
  successors(worker: ModelWorker, letGo: readonly Claim[]): readonly ModelTask[] {
    return this.line().filter(
      (task) =>
        task.claims.length === 1 &&
        task.claims.every((claim) => this.#isHandedOn(claim, task.place, letGo)) &&
        worker.queues.includes(task.queue) &&
        worker.types.includes(task.content.name) &&
        !this.#conflicts(task) &&
        !this.isPaused(task) &&
        !this.pauses.has('all ') &&
        !this.pauses.has(`queue ${task.queue}`) &&
        !this.pauses.has(`type ${task.content.name}`) &&
        !this.isLockedOut(task.id, worker.session),
    );
  }

  /** How many tasks may come next on these claims, at most: one a resource, or one a unit. */
  handedOnAtMost(letGo: readonly Claim[]): number {
    const resources = Map.groupBy(letGo, ({ resource }) => resource);
    return sum(
      [...resources].map(([resource, claims]) =>
        this.capacities.has(resource) ? sum(claims.map((claim) => this.#unitsOf(claim))) : 1,
      ),
    );
  }

  #isHandedOn(claim: Claim, place: Place, letGo: readonly Claim[]): boolean {
    const gone = letGo.filter(({ resource }) => resource === claim.resource);
    if (gone.length === 0) return false;
    if (!this.capacities.has(claim.resource)) return claim.mode === 'exclusive';
    return (
      this.#unitsAhead(claim, place) + this.#unitsOf(claim) <= sum(gone.map((other) => this.#unitsOf(other)))
    );
  }

  /** Whether a resource that it claims is paused. */
  isPaused({ claims }: Pick<ModelTask, 'claims'>): boolean {
    return claims.some(({ resource }) => this.pauses.has(`resource ${resource}`));
  }

  /** Pauses something, or lets it go on; what was put back because of it comes at once. */
  togglePause(kind: string, name: string): void {
    this.#tick();
    const pause = `${kind} ${name}`;
    if (!this.pauses.delete(pause)) {
      this.pauses.add(pause);
      return;
    }
    if (kind !== 'resource') return;
    for (const task of this.tasks.values()) {
      if (
        task.place.at === 'delivered' &&
        task.claims.some(({ resource }) => resource === name) &&
        !this.#isDue(task.place.due)
      )
        task.place = { ...task.place, due: this.#now };
    }
  }

  /** Grants successors their claims. */
  grantSuccessors(ids: readonly string[]): void {
    for (const id of ids) this.#deliver(this.#task(id));
  }

  /** Hands tasks to a worker; those put back come again an hour later. */
  start(worker: ModelWorker, started: readonly string[], putBack: readonly string[]): void {
    this.#tick();
    for (const id of started) {
      const task = this.#task(id);
      task.place = { at: 'in hand', session: worker.session ?? 0 };
      task.state = 'running';
      task.worker = worker.name;
      task.started = true;
      task.attempt += 1;
      task.progress = null;
    }
    for (const id of putBack) {
      const { place } = this.#task(id);
      if (place.at === 'delivered') this.#task(id).place = { ...place, due: this.#in(1) };
    }
  }

  /** The tasks that a worker has in hand. */
  runs(worker: ModelWorker): readonly ModelTask[] {
    return [...this.tasks.values()].filter(
      (task) => task.place.at === 'in hand' && task.worker === worker.name,
    );
  }

  progress(id: string, progress: unknown): void {
    this.#tick();
    this.#task(id).progress = progress;
  }

  /** Records how runs of one worker ended. Gives the state of each. */
  finish(reports: readonly Report[]): ReadonlyMap<string, TaskState> {
    this.#tick();
    for (const report of reports) {
      const task = this.#task(report.id);
      if ('progress' in report) task.progress = report.progress;
      if (task.state === 'canceling' || report.outcome === 'canceled') {
        const hasReason = ['canceled', 'interrupted', 'snoozed'].includes(report.outcome);
        const reason = hasReason ? String(report.value) : null;
        this.#end(task, 'canceled', { cancelReason: task.cancelReason ?? reason });
      } else if (report.outcome === 'completed') {
        this.#end(task, 'completed', { result: report.value, error: null });
      } else if (report.outcome === 'interrupted') {
        this.#requeue(task);
      } else if (report.outcome === 'snoozed') {
        task.attempt -= 1;
        this.#tryAgain(task, task.error, 1);
      } else if (report.retry && task.attempt <= task.content.retries) {
        this.#tryAgain(task, report.value, 1);
      } else {
        this.#end(task, 'failed', { error: report.value });
      }
    }
    return new Map(reports.map(({ id }) => [id, this.#task(id).state]));
  }

  /** Gives the state after it. */
  cancel(id: string, reason: string | null): TaskState {
    this.#tick();
    const task = this.#task(id);
    if (task.state === 'waiting') {
      this.#end(task, 'canceled', { cancelReason: reason });
    } else if (task.state === 'running') {
      task.state = 'canceling';
      task.cancelReason = reason;
    }
    return task.state;
  }

  /** Somebody has a task run again that failed or was canceled. Gives the state after it. */
  retry(id: string): TaskState {
    this.#tick();
    const task = this.#task(id);
    if (task.state === 'failed' || task.state === 'canceled' || task.state === 'skipped') {
      Object.assign(task, { state: 'waiting', worker: null, lostWorkers: 0, cancelReason: null });
      this.#wait(task, 0);
    }
    return task.state;
  }

  /** Gives a task that waits another priority and queue. Gives its state. */
  set(id: string, priority: number | null, queue: string | null): TaskState {
    this.#tick();
    const task = this.#task(id);
    if (task.state !== 'waiting') return task.state;
    task.priority = priority ?? task.priority;
    const isMoved = queue !== null && queue !== task.queue;
    task.queue = queue ?? task.queue;
    if (isMoved && task.place.at === 'delivered') this.#deliver(task);
    return task.state;
  }

  /** A worker is gone; what it had in hand ends as its task types say. Gives how much that was. */
  lose(worker: ModelWorker, normalShutdown: boolean): number {
    this.#tick();
    const lost = this.runs(worker);
    const reason = `Worker ${worker.name} ${normalShutdown ? 'was stopped' : 'has gone missing'}.`;
    const error = { code: 'WORKER_LOST', name: 'Error', message: reason };
    for (const task of lost) {
      const isPoisonous = !normalShutdown && task.lostWorkers >= WORKERS_A_TASK_MAY_COST;
      if (!normalShutdown) task.lostWorkers += 1;
      const wish = this.#onWorkerLoss.get(task.content.name) ?? 'cancel';
      if (task.state !== 'canceling' && normalShutdown && wish === 'retry') {
        this.#requeue(task);
      } else if (task.state === 'canceling' || normalShutdown || wish === 'cancel') {
        this.#end(task, 'canceled', { cancelReason: task.cancelReason ?? reason });
      } else if (wish === 'retry' && !isPoisonous) {
        this.#tryAgain(task, error, 0);
      } else if (wish === 'retry') {
        const message = `${reason} This task has cost 3 workers: it is not tried again.`;
        this.#end(task, 'failed', { error: { ...error, code: 'POISONOUS', message } });
      } else {
        this.#end(task, 'failed', { error });
      }
    }
    worker.state = normalShutdown ? 'offline' : 'missing';
    worker.session = undefined;
    return lost.length;
  }

  /** A worker has another session; its runs go on there. */
  attach(worker: ModelWorker, session: number): void {
    this.#tick();
    for (const task of this.runs(worker)) task.place = { at: 'in hand', session };
    worker.session = session;
  }

  bear(worker: ModelWorker, session: number): void {
    this.#tick();
    worker.state = 'online';
    worker.session = session;
  }

  passHour(): void {
    this.#now = { hour: this.#now.hour + 1, tick: this.#now.tick };
  }

  /** Whether a task is over as one that comes after it wants it; undefined: it is not over. */
  #isMet(parent: string, on: Content['on']): boolean | undefined {
    const { state } = this.#task(parent);
    if (['waiting', 'running', 'canceling'].includes(state)) return undefined;
    return on === 'finish' || state === 'completed';
  }

  #task(id: string): ModelTask {
    const task = this.tasks.get(id);
    if (task === undefined) throw new Error(`the model has no task ${id}`);
    return task;
  }

  #tick(): void {
    this.#now = { hour: this.#now.hour, tick: this.#now.tick + 1 };
  }

  #in(hours: number): Time {
    return { hour: this.#now.hour + hours, tick: this.#now.tick };
  }

  #isDue(time: Time): boolean {
    return compareTime(time, this.#now) <= 0;
  }

  /** Whether claims that are held, or were in line before, leave no room for one of these. */
  #conflicts({ claims, place }: Claimant): boolean {
    const held = this.#claimants().filter(({ place }) => ['delivered', 'in hand', 'held'].includes(place.at));
    return claims.some((claim) => {
      const holders = held.flatMap((other) => onSameResource(claim, other.claims));
      const capacity = this.capacities.get(claim.resource);
      if (capacity === undefined)
        return [...holders, ...this.#ahead(claim, place)].some((other) => inConflict(claim, other));
      const taken = sum(holders.map((other) => this.#unitsOf(other)));
      return taken + this.#unitsAhead(claim, place) + this.#unitsOf(claim) > capacity;
    });
  }

  /** The claims of a claim's resource that came into line before this place. */
  #ahead(claim: Claim, place: Place): readonly Claim[] {
    return this.#claimants()
      .filter((other) => other.place.at === 'in line' && sinceOf(other.place) < sinceOf(place))
      .flatMap((other) => onSameResource(claim, other.claims));
  }

  #unitsAhead(claim: Claim, place: Place): number {
    return sum(this.#ahead(claim, place).map((other) => this.#unitsOf(other)));
  }

  /** What a claim takes of its resource: an exclusive one all that there is. */
  #unitsOf({ mode, units, resource }: Claim): number {
    return mode === 'exclusive' ? (this.capacities.get(resource) ?? Infinity) : units;
  }

  #claimants(): readonly Claimant[] {
    return [...this.tasks.values(), ...this.holds.values()];
  }

  /** Back to where it was, as if it had not been started. */
  #requeue(task: ModelTask): void {
    task.state = 'waiting';
    task.worker = null;
    task.attempt -= 1;
    task.interruptions += 1;
    if (task.line === undefined) this.#deliver(task);
    else task.place = { at: 'in line', since: task.line };
  }

  #tryAgain(task: ModelTask, error: unknown, hours: number): void {
    task.state = 'waiting';
    task.worker = null;
    task.interruptions = 0;
    task.error = error;
    this.#wait(task, hours, true);
  }

  /** When it is due, a task without claims is delivered, and another one gets in line. */
  #wait(task: ModelTask, hours: number, again = false): void {
    if (hours > 0 || again) task.place = { at: 'deferred', due: this.#in(hours) };
    else if (task.claims.length === 0) this.#deliver(task);
    else this.#getInLine(task);
  }

  #getInLine(task: ModelTask): void {
    task.line = this.#places += 1;
    task.place = { at: 'in line', since: task.line };
  }

  #deliver(task: ModelTask): void {
    const since = task.interruptions > 0 ? task.enqueued : this.#now.tick;
    task.place = { at: 'delivered', since, due: this.#now };
  }

  #end(task: ModelTask, state: TaskState, outcome: Partial<ModelTask>): void {
    Object.assign(task, outcome, {
      state,
      interruptions: 0,
      place: { at: 'the end' } satisfies Place,
    });
  }
}

export function compareTime(a: Time, b: Time): number {
  return compareRank([a.hour, a.tick], [b.hour, b.tick]);
}

export function compareRank(a: readonly number[], b: readonly number[]): number {
  return a.map((value, index) => value - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

export function byPlaceInLine(a: Claimant, b: Claimant): number {
  return sinceOf(a.place) - sinceOf(b.place);
}

function sinceOf(place: Place): number {
  return 'since' in place ? place.since : Number.POSITIVE_INFINITY;
}

function inConflict(a: Claim, b: Claim): boolean {
  return a.resource === b.resource && (a.mode === 'exclusive' || b.mode === 'exclusive');
}

function onSameResource(claim: Claim, others: readonly Claim[]): readonly Claim[] {
  return others.filter(({ resource }) => resource === claim.resource);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Each resource once, in the stronger mode that it is claimed in. */
export function claimsOf({
  exclusive,
  shared,
  units,
}: Pick<Content, 'exclusive' | 'shared' | 'units'>): readonly Claim[] {
  const claims = new Map<string, Claim>();
  for (const resource of shared) claims.set(resource, { resource, mode: 'shared', units });
  for (const resource of exclusive) claims.set(resource, { resource, mode: 'exclusive', units: 1 });
  return [...claims.values()].sort((a, b) => (a.resource < b.resource ? -1 : 1));
}

/** What makes two contents the same. */
function asked({ exclusive, shared, units, unchecked: _unchecked, ...rest }: Content): unknown {
  return { ...rest, claims: claimsOf({ exclusive, shared, units }) };
}
