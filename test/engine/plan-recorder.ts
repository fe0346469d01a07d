import type { Client } from 'pg';

/** How one node of a plan that was run reads a table, or throws away what others read. */
export interface TableRead {
  /** `join` if it is one. */
  readonly table: string;
  /** The kind of node, with the index that it uses: `Index Scan by task_pkey`. */
  readonly how: string;
  /** Rows that came out of it or were thrown away in it, in all its loops. */
  readonly rows: number;
  /** The statement that it belongs to, shortened. */
  readonly statement: string;
}

/** A node as auto_explain writes it. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Sees the plan of every statement that functions run in a session; needs a superuser. */
export class PlanRecorder {
  readonly #client: Client;
  #reads: TableRead[] | undefined;

  private constructor(client: Client) {
    this.#client = client;
    client.on('notice', ({ message }) => {
      const [, plan] = /^duration: .*? plan:\n(.*)$/s.exec(message ?? '') ?? [];
      if (plan !== undefined) this.#reads?.push(...readsOf(plan));
    });
  }

  static async attach(client: Client): Promise<PlanRecorder> {
    const recorder = new PlanRecorder(client);
    await client.query(`
      load 'auto_explain';
      set auto_explain.log_analyze = on;
      set auto_explain.log_timing = off;
      set auto_explain.log_nested_statements = on;
      set auto_explain.log_format = 'json';
      set client_min_messages = 'log'`);
    return recorder;
  }

  /** Runs one statement and gives what its functions read. */
  async readsOf(statement: string, values: unknown[] = []): Promise<readonly TableRead[]> {
    const reads: TableRead[] = [];
    await this.#client.query('set auto_explain.log_min_duration = 0');
    this.#reads = reads;
    await this.#client.query(statement, values);
    this.#reads = undefined;
    await this.#client.query('set auto_explain.log_min_duration = -1');
    return reads;
  }
}

function readsOf(written: string): TableRead[] {
  const { 'Query Text': text, Plan: plan } = JSON.parse(written) as { 'Query Text': string; Plan: PlanNode };
  const statement = text.replace(/\s+/g, ' ').trim().slice(0, 120);
  return [...nodesOf(plan)].flatMap((node) => {
    const index = node['Index Name'];
    const removed = node['Rows Removed by Join Filter'];
    const table = removed === undefined ? node['Relation Name'] : 'join';
    if (table === undefined || node['Node Type'] === 'ModifyTable') return [];
    const perLoop =
      removed ??
      node['Actual Rows'] +
        (node['Rows Removed by Filter'] ?? 0) +
        (node['Rows Removed by Index Recheck'] ?? 0);
    const how = index === undefined ? node['Node Type'] : `${node['Node Type']} by ${index}`;
    return [{ table, how, rows: Math.round(perLoop * node['Actual Loops']), statement }];
  });
}

function* nodesOf(plan: PlanNode): Generator<PlanNode> {
  yield plan;
  for (const child of plan.Plans ?? []) yield* nodesOf(child);
}
