import type { FailureGroup } from '../../queries/activity.ts';
import { read } from '../api/client.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { Problem } from '../parts/problem.tsx';
import { TaskLink } from '../parts/task-link.tsx';
import { Ago, Moment } from '../parts/time.tsx';
import { WindowChoice, chosenWindow } from '../parts/window-choice.tsx';
import { counted } from '../parts/words.ts';
import { hrefTo } from '../router.ts';
import { useLive } from '../use-live.ts';
import { presentMs } from '../clock.ts';

/** What failed, failures that are alike together. */
export function Failures() {
  const { seconds, name, pauseMs } = chosenWindow();
  const { data, error } = useLive(
    `failures ${seconds} ${at.value ?? ''}`,
    (signal) =>
      read<{ groups: readonly Wire<FailureGroup>[] }>(
        'failures',
        { window: seconds, until: at.value },
        signal,
      ),
    { isPast: at.value !== undefined, isTouchedBy: ({ type }) => type === 'TaskFailed', pauseMs },
  );
  const [first] = data?.groups ?? [];
  const end = at.value === undefined ? presentMs() : Date.parse(at.value);
  const isCut = first !== undefined && Date.parse(first.looked_back_to) > end - seconds * 1000 + 60_000;
  return (
    <section aria-labelledby="title">
      <div class="heading">
        <h1 id="title">Failures</h1>
        <WindowChoice />
        <a class="actions" href={hrefTo('/tasks', { state: 'failed' })}>
          All failed tasks
        </a>
      </div>
      {error !== undefined && <Problem error={error} />}
      {isCut && (
        <p class="hint">
          So much happened that failures were looked for no farther back than{' '}
          <Moment time={first.looked_back_to} />.
        </p>
      )}
      {data?.groups.length === 0 && <p class="empty card">Nothing failed in the last {name}.</p>}
      <ul class="cards">
        {data?.groups.map((group) => (
          <li class="card failure" key={`${group.code} ${group.signature}`}>
            <strong class="failure-count">{counted(group.failures, 'failure')}</strong>
            <div>
              <p class="signature">{group.signature}</p>
              <p class="hint">
                <a href={hrefTo('/tasks', { state: 'failed', error_code: group.code })}>
                  <code>{group.code}</code>
                </a>{' '}
                ·{' '}
                {group.names?.map((type) => (
                  <a key={type} href={hrefTo('/tasks', { name: type, state: 'failed' })}>
                    {type}{' '}
                  </a>
                ))}
                · last <Ago time={group.last_at} />, first <Ago time={group.first_at} />
              </p>
              <p>
                Latest: {group.latest_message.slice(0, 300)}{' '}
                {group.latest_ids.map((id) => (
                  <TaskLink key={id} id={id} />
                ))}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
