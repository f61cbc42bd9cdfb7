/** A generic HTTP dependency, for those who do not have theirs at hand: it answers what the config tells it to. */
import { z } from 'zod';

export const StubAnswer = z.strictObject({
  /** Left out: any. */
  method: z.string().optional(),
  /** `*` at the end stands for whatever follows. */
  path: z.string().startsWith('/').default('/*'),
  status: z.int().min(200).max(599).default(200),
  headers: z.record(z.string(), z.string()).default({}),
  /** Text as it is; anything else as JSON. `{{path}}` in it is the path that was asked for. */
  body: z.unknown().optional(),
  latencyMs: z.number().min(0).max(60_000).default(0),
});
export type StubAnswer = z.infer<typeof StubAnswer>;

/** The first answer that fits is given; 404 where none does. */
export const StubConfig = z.strictObject({ answers: z.array(StubAnswer).min(1) });
export type StubConfig = z.infer<typeof StubConfig>;
