/** An event as it came. */
export interface Received {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: {
    readonly type: string;
    readonly stream_id: string;
    readonly version: number;
    readonly cursor: string;
  };
}

/** Follows the log as a program does: `await using reader = await EventReader.connect(url, token)`. */
export class EventReader implements AsyncDisposable {
  readonly status: number;
  readonly events: Received[] = [];
  /** Resolves when the stream ends: whether it was closed as one that is complete. */
  readonly ended: Promise<boolean>;
  readonly #leave: AbortController;
  #news = Promise.withResolvers<void>();

  private constructor(response: Response, leave: AbortController) {
    this.status = response.status;
    this.#leave = leave;
    this.ended = this.#read(response).then(
      () => true,
      () => false,
    );
  }

  static async connect(
    url: string,
    token: string,
    { query = '', lastEventId = '' } = {},
  ): Promise<EventReader> {
    const leave = new AbortController();
    const response = await fetch(`${url}/api/v1/events/stream?${query}`, {
      headers: {
        authorization: `Bearer ${token}`,
        ...(lastEventId !== '' && { 'last-event-id': lastEventId }),
      },
      signal: leave.signal,
    });
    return new EventReader(response, leave);
  }

  /** Waits until so many have come. */
  async until(count: number): Promise<readonly Received[]> {
    while (this.events.length < count) {
      this.#news = Promise.withResolvers();
      const isOver = await Promise.race([this.#news.promise.then(() => false), this.ended.then(() => true)]);
      if (isOver && this.events.length < count)
        throw new Error(`it ended after ${this.events.length} events`);
    }
    return this.events;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave.abort();
    await this.ended;
  }

  async #read(response: Response): Promise<void> {
    if (response.body === null) return;
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = new Map(
          block
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        const data = fields.get('data');
        if (data !== undefined)
          this.events.push({
            id: fields.get('id'),
            event: fields.get('event'),
            data: JSON.parse(data) as Received['data'],
          });
      }
      this.#news.resolve();
    }
  }
}
