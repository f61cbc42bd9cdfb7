/** `http_wrong_schema`: valid JSON of another shape than the target knows. */
import { z } from 'zod';
import { defineHttpFault } from '../fault.ts';
import { jsonObject } from '../json-answer.ts';

const Attributes = z.strictObject({
  /** The answer one level deeper, under `data`; an empty object; or every value null. */
  how: z.enum(['wrapped', 'empty', 'nulls']).default('wrapped'),
});

export const httpWrongSchema = defineHttpFault<z.infer<typeof Attributes>>({
  type: 'http_wrong_schema',
  about: 'a JSON object of another shape: wrapped in an object, empty, or with nulls for values',
  attributes: Attributes,
  act: (_request, { how }) => ({
    do: 'filter',
    filter: (sink) =>
      jsonObject(
        sink,
        () => true,
        (body) => {
          if (how === 'wrapped') return JSON.stringify({ data: body });
          if (how === 'empty') return '{}';
          return JSON.stringify(body, (key, value: unknown) => (key === '' ? value : null));
        },
      ),
  }),
});
