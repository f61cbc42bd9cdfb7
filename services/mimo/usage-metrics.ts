/** The numbers about LLM answers, caches and MCP calls; part of what `createMetrics` exports. */
import { Counter, type Registry } from 'prom-client';
import type { CacheUse } from './classify/classifier.ts';
import type { Completion } from './llm/client.ts';
import { MCP_TOOLS, type McpTool } from './mcp/tool-names.ts';
import type { LlmLink } from './policy.ts';

const TOKENS_PER_PRICE = 1_000_000;

const MCP_OUTCOMES = ['ok', 'degraded', 'error'] as const;
/** How an MCP tool call ended. `degraded`: with an answer that is marked. */
export type McpOutcome = (typeof MCP_OUTCOMES)[number];

/** US dollars per million tokens. */
export interface Prices {
  readonly link: LlmLink;
  readonly promptUsdPerMillion: number;
  readonly completionUsdPerMillion: number;
}

export interface UsageMetrics {
  /** An answer of a provider, with the tokens it tells. */
  answered(prices: Prices, completion: Completion): void;
  /** Makes the series of a provider before its first answer. */
  provider(link: LlmLink): void;
  classified(use: CacheUse): void;
  mcpCall(tool: McpTool, outcome: McpOutcome): void;
}

export function createUsageMetrics(registry: Registry): UsageMetrics {
  const registers = [registry];
  const answers = new Counter({
    name: 'mimo_llm_answers_total',
    help: 'Answers of the LLM by link and by how they ended: stop, length, filtered or abandoned.',
    labelNames: ['link', 'finish'],
    registers,
  });
  const tokens = new Counter({
    name: 'mimo_llm_tokens_total',
    help: 'Tokens by link and kind, as the provider counted them.',
    labelNames: ['link', 'kind'],
    registers,
  });
  const cost = new Counter({
    name: 'mimo_llm_cost_usd_total',
    help: 'Price of these tokens in US dollars, by link; 0 where no price is configured.',
    labelNames: ['link'],
    registers,
  });
  const unmetered = new Counter({
    name: 'mimo_llm_unmetered_total',
    help: 'Answers whose tokens the provider did not tell, by link: their price is missing above.',
    labelNames: ['link'],
    registers,
  });
  const lookups = new Counter({
    name: 'mimo_classifier_lookups_total',
    help: 'Classifications by use of the cache: hit, miss, shared (another call was under way) or off.',
    labelNames: ['use'],
    registers,
  });
  for (const use of ['hit', 'miss', 'shared', 'off']) lookups.inc({ use }, 0);
  const mcpCalls = new Counter({
    name: 'mimo_mcp_calls_total',
    help: 'MCP tool calls by tool and outcome: ok, degraded or error.',
    labelNames: ['tool', 'outcome'],
    registers,
  });
  for (const tool of MCP_TOOLS) {
    for (const outcome of MCP_OUTCOMES) mcpCalls.inc({ tool, outcome }, 0);
  }

  return {
    answered({ link, promptUsdPerMillion, completionUsdPerMillion }, { finish, usage }) {
      answers.inc({ link, finish });
      if (usage === null) {
        unmetered.inc({ link });
        return;
      }
      const { promptTokens, completionTokens } = usage;
      tokens.inc({ link, kind: 'prompt' }, promptTokens);
      tokens.inc({ link, kind: 'completion' }, completionTokens);
      const usd = promptTokens * promptUsdPerMillion + completionTokens * completionUsdPerMillion;
      cost.inc({ link }, usd / TOKENS_PER_PRICE);
    },
    provider(link) {
      for (const finish of ['stop', 'length', 'filtered', 'abandoned']) answers.inc({ link, finish }, 0);
      for (const kind of ['prompt', 'completion']) tokens.inc({ link, kind }, 0);
      cost.inc({ link }, 0);
      unmetered.inc({ link }, 0);
    },
    classified: (use) => lookups.inc({ use }),
    mcpCall: (tool, outcome) => mcpCalls.inc({ tool, outcome }),
  };
}
