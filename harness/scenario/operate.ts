/** Carries out an operation of the time line and records it. One that fails is a finding, not an error of the rig. */
import type { Running } from '../environment/environment.ts';
import type { Recorder } from '../history/recorder.ts';
import { messageOf } from '../model/errors.ts';
import type { OperateStep } from '../model/scenario.ts';
import type { Clock } from '../model/time.ts';

export async function operate(
  running: Running,
  { operate: name, withinMs }: OperateStep,
  now: Clock,
  recorder: Recorder,
): Promise<void> {
  const t = now();
  const tell = (printed: string, error: string | null): void =>
    recorder.record({ kind: 'operation', t, endT: now(), name, printed, error });
  try {
    tell((await running.operate?.(name, withinMs)) ?? '', null);
  } catch (error) {
    tell('', messageOf(error));
  }
}
