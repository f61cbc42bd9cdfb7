/** The bundled target: Mimo, a memory service for LLM agents, with its three dependencies behind links. */
import { defineConfig } from './harness/scenario/define.ts';

const node = process.execPath;

const postgres = {
  prepare: { command: [node, 'services/mimo/migrate.ts', 'up'] },
  preparedBy: ['services/mimo/migrations/*', 'services/mimo/migrate.ts'],
};

/** Audits read the database behind the link of this name, around everything between. */
const audits = (link: string) => ({
  writes: {
    command: [node, 'services/mimo/audit.ts', 'writes'],
    env: { DATABASE_URL: `{{dependency.${link}.url}}` },
  },
  vectors: {
    command: [node, 'services/mimo/audit.ts', 'vectors'],
    env: { DATABASE_URL: `{{dependency.${link}.url}}`, OLLAMA_URL: '{{dependency.ollama.url}}' },
  },
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
        MIMO_STATE_DIR: '{{dir}}/mimo',
        MIMO_EXIT_WITH_STDIN: '1',
        PORT: '0',
      },
    },
    readyPath: '/health/ready',
    resiliencePath: '/resilience',
    mutantEnv: 'MIMO_MUTANT',
    mutants: [
      'breaker-never-opens',
      'breaker-opens-too-early',
      'breaker-never-recovers',
      'hang-not-counted',
      'fallback-not-wired',
      'degraded-unmarked',
      'retry-storm',
      'writes-lost-on-outage',
      'writes-doubled-on-replay',
      'fake-vector-kept-after-recovery',
    ],
  },
  profiles: {
    fast: { env: { MIMO_PROFILE: 'fast' } },
    production: { env: { MIMO_PROFILE: 'production' } },
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
  },
  links: {
    llm: {
      protocol: 'http',
      dependency: { process: { command: [node, 'services/llm/main.ts'], env: { EXIT_WITH_STDIN: '1' } } },
    },
    ollama: {
      protocol: 'http',
      dependency: { process: { command: [node, 'services/ollama/main.ts'], env: { EXIT_WITH_STDIN: '1' } } },
    },
    database: { protocol: 'postgres', dependency: { postgres } },
  },
  requests: {
    ask: {
      method: 'POST',
      path: '/v1/mimo/ask',
      body: { query: 'what do you know about {{pick.topic}}?' },
      needs: ['ollama', 'database', 'llm'],
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
    search: {
      method: 'POST',
      path: '/v1/mimo/tool',
      body: { tool: 'search_vibes', arguments: { query: '{{pick.topic}} near the {{pick.place}}' } },
      needs: ['ollama', 'database'],
    },
  },
  pools: {
    topic: ['falcons', 'glaciers', 'lanterns', 'orchards', 'tides', 'violins'],
    place: ['harbour', 'observatory', 'quarry', 'windmill'],
  },
  served: { header: 'served-by', perLinkHeader: 'served-by-{{link}}', ageMsHeader: 'age-ms' },
  audits: audits('database'),
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
