// Gives a process without a home one, before anything asks for it: an account that is in no list of users, as in a container, may
// have no HOME either, and what the command line is built on cannot be loaded then. Old syntax on purpose, as in run.js.
import { homedir } from 'node:os';

try {
  homedir();
} catch (error) {
  if (error.code !== 'ERR_SYSTEM_ERROR') throw error;
  process.env.HOME = '/';
}
