#!/usr/bin/env node
/** Command-line entry: parses, dispatches, and turns errors into one sentence and an exit code. */
import { enableCompileCache } from 'node:module';

enableCompileCache(); // must come before the rest is loaded, hence the dynamic imports
const { runCommandLine } = await import('../harness/cli/exit.ts');
const { buildProgram } = await import('../harness/cli/program.ts');

await runCommandLine(() => buildProgram().parseAsync(process.argv));
