/**
 * How an answer of the target says from where it was served: by a header, by a field of its JSON, or by its status.
 * Whether it is an answer at all is for the status alone: 2xx is.
 */
import { z } from 'zod';

export const ServedConfig = z
  .strictObject({
    /** Header with the way the answer was served; `live` is the healthy one. */
    header: z.string().min(1).optional(),
    /** The same as a field of a JSON answer, by its path, such as `meta.source`. */
    json: z.string().min(1).optional(),
    /** The same by the status, such as `{ 203: 'cached' }`; looked at first, and a status that is not here tells nothing. */
    status: z.record(z.string().regex(/^2\d\d$/, 'must be a status from 200 to 299'), z.string()).default({}),
    /**
     * What the target's own words stand for, such as `{ MISS: 'live', HIT: 'cached' }` or, for a JSON field that is
     * true or false, `{ false: 'live', true: 'cached' }`. A word that is not here stands for itself.
     */
    ways: z.record(z.string(), z.string()).default({}),
    /** Header per link, with `{{link}}` for its name. */
    perLinkHeader: z.string().optional(),
    /** Header with the age of what was served, in ms. */
    ageMsHeader: z.string().optional(),
    /** The same as a field of a JSON answer. */
    ageMsJson: z.string().min(1).optional(),
  })
  .refine(
    ({ header, json, status }) =>
      header !== undefined || json !== undefined || Object.keys(status).length > 0,
    'needs a header, a json path or a status to read',
  );
export type ServedConfig = z.infer<typeof ServedConfig>;
