import * as Flags from '@oclif/core/flags';

/** Of commands that change something: for whom, in the log. */
export const actorFlag = Flags.string({
  helpValue: 'NAME',
  env: 'PULP_ACTOR',
  summary:
    'Who stands in the log as who did it, if this login may speak for others. Default: PULP_ACTOR, else the login.',
  parse: (name) => {
    process.env['PULP_ACTOR'] = name;
    return Promise.resolve(name);
  },
});
