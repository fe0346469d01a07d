import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Where so many threads for each processor want to run, each gets too little to be done soon. */
const CROWD = 4;

const PROCESSORS = cpus().length; // of the host, whose threads are counted

/** Whether many more threads of this host want to run in this moment than it has processors. Not known but on Linux. */
export function isHostCrowded(): boolean {
  try {
    return Number(readFileSync('/proc/loadavg', 'latin1').split(/[ /]/, 4)[3]) > CROWD * PROCESSORS;
  } catch {
    return false;
  }
}
