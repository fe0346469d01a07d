import * as Args from '@oclif/core/args';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { printable } from '../../cli/printable.ts';
import { prose } from '../../cli/prose.ts';

export default class Why extends DatabaseCommand {
  static override readonly summary = 'Explain why a task does not run, or where its time went.';
  static override readonly description = prose(`
The decisive reason comes first, with what can be done about it: whom it waits for, and on which resource; that it is
delayed; that no worker takes from its queue, knows its type or has a free slot. Then where its time went, span by span.

--json gives all of it as facts; SQL gives the same by pulp.why(task).`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 01992f6e-8f3c-7000-8000-5bd2d31c4f0a',
  ];

  static override readonly args = {
    id: Args.string({ description: 'The id of a task.', required: true, ignoreStdin: true }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(Why);
    const { TaskHandle } = await import('../../tasks/task-handle.ts');
    const { explainTask } = await import('../../queries/why.ts');
    const { whyText } = await import('../../cli/why-text.ts');
    const { workerTtl } = await import('../../worker-ttl.ts');
    const { id } = await new TaskHandle(args.id).read();
    const explanation = await explainTask(id);
    this.log(`Task ${id} (${explanation.name}) is ${explanation.state}.`);
    for (const sentence of whyText(explanation, workerTtl())) this.log(printable(sentence));
    return explanation;
  }
}
