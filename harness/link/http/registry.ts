/** Every HTTP fault there is. To add one: a file in `faults/`, a line here, and a row in docs/faults.md. */
import type { HttpFaultType } from './fault.ts';
import { embeddingWrong } from './faults/embedding_wrong.ts';
import { httpBodyCut } from './faults/http_body_cut.ts';
import { httpCloseOnReuse } from './faults/http_close_on_reuse.ts';
import { httpHangAfterHeaders } from './faults/http_hang_after_headers.ts';
import { httpHugeBody } from './faults/http_huge_body.ts';
import { httpMalformedJson } from './faults/http_malformed_json.ts';
import { httpSlowFirstByte } from './faults/http_slow_first_byte.ts';
import { httpStatus } from './faults/http_status.ts';
import { httpWrongContentType } from './faults/http_wrong_content_type.ts';
import { httpWrongSchema } from './faults/http_wrong_schema.ts';
import { llmEmptyChoices } from './faults/llm_empty_choices.ts';
import { llmEvents } from './faults/llm_events.ts';
import { llmFinish } from './faults/llm_finish.ts';
import { llmRateLimit } from './faults/llm_rate_limit.ts';
import { llmSlowTokens } from './faults/llm_slow_tokens.ts';
import { llmStall } from './faults/llm_stall.ts';
import { llmStreamCut } from './faults/llm_stream_cut.ts';
import { llmStreamEnd } from './faults/llm_stream_end.ts';

const all = [
  httpStatus,
  httpSlowFirstByte,
  httpHangAfterHeaders,
  httpCloseOnReuse,
  httpBodyCut,
  httpHugeBody,
  httpWrongContentType,
  httpMalformedJson,
  httpWrongSchema,
  llmRateLimit,
  llmSlowTokens,
  llmStall,
  llmStreamCut,
  llmStreamEnd,
  llmEvents,
  llmEmptyChoices,
  llmFinish,
  embeddingWrong,
];

export const HTTP_FAULTS: ReadonlyMap<string, HttpFaultType> = new Map(
  all.map((fault) => [fault.type, fault]),
);
