import { PulpError } from '../../errors.ts';
import { MARK_VARIABLE } from '../../processes/task-process.ts';

/** Names the variables of the worker that code of tasks gets beside those that it always gets, separated by commas. */
const TASK_ENV_VARIABLE = 'PULP_TASK_ENV';

/** The database login of the code of tasks, which is their `DATABASE_URL`. */
const TASK_DATABASE_VARIABLE = 'PULP_TASK_DATABASE_URL';

/** Names as secrets have them: where none is named for tasks, they get all other variables. */
const LOOKS_SECRET = /PASS|SECRET|TOKEN|CREDENTIAL|KEY|AUTH|_URL$|_URI$|DSN$|PROXY$|^PG|^AWS_/i;

/** What code of tasks always gets: what programs need to run at all, and to speak the user's language. */
const ALLOWED =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|TEMP|TMP|(NO|FORCE)_COLOR|LD_LIBRARY_PATH|NODE_(ENV|OPTIONS|PATH|EXTRA_CA_CERTS|COMPILE_CACHE|V8_COVERAGE)|SSL_CERT_(FILE|DIR)|PULP_LOG_LEVEL|SYSTEMROOT|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA|USERPROFILE)$/i;

/**
 * What code of tasks never gets: the keys and the login of the worker, and systemd's, which would take what it says for the
 * worker's word.
 */
const WITHHELD: ReadonlySet<string> = new Set([
  'DATABASE_URL',
  'PULP_SECRET_KEYS',
  TASK_DATABASE_VARIABLE,
  'PGPASSWORD',
  'PGPASSFILE',
  'PGSERVICE',
  'PGSERVICEFILE',
  MARK_VARIABLE,
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
]);

/** A name, or what names begin with and a star. */
const NAMING = /^[A-Za-z_][A-Za-z0-9_]*\*?$|^\*$/;

/**
 * The names that `PULP_TASK_ENV` lists.
 *
 * @throws PulpError INVALID_INPUT for what is no name of a variable, or of one that is withheld
 */
function namedForTasks(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const names = (environment[TASK_ENV_VARIABLE] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  for (const name of names) {
    if (!NAMING.test(name)) throw refusal(`${JSON.stringify(name)} is no name of a variable`);
    if (WITHHELD.has(name)) throw refusal(`${name} is never given to the code of tasks`);
  }
  return names;
}

/** The variables of this process that tasks do not get as they are. @throws as `namedForTasks` */
export function withheldFromTasks(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const given = taskEnvironment('', environment);
  return Object.keys(environment).filter(
    (name) => name !== MARK_VARIABLE && environment[name] !== given[name],
  );
}

/** From now on, tasks get these variables, too. @throws as `namedForTasks` */
export function allowForTasks(names: readonly string[]): void {
  if (names.length > 0)
    process.env[TASK_ENV_VARIABLE] = [process.env[TASK_ENV_VARIABLE] ?? '', ...names].join(',');
  namedForTasks();
}

/** The environment of a process for tasks, of its worker's one. @throws as `namedForTasks` */
export function taskEnvironment(
  mark: string,
  environment: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const named = namedForTasks(environment);
  const isNamed = (name: string) =>
    (named.length === 0 && !LOOKS_SECRET.test(name)) ||
    named.some((naming) => (naming.endsWith('*') ? name.startsWith(naming.slice(0, -1)) : name === naming));
  const given = Object.entries(environment).filter(
    ([name]) => !WITHHELD.has(name) && (ALLOWED.test(name) || isNamed(name)),
  );
  const database = environment[TASK_DATABASE_VARIABLE] ?? '';
  return {
    ...Object.fromEntries(given),
    ...(database !== '' && { DATABASE_URL: database }),
    [MARK_VARIABLE]: mark,
  };
}

function refusal(problem: string): PulpError {
  return new PulpError('INVALID_INPUT', `${TASK_ENV_VARIABLE}: ${problem}`, {
    remedy:
      'Name variables, separated by commas, such as HTTPS_PROXY,AWS_*. A database login for tasks is PULP_TASK_DATABASE_URL.',
    exitCode: 2,
  });
}
