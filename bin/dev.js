#!/usr/bin/env node
// Runs the command line from its sources, without a build.
import './home.js';
import { main } from '../src/cli/main.ts';

await main();
