/** What rig and guardian say to each other: a line of JSON each, over the pipe that they share. */
import { z } from 'zod';
import { Entry } from './journal.ts';

export const ToGuardian = z.union([
  /** Known and answered before the rig acts. */
  z.object({ say: z.literal('enter'), id: z.int(), entry: Entry }),
  z.object({ say: z.literal('here') }),
  /** Everything is lifted: go. */
  z.object({ say: z.literal('bye') }),
]);
export type ToGuardian = z.infer<typeof ToGuardian>;

export const FromGuardian = z.union([
  z.object({ say: z.literal('entered'), id: z.int() }),
  /** The rig fell silent; should it speak again, its faults are gone. */
  z.object({ say: z.literal('lifting'), why: z.string() }),
]);
export type FromGuardian = z.infer<typeof FromGuardian>;

/** The rig says that it is there this often, ms. */
export const HERE_EVERY_MS = 400;
/** Silent for so long it is taken for dead, ms; the same lease as in Compose. */
export const SILENT_MS = 1_500;
