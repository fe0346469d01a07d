import type { ResourceContention } from '../../queries/resource.ts';
import { read } from '../api/client.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { Problem } from '../parts/problem.tsx';
import { LinesThen } from '../parts/resource-lines.tsx';
import { ResourceLink, TaskLink } from '../parts/task-link.tsx';
import { WindowChoice, chosenWindow } from '../parts/window-choice.tsx';
import { spanText } from '../parts/words.ts';
import { useLive } from '../use-live.ts';

/** How many resources are shown. */
const SHOWN = 100;

/** Resources: which cost the most waiting; of the past, who held and who waited. */
export function Resources() {
  if (at.value === undefined) return <Contention />;
  return (
    <section aria-labelledby="title">
      <h1 id="title">Resources</h1>
      <div class="panel">
        <LinesThen at={at.value} />
      </div>
    </section>
  );
}

function Contention() {
  const { seconds, name, pauseMs } = chosenWindow();
  const { data, error } = useLive(
    `contention ${seconds}`,
    (signal) =>
      read<{ resources: readonly Wire<ResourceContention>[] }>(
        'resources',
        { window: seconds, limit: SHOWN },
        signal,
      ),
    { isTouchedBy: ({ stream_kind }) => stream_kind === 'task', pauseMs },
  );
  return (
    <section aria-labelledby="title">
      <div class="heading">
        <h1 id="title">Resources</h1>
        <WindowChoice />
      </div>
      {error !== undefined && <Problem error={error} />}
      {data?.resources.length === 0 && <p class="empty card">No resource was claimed in the last {name}.</p>}
      {data !== undefined && data.resources.length > 0 && (
        <div class="panel scroll">
          <table>
            <caption class="hidden">Resources by what they cost in waiting in the last {name}</caption>
            <thead>
              <tr>
                <th scope="col">Resource</th>
                <th scope="col">Waiting</th>
                <th scope="col">Waits</th>
                <th scope="col">Longest</th>
                <th scope="col">Busy</th>
                <th scope="col">Held now by</th>
                <th scope="col">In line</th>
              </tr>
            </thead>
            <tbody>
              {data.resources.map((one) => (
                <tr key={one.resource}>
                  <th scope="row">
                    <ResourceLink resource={one.resource} />
                  </th>
                  <td>{spanText(one.waiting)}</td>
                  <td>{one.waits}</td>
                  <td>{spanText(one.longest_wait)}</td>
                  <td>
                    <meter min={0} max={1} value={one.busy} aria-label="Busy" /> {Math.round(one.busy * 100)}{' '}
                    %
                  </td>
                  <td>
                    {one.held_by.map(({ id, name: type }) => (
                      <TaskLink key={id} id={id} name={type} />
                    ))}
                    {one.holders > one.held_by.length && ` +${one.holders - one.held_by.length}`}
                  </td>
                  <td>{one.exclusive_in_line + one.shared_in_line}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
