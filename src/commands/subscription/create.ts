import { readFile } from 'node:fs/promises';
import * as Flags from '@oclif/core/flags';
import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { checkEventTypes } from '../../cli/event-types.ts';
import { LOG_PLACE, parseLogPlace } from '../../cli/log-place.ts';
import { prose } from '../../cli/prose.ts';
import { subscriptionArgs } from '../../cli/subscription-args.ts';
import { SUBSCRIPTION_KINDS } from '../../constants.ts';
import { PulpError } from '../../errors.ts';

export default class Create extends DatabaseCommand {
  static override readonly summary = 'Have every event of some kind given to somebody.';
  static override readonly description = prose(`
The database keeps how far the subscription has come. Without --to, consumers fetch its events: \`pulp.consume\` in SQL, \`consume\` in
TypeScript, in the transaction in which they write what they make of them, so that each event has its effect exactly once.

With --to, the leader sends them there, by POST and in order, each at least once. Messages are signed as the Standard Webhooks say, with
a secret that is printed alone on stdout, once. For operators. What is not taken is sent again, less and less often; when that
has gone on for the time of --give-up, the subscription stops where it is until it is resumed.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> billing --type TaskCompleted --name invoice.make',
    '<%= config.bin %> <%= command.id %> alarm --to https://example.org/hook --type TaskFailed --from 1h',
  ];

  static override readonly args = subscriptionArgs;

  static override readonly flags = {
    to: Flags.string({ helpValue: 'URL', summary: 'Send them there. Default: they are fetched.' }),
    type: Flags.string({
      helpValue: 'TYPE',
      summary: 'Of this type, such as TaskFailed; can be repeated.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    name: Flags.string({
      helpValue: 'NAME',
      summary: 'Of tasks of this task type; can be repeated.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    kind: Flags.option({
      options: SUBSCRIPTION_KINDS,
      helpValue: 'KIND',
      summary: `About a ${SUBSCRIPTION_KINDS.join(', ')}; can be repeated.`,
      multiple: true,
      multipleNonGreedy: true,
    })(),
    stream: Flags.string({ helpValue: 'ID', summary: 'Of one task or one worker: its id or name.' }),
    from: Flags.string({
      helpValue: LOG_PLACE,
      summary: 'After this position, or since a time in ISO 8601 or 1h ago.',
      default: 'now',
    }),
    'secret-file': Flags.string({
      helpValue: 'FILE',
      summary: 'The secret to sign with. Default: one is made.',
      dependsOn: ['to'],
    }),
    'give-up': Flags.string({
      helpValue: '1d',
      summary: 'For how long sending may fail before it stops. Default: a day.',
      dependsOn: ['to'],
    }),
    actor: actorFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Create);
    const { type: types, name: names, kind: kinds, stream, to: url, 'give-up': giveUp } = flags;
    await checkEventTypes(types ?? []);
    const from = parseLogPlace(flags.from, '--from');
    const given = flags['secret-file'] === undefined ? undefined : await secretIn(flags['secret-file']);
    const { createSubscription } = await import('../../subscriptions/subscribing.ts');
    const { readSubscription } = await import('../../queries/subscription.ts');
    const secret = await createSubscription(args.name, {
      ...{ types, names, kinds, stream, from, url, giveUp, secret: given },
    });
    const subscription = await readSubscription(args.name);
    this.log(secret ?? `${args.name} begins after ${subscription.cursor}`);
    return { ...subscription, ...(secret !== undefined && { secret }) };
  }
}

async function secretIn(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new PulpError('INVALID_INPUT', `--secret-file: ${JSON.stringify(file)} cannot be read`, {
      remedy: 'Give a file that holds the secret alone.',
      exitCode: 2,
      cause: error,
    });
  }
}
