/** Carries out an operation of the config: a command to its end, or something with the target's processes. */
import type { Operation } from '../model/config.ts';
import { within } from '../model/deadline.ts';
import { type Child, endOf } from './child.ts';
import type { Target } from './target.ts';

/**
 * @param spawn starts the command of an operation
 * @returns the last lines a command printed
 * @throws EnvironmentError where it fails or takes longer than `limitMs`
 */
export async function carryOutOperation(
  operation: Operation,
  { name, limitMs, target, spawn }: OperationOptions,
): Promise<string> {
  if ('command' in operation) return endOf(spawn(operation), name, limitMs);
  const { target: what, start } = operation;
  await within(limitMs, name, what === 'restart' ? target.restart(start) : target.roll(start));
  return '';
}

export interface OperationOptions {
  readonly name: string;
  readonly limitMs: number;
  readonly target: Target;
  spawn(command: Extract<Operation, { command: unknown }>): Child;
}
