// Gives a process of an account that is in no list of accounts, as in a container or under systemd, what the command line is
// built on asks for when it is loaded: a home and a shell.
import { homedir, userInfo } from 'node:os';

setUnlessKnown('HOME', '/', homedir);
setUnlessKnown('SHELL', '/bin/sh', userInfo);

function setUnlessKnown(name, value, lookUp) {
  if (process.env[name]) return;
  try {
    lookUp();
  } catch {
    process.env[name] = value;
  }
}
