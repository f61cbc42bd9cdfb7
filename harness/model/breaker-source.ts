/**
 * Where the state of a breaker can be read while the target runs. It corroborates: what is true of a breaker is
 * inferred from the wire, and a link without a source is judged all the same.
 */
import { z } from 'zod';
import { BreakerState } from './policy.ts';

/**
 * What the target's words and numbers stand for, where they are not the usual ones: `closed`, `open`, `half-open`
 * in any letters, resilience4j's `FORCED_OPEN`, `DISABLED` and `METRICS_ONLY`, `true` for open, and 0, 1, 2 for
 * closed, open, half-open.
 */
const States = z.record(z.string(), BreakerState).default({});

export const BreakerSource = z.union([
  z.strictObject({
    /** A field of a JSON answer, such as `circuitBreakers.prices.state` of Spring's Actuator. */
    json: z.string().min(1),
    path: z.string().startsWith('/'),
    states: States,
  }),
  z.strictObject({
    /** A Prometheus gauge: its value is the state. */
    metric: z.string().min(1),
    labels: z.record(z.string(), z.string()).default({}),
    /** One series for each state, that of the present one at 1: the label that names the state. */
    stateLabel: z.string().min(1).optional(),
    path: z.string().startsWith('/').default('/metrics'),
    states: States,
  }),
]);
export type BreakerSource = z.infer<typeof BreakerSource>;
