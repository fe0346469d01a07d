import { execFile } from 'node:child_process';
import { PulpError } from '../errors.ts';

/** What systemd takes for the name of an account, or its number; and what can be part of a folder's name. */
const NAME = /^[a-zA-Z0-9_][\w.-]*\$?$/;

/** What is wrong with an account that services are to run as, if anything is. */
export async function accountProblem(account: string | undefined): Promise<PulpError | undefined> {
  if (account === undefined || (NAME.test(account) && (await exists(account)))) return undefined;
  return new PulpError('NO_ACCOUNT', `there is no account ${JSON.stringify(account)} on this machine`, {
    remedy: 'Make it first, such as by `useradd --system`, or leave out --run-as.',
    exitCode: 2,
  });
}

/** By the program `id`, which asks all that the machine takes accounts from. Without it, systemd will tell. */
function exists(account: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('id', ['-u', '--', account], (error) => {
      resolve(error === null || error.code === 'ENOENT');
    });
  });
}
