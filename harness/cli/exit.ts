/** How the command line ends: one sentence on stderr where something went wrong, and the exit code that says what. */
import { CommanderError } from 'commander';
import { AbortedError, EnvironmentError, messageOf, UsageError } from '../model/errors.ts';
import { EXIT, type ExitCode } from '../model/verdict.ts';

/** Runs a command line to its exit code. */
export async function runCommandLine(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its own sentence; its help and version are no errors.
      process.exitCode = error.exitCode === 0 ? EXIT.held : EXIT.rig;
      return;
    }
    console.error(`tripcurve: ${sentenceFor(error)}`);
    process.exitCode = exitCodeFor(error);
  }
}

/** The exit code that an error stands for. */
export function exitCodeFor(error: unknown): ExitCode {
  return error instanceof AbortedError ? EXIT.aborted : EXIT.rig;
}

/** One sentence; with the stack only where the mistake is ours. */
export function sentenceFor(error: unknown): string {
  if (error instanceof UsageError || error instanceof EnvironmentError || error instanceof AbortedError)
    return messageOf(error);
  return `a mistake of its own: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
