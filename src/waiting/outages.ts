import { EventEmitter } from 'node:events';

/** What those who wait for tasks may want to tell: that the database is gone for now, and that it is back. */
export const outages = new EventEmitter<{ lost: [error: Error]; over: [] }>();
