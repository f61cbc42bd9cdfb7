/** The bundled target: Mimo, a memory service for LLM agents, with its three dependencies behind links. */
import { kindsFor } from './harness/explore/kinds.ts';
import { defineConfig } from './harness/scenario/define.ts';
import { questions } from './scenarios/questions.ts';
import { steadyState } from './scenarios/steady.ts';
import { DECLARED_MUTANTS } from './services/mimo/mutants/declared.ts';

const node = process.execPath;

const postgres = {
  prepare: { command: [node, 'services/mimo/migrate.ts', 'up'] },
  preparedBy: ['services/mimo/migrations/*', 'services/mimo/migrate.ts'],
};

/** A stand-in of ours; its variables change its ways. */
const standIn = (name: string, ways: Record<string, string>) => ({
  protocol: 'http' as const,
  dependency: {
    process: { command: [node, `services/${name}/main.ts`], env: { EXIT_WITH_STDIN: '1', ...ways } },
  },
});

/** A provider of the LLM. */
const llm = standIn('llm', {});

const ask = {
  method: 'POST' as const,
  path: '/v1/mimo/ask',
  body: { query: 'what do you know about {{pick.topic}}?' },
  needs: ['ollama', 'database', 'llm'],
  compare: 'synthesis',
};

/** Audits read the database behind the link of this name, around everything between. */
const audits = (link: string) => ({
  writes: {
    command: [node, 'services/mimo/audit.ts', 'writes'],
    env: { DATABASE_URL: `{{dependency.${link}.url}}` },
  },
  facts: {
    command: [node, 'services/mimo/audit.ts', 'facts'],
    env: { DATABASE_URL: `{{dependency.${link}.url}}` },
  },
  vectors: {
    command: [node, 'services/mimo/audit.ts', 'vectors'],
    env: { DATABASE_URL: `{{dependency.${link}.url}}`, OLLAMA_URL: '{{dependency.ollama.url}}' },
  },
});

/** A command of an operator against the database itself, as a deploy runs it: not through the link. */
const onDatabase = (...command: string[]) => ({
  command: [node, ...command],
  env: { DATABASE_URL: '{{dependency.database.url}}' },
});

/** Mimo's own count of what became of its calls on a link. */
const callsOf = (link: string, outcome: string) => ({
  metric: 'mimo_dependency_calls_total',
  labels: { link, outcome },
  unit: 'calls',
});

/** The image of everything that is ours, and its variable in docker-compose.yml. */
const ours = { variable: 'TRIPCURVE_IMAGE', default: 'tripcurve:local' };

export default defineConfig({
  target: {
    name: 'mimo',
    start: {
      command: [node, 'services/mimo/main.ts'],
      env: {
        DATABASE_URL: '{{link.database.url}}',
        LLM_BASE_URL: '{{link.llm.url}}/v1',
        LLM_MODEL: 'stand-in-1',
        OLLAMA_URL: '{{link.ollama.url}}',
        OLLAMA_MODEL: 'nomic-embed-text',
        MIMO_STATE_DIR: '{{dir}}/mimo-{{instance}}',
        MIMO_EXIT_WITH_STDIN: '1',
        PORT: '0',
      },
    },
    readyPath: '/health/ready',
    resiliencePath: '/resilience',
    readings: {
      memory: { metric: 'process_resident_memory_bytes', unit: 'bytes' },
      queue: { metric: 'mimo_write_queue_depth', unit: 'writes' },
      'in-flight': { metric: 'mimo_requests_in_flight', unit: 'requests' },
      'llm-failures': callsOf('llm', 'failure'),
      'llm-successes': callsOf('llm', 'success'),
      'ollama-failures': callsOf('ollama', 'failure'),
      'llm-breaker': { metric: 'mimo_breaker_state', labels: { link: 'llm' }, unit: 'state' },
      'llm-trips': {
        metric: 'mimo_breaker_transitions_total',
        labels: { link: 'llm', from: 'closed', to: 'open' },
        unit: 'trips',
      },
      'degraded-links': { json: 'degraded.length', path: '/health/ready', unit: 'links' },
      'answers-kept': { metric: 'mimo_cache_entries', labels: { cache: 'answers' }, unit: 'answers' },
    },
    mutantEnv: 'MIMO_MUTANT',
    mutants: DECLARED_MUTANTS,
  },
  profiles: {
    fast: { env: { MIMO_PROFILE: 'fast' } },
    production: { env: { MIMO_PROFILE: 'production' } },
    // Room for few calls at once on each link, so that a small load fills it.
    narrow: { env: { MIMO_PROFILE: 'fast', MIMO_POLICY_FILE: 'scenarios/policies/narrow.json' } },
    // An LLM API that can do forty answers a second and no more, and works on for callers that have gone.
    finite: {
      env: { MIMO_PROFILE: 'fast' },
      links: { llm: standIn('llm', { LLM_SLOTS: '2', LLM_FIRST_TOKEN_MS: '50' }) },
    },
    // An Ollama that loads its model at the first call after a start.
    loading: {
      env: { MIMO_PROFILE: 'fast' },
      links: { ollama: standIn('ollama', { OLLAMA_LOAD_MS: '900' }) },
    },
    // Many tries of the database with long waits between, and a breaker that bears them.
    patient: { env: { MIMO_PROFILE: 'fast', MIMO_POLICY_FILE: 'scenarios/policies/patient.json' } },
    // Answers of the LLM that are good for a moment only.
    forgetful: { env: { MIMO_PROFILE: 'fast', MIMO_POLICY_FILE: 'scenarios/policies/forgetful.json' } },
    // Room for few entries in each cache.
    'small-caches': {
      env: {
        MIMO_PROFILE: 'fast',
        MIMO_ANSWER_CACHE_ENTRIES_MAX: '8',
        MIMO_CLASSIFIER_CACHE_ENTRIES_MAX: '6',
      },
    },
    // Each question is classified by the LLM first, and what is known of it goes stale again and again.
    router: {
      env: { MIMO_PROFILE: 'fast', MIMO_ROUTER: '1', MIMO_CLASSIFIER_CACHE_TTL_MS: '600' },
    },
    // Whatever fills up to a bound is full after a minute or two: what grows after that is a leak.
    soak: {
      env: {
        MIMO_PROFILE: 'fast',
        MIMO_VECTOR_INDEX_ENTRIES_MAX: '500',
        MIMO_ANSWER_CACHE_ENTRIES_MAX: '100',
      },
    },
    // What Mimo calls its database is a PgBouncer, and PostgreSQL stands behind a link of its own.
    pgbouncer: {
      env: { MIMO_PROFILE: 'fast' },
      links: {
        database: {
          protocol: 'postgres',
          dependency: {
            pgbouncer: {
              link: 'postgres',
              settings: {
                pool_mode: 'transaction',
                // Mimo's driver asks for it as it connects, and PgBouncer turns away what it does not know.
                ignore_startup_parameters: 'statement_timeout',
                // In seconds; its own 15 would be most of a short scenario. With a connection to keep it tries by
                // itself; without, the first client after the outage is turned away for it to try.
                server_login_retry: '0.2',
                min_pool_size: '1',
              },
            },
          },
        },
        postgres: { protocol: 'postgres', dependency: { postgres } },
      },
      audits: audits('postgres'),
    },
    // The LLM is a chain of two providers, each behind a link of its own.
    chain: {
      env: { MIMO_PROFILE: 'fast', LLM_2_BASE_URL: '{{link.llm-2.url}}/v1' },
      links: { 'llm-2': llm },
      requests: { ask: { ...ask, needs: [...ask.needs, 'llm-2'] } },
    },
  },
  links: {
    llm,
    ollama: standIn('ollama', {}),
    database: { protocol: 'postgres', dependency: { postgres } },
  },
  requests: {
    ask,
    'ask-stream': {
      method: 'POST',
      path: '/v1/mimo/ask/stream',
      body: { query: 'what do you know about {{pick.topic}}?' },
      needs: ['ollama', 'database', 'llm'],
    },
    // Everybody asks the same.
    'ask-hot': {
      method: 'POST',
      path: '/v1/mimo/ask',
      body: { query: 'what is the talk of the town?' },
      needs: ['ollama', 'database', 'llm'],
      compare: 'synthesis',
    },
    store: {
      method: 'POST',
      path: '/v1/mimo/tool',
      headers: { 'idempotency-key': '{{key}}' },
      body: {
        tool: 'mimo_store_memory',
        arguments: {
          content: 'note {{key}}: {{pick.topic}} was seen near the {{pick.place}}',
          category: 'observation',
        },
      },
      needs: ['ollama', 'database'],
      write: true,
    },
    fact: {
      method: 'POST',
      path: '/v1/mimo/tool',
      headers: { 'idempotency-key': '{{key}}' },
      body: {
        tool: 'store_fact',
        arguments: { subject: '{{key}}', predicate: 'was_seen_near', object: '{{pick.place}}' },
      },
      needs: ['ollama', 'database'],
      write: true,
    },
    search: {
      method: 'POST',
      path: '/v1/mimo/tool',
      body: { tool: 'search_vibes', arguments: { query: '{{pick.topic}} near the {{pick.place}}' } },
      needs: ['ollama', 'database'],
    },
    // A search for what some have asked before and some have not, looked into.
    'search-words': {
      method: 'POST',
      path: '/v1/mimo/tool',
      body: {
        tool: 'search_vibes',
        arguments: { query: '{{pick.topic}} near the {{pick.place}}, {{pick.digit}} of them' },
      },
      needs: ['ollama', 'database'],
      compare: 'data.results.0.content',
    },
    // Nobody has asked this before.
    'ask-new': {
      method: 'POST',
      path: '/v1/mimo/ask',
      body: { query: 'what do you know about {{key}}?' },
      needs: ['ollama', 'database', 'llm'],
    },
    'classify-new': {
      method: 'POST',
      path: '/v1/mimo/classify',
      body: { query: 'what happened at {{key}}?' },
      needs: ['llm'],
    },
    'classify-hot': {
      method: 'POST',
      path: '/v1/mimo/classify',
      body: { query: 'what is the talk of the town?' },
      needs: ['llm'],
    },
    // What the semantic store knows of a thing nobody has asked for before.
    relations: {
      method: 'POST',
      path: '/v1/mimo/semantic/relationships',
      body: { node: { type: 'entity', id: '{{key}}' } },
      needs: ['database'],
    },
    // A walk from a thing that the fill knows of.
    walk: {
      method: 'POST',
      path: '/v1/mimo/semantic/path',
      body: { from: { type: 'entity', id: 's{{pick.number}}' }, to: { type: 'entity', id: 'nowhere' } },
      needs: ['database'],
    },
    'mcp-search': {
      method: 'POST',
      path: '/mcp',
      headers: { accept: 'application/json, text/event-stream' },
      body: {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'search_vibes', arguments: { query: '{{pick.topic}} near the {{pick.place}}' } },
      },
      needs: ['ollama', 'database'],
      compare: 'id',
    },
    // Asks for a note that was written a moment ago.
    find: {
      method: 'POST',
      path: '/v1/mimo/tool',
      body: { tool: 'search_vibes', arguments: { query: 'note {{written}}' } },
      needs: ['ollama', 'database'],
    },
    // Where the router sends a question; not part of every scenario's mix.
    classify: {
      method: 'POST',
      path: '/v1/mimo/classify',
      body: { query: '{{pick.question}}' },
      needs: ['llm'],
    },
  },
  pools: {
    question: questions,
    topic: ['falcons', 'glaciers', 'lanterns', 'orchards', 'tides', 'violins'],
    place: ['harbour', 'observatory', 'quarry', 'windmill'],
    number: Array.from({ length: 50 }, (_, i) => String(1 + 1_999 * i)),
    digit: ['1', '3', '5', '7'],
  },
  served: { header: 'served-by', perLinkHeader: 'served-by-{{link}}', ageMsHeader: 'age-ms' },
  audits: audits('database'),
  disturbances: {
    'lock-writes': onDatabase('services/mimo/disturb.ts', 'lock-writes'),
    'lock-all': onDatabase('services/mimo/disturb.ts', 'lock-all'),
    'read-only': onDatabase('services/mimo/disturb.ts', 'read-only'),
    'end-idle': onDatabase('services/mimo/disturb.ts', 'end-idle'),
    'take-sessions': onDatabase('services/mimo/disturb.ts', 'take-sessions'),
  },
  operations: {
    'migrate-up': onDatabase('services/mimo/migrate.ts', 'up'),
    // To before the semantic store: the last schema of which a release knows nothing that is gone then.
    'migrate-down': onDatabase('services/mimo/migrate.ts', 'down', '3'),
    fill: onDatabase('scenarios/operations/fill.ts'),
    // Through the link, so that what befalls the link befalls the migration.
    'migrate-until-done': {
      command: [node, 'scenarios/compound/migrate-until-done.ts'],
      env: { DATABASE_URL: '{{link.database.url}}' },
    },
    restart: { target: 'restart' },
    'rolling-restart': { target: 'roll' },
  },
  explore: {
    ratePerSecond: [30, 60],
    mix: { ask: 5, store: 3, search: 2, 'search-words': 2, find: 1, 'ask-new': 1 },
    faults: {
      llm: [...kindsFor('http'), 'http_wrong_schema', 'llm_empty_choices', 'llm_rate_limit'],
      ollama: [...kindsFor('http'), 'embedding_wrong'],
    },
    steadyState,
    invariants: {
      always: [
        { check: 'exactly-once' },
        { check: 'deadline-respected', withinMs: 2_000 },
        { check: 'goodput-recovers' },
        { check: 'reading-bounded', reading: 'queue', atMost: 10_000 },
      ],
      faulted: [
        { check: 'retries-bounded' },
        { check: 'silent-while-open' },
        { check: 'breaker-recovers' },
        { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
        { check: 'fallback-served', link: 'ollama', by: ['hash'] },
        { check: 'fallback-served', link: 'database', by: ['memory'] },
        { check: 'degraded-correct', link: 'llm', repeats: ['cached'], empty: ['default'] },
        {
          check: 'degraded-correct',
          link: 'ollama',
          repeats: [],
          empty: ['hash'],
          requests: ['search-words'],
        },
        { check: 'cached-within-ttl', link: 'llm' },
        { check: 'read-your-writes', link: 'database' },
        { check: 'outage-not-blamed' },
        { check: 'nothing-left-behind', readings: { queue: 0 } },
      ],
    },
  },
  compose: {
    entry: { service: 'mimo', port: 4000 },
    links: { service: 'links', port: 8474 },
    toxiproxy: { service: 'toxiproxy', port: 8474 },
    dependencies: {
      llm: { service: 'llm', port: 8080 },
      ollama: { service: 'ollama', port: 8080 },
      database: { service: 'postgres', port: 5432 },
    },
  },
  testcontainers: {
    target: {
      image: ours,
      command: ['node', 'services/mimo/main.ts'],
      env: {
        HOST: '0.0.0.0',
        PORT: '4000',
        DATABASE_URL: '{{link.database.url}}',
        LLM_BASE_URL: '{{link.llm.url}}/v1',
        LLM_MODEL: 'stand-in-1',
        OLLAMA_URL: '{{link.ollama.url}}',
        OLLAMA_MODEL: 'nomic-embed-text',
        MIMO_STATE_DIR: '/var/lib/mimo',
      },
      port: 4000,
    },
    links: ours,
    toxiproxy: { variable: 'TOXIPROXY_IMAGE', default: 'ghcr.io/shopify/toxiproxy:2.12.0' },
    dependencies: {
      llm: {
        image: ours,
        command: ['node', 'services/llm/main.ts'],
        env: { HOST: '0.0.0.0', PORT: '8080' },
        port: 8080,
        readyPath: '/v1/models',
      },
      ollama: {
        image: ours,
        command: ['node', 'services/ollama/main.ts'],
        env: { HOST: '0.0.0.0', PORT: '8080' },
        port: 8080,
        readyPath: '/api/version',
      },
      database: {
        postgres: {
          image: { variable: 'POSTGRES_IMAGE', default: 'postgres:17-bookworm' },
          prepare: { image: ours, command: ['node', 'services/mimo/migrate.ts', 'up'] },
        },
      },
    },
  },
});
