#!/usr/bin/env node
import { runCommandLine } from '../harness/cli/exit.ts';
/** Command-line entry: parses, dispatches, and turns errors into one sentence and an exit code. */
import { buildProgram } from '../harness/cli/program.ts';

await runCommandLine(() => buildProgram().parseAsync(process.argv));
