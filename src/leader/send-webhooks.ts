import type { Client } from 'pg';
import type { Log } from '../log.ts';
import { messageOf } from '../postgres/sql-error.ts';
import { sendWebhook } from '../subscriptions/webhook.ts';
import { WebhookNetworks } from '../subscriptions/webhook-networks.ts';
import { openWebhookSecret } from '../subscriptions/webhook-secret.ts';

/** How many messages are under way at once. */
const MOST = 16;

/** How many of these go to webhooks that failed before, at most: those that hang leave room for the others. */
const MOST_FAILING = 8;

/** For how long nobody else sends what is being sent, in seconds: longer than sending takes. */
const LEASE_SECONDS = 30;

/** A message, as `pulp.take_deliveries` gives it. */
interface Delivery {
  readonly name: string;
  readonly url: string;
  readonly realm: string;
  readonly secret: unknown;
  /** Where the subscription was, and where it is after this. */
  readonly cursor: string;
  readonly reached: string;
  /** Until when nobody else sends it, which tells this try from others. */
  readonly lease: string;
  readonly count: number;
  readonly body: string;
}

/** What a sender is made with. */
export interface WebhookSenderSettings {
  readonly log: Log;
  /** A message is through, or failed: there may be the next. */
  readonly onSettled: () => void;
}

/** Sends what subscriptions have for webhooks: each of them one message at a time, in the order of the log. */
export class WebhookSender implements Disposable {
  readonly #client: Client;
  readonly #settings: WebhookSenderSettings;
  readonly #end = new AbortController();
  readonly #failing = new Set<string>();
  #underway = 0;

  constructor(client: Client, settings: WebhookSenderSettings) {
    this.#client = client;
    this.#settings = settings;
  }

  /** Begins to send what there is; says whether there is anybody to send to at all. Does not wait for receivers. */
  async look(): Promise<boolean> {
    if (this.#underway >= MOST) return true;
    const { rows } = await this.#client.query<{ deliveries: readonly Delivery[]; more: boolean }>({
      name: 'take deliveries',
      text: 'select deliveries, more from pulp.take_deliveries($1, $2, $3)',
      values: [MOST - this.#underway, LEASE_SECONDS, MOST_FAILING],
    });
    const { deliveries = [], more = false } = rows[0] ?? {};
    for (const delivery of deliveries) void this.#deliver(delivery);
    return more;
  }

  /** What is under way is broken off: it is sent again by who leads next. */
  [Symbol.dispose](): void {
    this.#end.abort();
  }

  async #deliver(delivery: Delivery): Promise<void> {
    this.#underway += 1;
    const error = await this.#send(delivery);
    this.#underway -= 1;
    if (this.#end.signal.aborted) return;
    try {
      await this.#settle(delivery, error);
    } catch (thrown) {
      this.#settings.log.warn(
        { err: thrown },
        `what became of a message to ${delivery.name} could not be recorded; it is sent again`,
      );
    }
    this.#settings.onSettled();
  }

  /** Gives why it was not taken; null: it was. */
  async #send({ name, url, realm, secret, cursor, reached, body }: Delivery): Promise<string | null> {
    try {
      await sendWebhook(
        {
          url,
          body,
          secret: openWebhookSecret(secret, name, realm),
          id: `${name}.${cursor}.${reached}`.replaceAll(':', '-'),
        },
        new WebhookNetworks(),
        { signal: this.#end.signal },
      );
      return null;
    } catch (error) {
      return error instanceof Error ? messageOf(error) : String(error);
    }
  }

  async #settle({ name, cursor, reached, lease, count }: Delivery, error: string | null): Promise<void> {
    const { rows } = await this.#client.query<{ stopped: boolean }>({
      name: 'settle delivery',
      text: 'select stopped from pulp.settle_delivery($1, $2, $3, $4, $5, $6)',
      values: [name, cursor, reached, count, error, lease],
    });
    const { log } = this.#settings;
    if (error === null) {
      if (this.#failing.delete(name))
        log.info({ subscription: name }, `webhook ${name} takes messages again`);
    } else if (rows[0]?.stopped === true) {
      this.#failing.delete(name);
      log.error({ subscription: name }, `webhook ${name} has failed for too long and is stopped: ${error}`);
    } else if (!this.#failing.has(name)) {
      this.#failing.add(name);
      log.warn(
        { subscription: name },
        `webhook ${name} fails and is tried again, less and less often: ${error}`,
      );
    }
  }
}
