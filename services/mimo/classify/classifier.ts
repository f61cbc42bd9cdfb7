/**
 * The Router: tells by the LLM in which store an answer may lie, with a cache in front. Without the LLM rules
 * tell it instead, marked, and what they say is never kept.
 */
import { normalised } from '../llm/answer-cache.ts';
import type { Chain, Provider } from '../llm/chain.ts';
import type { ChatMessage } from '../llm/client.ts';
import type { LlmLink } from '../policy.ts';
import { isLinkError } from '../resilience/faults.ts';
import type { Part } from '../served.ts';
import type { Trace } from '../trace.ts';
import type { CacheKey, ContentCache } from './content-cache.ts';
import { classifyByRules, STORES, type StoreName } from './rules.ts';

/** One word, with room for a model that adds a full stop or a quotation mark. */
const WORD_TOKENS_MAX = 8;

/** `shared`: somebody else's call for the same was under way; `off`: there is no cache. */
export type CacheUse = 'hit' | 'miss' | 'shared' | 'off';

export interface Classification {
  readonly store: StoreName;
  /** Of the link `llm`: `live`, `backup`, or `rules` where no provider told. */
  readonly part: Part;
  readonly cache: CacheUse;
  /** Since the LLM was asked, in ms. */
  readonly ageMs: number;
}

/** Never fails: without the LLM it answers by rules. */
export type Classify = (query: string, trace: Trace) => Promise<Classification>;

/** What the LLM said. */
export interface Verdict {
  readonly store: StoreName;
  /** Who said it. */
  readonly link: LlmLink;
  readonly part: Part;
}

export interface ClassifierOptions {
  readonly chain: Chain;
  /** Null: every query is a call. */
  readonly cache: ContentCache<Verdict> | null;
  /** For metrics: told once per query. */
  readonly onUse: (use: CacheUse) => void;
}

/** The LLM answered, and not with one of the words: no fault of the link, and no answer either. */
class NoVerdict extends Error {
  override readonly name = 'NoVerdict';
}

export function createClassifier({ chain, cache, onUse }: ClassifierOptions): Classify {
  async function askLlm(query: string, trace: Trace): Promise<Verdict> {
    const request = { messages: promptFor(query), trace, tokensMax: WORD_TOKENS_MAX };
    const { text, part, provider } = await chain.complete(request);
    const said = text.toLowerCase();
    const named = STORES.filter((store) => said.includes(store));
    const [store] = named;
    if (store === undefined || named.length > 1) throw new NoVerdict();
    const verdict = { store, part, link: provider.link };
    cache?.put(keyFor(query, provider.model), verdict);
    return verdict;
  }

  /** Providers whose verdict would be good now: up to the first that would be asked. */
  function providersNow(): readonly Provider[] {
    const first = chain.providers.findIndex(({ guard }) => guard.admits());
    return first === -1 ? chain.providers : chain.providers.slice(0, first + 1);
  }

  async function throughCache(
    known: ContentCache<Verdict>,
    query: string,
    trace: Trace,
  ): Promise<Classification> {
    const providers = providersNow();
    for (const { link, model } of providers) {
      const kept = known.get(keyFor(query, model));
      // Two providers may have the same model; what a backup said is not served once the first is back.
      if (kept?.value.link !== link) continue;
      const { store, part } = kept.value;
      return { store, part, cache: 'hit', ageMs: kept.ageMs };
    }
    const flight = keyFor(query, providers[0]?.model ?? '');
    const { value, isShared } = await known.once(flight, () => askLlm(query, trace));
    return { store: value.store, part: value.part, cache: isShared ? 'shared' : 'miss', ageMs: 0 };
  }

  async function withoutCache(query: string, trace: Trace): Promise<Classification> {
    const { store, part } = await askLlm(query, trace);
    return { store, part, cache: 'off', ageMs: 0 };
  }

  return async (query, trace) => {
    try {
      const classification: Classification =
        cache === null ? await withoutCache(query, trace) : await throughCache(cache, query, trace);
      onUse(classification.cache);
      return classification;
    } catch (error) {
      if (!isLinkError(error) && !(error instanceof NoVerdict)) throw error;
      const use = cache === null ? 'off' : 'miss';
      onUse(use);
      return { store: classifyByRules(query), part: { by: 'rules', ageMs: null }, cache: use, ageMs: 0 };
    }
  };
}

/** Two spellings of one question are one entry. */
function keyFor(query: string, model: string): CacheKey {
  return { kind: 'classification', model, content: normalised(query) };
}

function promptFor(query: string): ChatMessage[] {
  const role =
    'You route questions to the store that may hold the answer: semantic (facts and relations), ' +
    'episodic (what happened and when) or procedural (how something is done). ' +
    `Answer with one word of: ${STORES.join(', ')}.`;
  return [
    { role: 'system', content: role },
    { role: 'user', content: query },
  ];
}
