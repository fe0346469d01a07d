import { formatDuration } from '../duration.ts';
import type { Subscription } from '../queries/subscription.ts';
import { formatFacts, formatTable } from './table.ts';

/** Subscriptions, one a line. */
export function subscriptionTable(subscriptions: readonly Subscription[]): string {
  return formatTable(
    ['NAME', 'STATE', 'EVENTS', 'BEHIND', 'GIVEN', 'TO'],
    subscriptions.map((subscription) => [
      subscription.name,
      stateText(subscription),
      filterText(subscription),
      lagText(subscription),
      String(subscription.given),
      subscription.url ?? 'consumers',
    ]),
  );
}

/** All that is known of one subscription. */
export function subscriptionText(subscription: Subscription): string {
  const { failing_since, next_attempt_at, give_up_seconds } = subscription;
  return formatFacts({
    name: subscription.name,
    state: stateText(subscription),
    reason: subscription.reason,
    events: filterText(subscription),
    to: subscription.url ?? 'consumers',
    'given up after': give_up_seconds === null ? undefined : formatDuration(give_up_seconds * 1000),
    owner: subscription.owner,
    cursor: subscription.cursor,
    'read at': subscription.read_at?.toISOString(),
    behind: lagText(subscription),
    given: subscription.given,
    'failing since': failing_since?.toISOString(),
    failures: subscription.failures === 0 ? undefined : subscription.failures,
    'last error': subscription.last_error,
    'next attempt at': next_attempt_at?.toISOString(),
    'changed at': subscription.changed_at.toISOString(),
    'changed by': subscription.changed_by,
    'created at': subscription.created_at.toISOString(),
  });
}

function stateText({ state, failing_since }: Subscription): string {
  return state === 'active' && failing_since !== null ? 'failing' : state;
}

function filterText({ kinds, types, names, stream }: Subscription): string {
  const parts = [
    (types ?? kinds).join(', '),
    names === null ? undefined : `of ${names.join(', ')}`,
    stream === null ? undefined : `of ${stream}`,
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}

function lagText({ lag_events, lag_more, lag_seconds }: Subscription): string {
  if (lag_events === null) return 'unknown';
  if (lag_events === 0) return 'nothing';
  return `${lag_events}${lag_more === true ? ' or more' : ''}, since ${formatDuration((lag_seconds ?? 0) * 1000)}`;
}
