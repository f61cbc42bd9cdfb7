/**
 * What a person tells the rig once about their service: how to start it, which links it has, how
 * its requests look and how an outcome is recognised. Nothing here is specific to one service.
 */
import { z } from 'zod';
import { BreakerSource } from './breaker-source.ts';
import { ExploreBounds } from './explore.ts';
import { Mutant } from './mutant.ts';
import { ServedConfig } from './outcome.ts';
import { DeclaredPolicy } from './policy.ts';
import { StubConfig } from './stub.ts';

/**
 * A process to start. Strings may hold `{{link.<name>.host}}`, `.port`, `.url`, `{{dir}}` and `{{run}}`; those of the
 * target also `{{port}}`, a port that is free, `{{instance}}`, from 1 on where there are several, and
 * `{{env.<NAME>}}`, a variable of whoever runs the rig.
 */
export const Command = z.strictObject({
  command: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()).default({}),
});
export type Command = z.infer<typeof Command>;

/**
 * What stands behind a link: a PostgreSQL or a PgBouncer of our own, a process that announces its URL, a stub that
 * answers what it is told to, or an address.
 */
export const Dependency = z.union([
  z.strictObject({
    postgres: z.strictObject({
      /** Run once against an empty database (env DATABASE_URL); its result is kept and copied per run. */
      prepare: Command,
      /** Files whose change makes the kept result stale. */
      preparedBy: z.array(z.string()).default([]),
    }),
  }),
  z.strictObject({
    pgbouncer: z.strictObject({
      /** The link through which it reaches PostgreSQL: another of this config, so that both hops can be faulted. */
      link: z.string(),
      /** Lines of the section `[pgbouncer]` of its config, such as `pool_mode`; they go before ours. */
      settings: z
        .record(z.string().regex(/^[a-z_0-9]+$/), z.string().regex(/^[^\r\n]*$/, 'must be one line'))
        .default({}),
    }),
  }),
  z.strictObject({ process: Command }),
  z.strictObject({ stub: StubConfig }),
  z.strictObject({
    address: z.string().regex(/^[^:]+:\d+$/, 'must be host:port'),
    /** The dependency speaks TLS; the target speaks in the clear to the link, which speaks TLS for it. */
    tls: z
      .strictObject({
        /** Name the certificate must bear; left out, the host of the address. */
        servername: z.string().optional(),
        /** PEM of the authority that signed it; left out, those that Node trusts. */
        ca: z.string().optional(),
      })
      .optional(),
  }),
]);
export type Dependency = z.infer<typeof Dependency>;

const LinkName = z.string().regex(/^[a-z][a-z0-9_-]*$/);

/** One hop from the target to a dependency. */
export const LinkConfig = z.strictObject({
  /** What the link reads from the bytes; `tcp` reads nothing. */
  protocol: z.enum(['http', 'postgres', 'tcp']),
  dependency: Dependency,
});
export type LinkConfig = z.infer<typeof LinkConfig>;

/**
 * A request the load can send. Strings may hold `{{key}}` (unique per request), `{{pick.<pool>}}` (one of a pool's
 * words, drawn with the seed) and `{{written}}` (key of a write sent a little earlier, which the answer must tell of).
 */
export const RequestKind = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  path: z.string().startsWith('/'),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.unknown().optional(),
  /** Links this request uses when all is well. */
  needs: z.array(z.string()),
  /** A write: every acknowledged one must be found by the audit `writes`, once. */
  write: z.boolean().default(false),
  /** Path into the JSON answer, such as `synthesis` or `data.0.text`: what a fallback must not make up. */
  compare: z.string().min(1).optional(),
});
export type RequestKind = z.infer<typeof RequestKind>;

/** Reads the truth straight from the dependencies, around target and links; prints one line of JSON. */
export const Audit = Command;

/**
 * Does something to a dependency itself, around target and links, such as holding a lock. Prints a line of JSON
 * `{"disturbing":true}` when it is in place; when its input closes it undoes it and ends with code 0.
 */
export const Disturbance = Command;

/**
 * What operators do to a service, by name: a command that runs to its end (its strings may hold
 * `{{dependency.<name>.url}}`), or something with the processes of the target. `restart` ends all in good order
 * and starts them anew; `roll` does so with one after the other. `start` is what they are started with from then on,
 * such as another release.
 */
export const Operation = z.union([
  Command,
  z.strictObject({ target: z.enum(['restart', 'roll']), start: Command.optional() }),
]);
export type Operation = z.infer<typeof Operation>;

/**
 * A profile: environment variables for the target that change its times. One that is a variant of the whole also
 * has links, requests and audits, which take the place of those of the same name, or come in addition.
 */
export const Profile = z.strictObject({
  env: z.record(z.string(), z.string()),
  links: z.record(LinkName, LinkConfig).default({}),
  requests: z.record(z.string(), RequestKind).default({}),
  audits: z.record(z.string(), Audit).default({}),
});

/** A port of a Compose service. */
const ServicePort = z.strictObject({ service: z.string(), port: z.int().min(1).max(65_535) });

/**
 * Where the parts are in a Compose project that is already up: entry, links (`tripcurve proxy`, a proxy for each
 * link under its name), the real Toxiproxy behind them (the same names), and what stands behind those.
 */
export const ComposeConfig = z.strictObject({
  files: z.array(z.string()).min(1).default(['docker-compose.yml']),
  entry: ServicePort,
  links: ServicePort,
  toxiproxy: ServicePort,
  dependencies: z.record(z.string(), ServicePort),
});
export type ComposeConfig = z.infer<typeof ComposeConfig>;

/** URL of a control API or an entry, without a slash at its end. */
const HttpUrl = z
  .string()
  .regex(/^https?:\/\/[^/\s]+/, 'must be a URL such as http://127.0.0.1:8474')
  .transform((url) => url.replace(/\/+$/, ''));

/** A control API that runs already, and which of its proxies stands for which link. */
const BorrowedConfig = z.strictObject({
  url: HttpUrl,
  /** Link: name of the proxy there. */
  proxies: z.record(z.string(), z.string().min(1)),
});

/**
 * A target that runs already, with a Toxiproxy between it and its dependencies, or links of ours
 * (`tripcurve proxy`), or links before a Toxiproxy. Nothing is started there.
 */
export const AttachConfig = z.strictObject({
  /** Where the target takes requests. */
  entry: HttpUrl,
  /** A Toxiproxy. Alone it tells nothing of what passes: only what is seen at the entry can be judged then. */
  toxiproxy: BorrowedConfig.optional(),
  /** Links of ours, before the Toxiproxy or without one: the evidence on the wire. */
  links: BorrowedConfig.optional(),
  /** URL of what stands behind a link, for audits. */
  dependencies: z.record(z.string(), z.string()).default({}),
  /** Hosts beyond loopback that may be touched, by the names or addresses under which they stand above. */
  allowTargets: z.array(z.string()).default([]),
});
export type AttachConfig = z.infer<typeof AttachConfig>;
/** How the target takes the values of a sweep, for `tripcurve sweep --verify` to start it with them. */
export const SweepConfig = z.strictObject({
  /** Environment variable by parameter, such as `{ failures: 'BREAKER_FAILURES' }`. */
  env: z.record(z.string(), z.string().min(1)),
});
export type SweepConfig = z.infer<typeof SweepConfig>;

/**
 * A container image: its name, or a variable of the environment that holds it, with the name where that is not
 * set. Variables are also looked up in the files that COMPOSE_ENV_FILES lists, as Docker Compose does.
 */
export const Image = z.union([z.string(), z.strictObject({ variable: z.string(), default: z.string() })]);
export type Image = z.infer<typeof Image>;

/** A container to start. Strings of `env` may hold `{{run}}` and what is said where it is used. */
const ContainerConfig = z.strictObject({
  image: Image,
  /** Left out: the image's own. */
  command: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).default({}),
  /** Port it listens on. */
  port: z.int().min(1).max(65_535),
  /** Answers 200 when it is ready. */
  readyPath: z.string().startsWith('/'),
});
export type ContainerConfig = z.infer<typeof ContainerConfig>;

/** What stands behind a link in a container of its own: a PostgreSQL, or whatever an image holds. */
const ContainerDependency = z.union([
  z.strictObject({
    postgres: z.strictObject({
      image: Image,
      /** Run once against the empty database (env DATABASE_URL); must end with code 0. */
      prepare: ContainerConfig.omit({ port: true, readyPath: true }),
    }),
  }),
  ContainerConfig,
]);

/** How each scenario gets containers of its own, by Testcontainers. */
export const TestcontainersConfig = z.strictObject({
  /** Its `env` may hold `{{link.<name>.host}}`, `.port` and `.url`: where the target finds the link. */
  target: ContainerConfig.omit({ readyPath: true }),
  /** Image that runs `tripcurve proxy`. */
  links: Image,
  toxiproxy: Image,
  /** One for each link. */
  dependencies: z.record(z.string(), ContainerDependency),
});
export type TestcontainersConfig = z.infer<typeof TestcontainersConfig>;

/**
 * A number that the target tells of itself: the sum of a Prometheus metric's series that have these labels, or a
 * field of a JSON answer by its path, such as `queue.depth`.
 */
export const ReadingSource = z.union([
  z.strictObject({
    metric: z.string().min(1),
    labels: z.record(z.string(), z.string()).default({}),
    path: z.string().startsWith('/').default('/metrics'),
    unit: z.string(),
  }),
  z.strictObject({ json: z.string().min(1), path: z.string().startsWith('/'), unit: z.string() }),
]);
export type ReadingSource = z.infer<typeof ReadingSource>;

/** The config file: `tripcurve.config.ts`, `.yaml` or `.json`. */
export const Config = z.strictObject({
  target: z.strictObject({
    name: z.string(),
    /** How it is started; left out: it runs already, and can only be attached to. */
    start: Command.optional(),
    /**
     * Where it takes requests, such as `http://127.0.0.1:{{port}}` with `{{port}}` in its variables or arguments too.
     * Left out: it prints a line of JSON `{"listening":"http://host:port"}` on stdout when it accepts requests.
     */
    entry: z
      .string()
      .regex(/^http:\/\/[^/\s]+$/, 'must be a URL such as http://127.0.0.1:{{port}}, without a path')
      .optional(),
    /** Answers 200 when ready; left out: it is ready as soon as it answers anything on `/`. */
    readyPath: z.string().startsWith('/').optional(),
    /** How long it may take until then. */
    readyWithinMs: z.number().positive().max(60_000).default(10_000),
    /** Serves the declared policy and breaker states (see docs/policy.md); left out: see the next two. */
    resiliencePath: z.string().startsWith('/').optional(),
    /** Its policy by link, for a target that serves none: what the checks of breakers and retries hold it to. */
    declared: z.record(z.string(), DeclaredPolicy).default({}),
    /** Where the state of its breakers can be read, by link; left out: it is inferred from the wire alone. */
    breakers: z.record(z.string(), BreakerSource).default({}),
    /** What is read from it while it runs, by name; see {@link ReadingSource}. */
    readings: z.record(z.string(), ReadingSource).default({}),
    /** Variable that names a mutant, for targets that have some. */
    mutantEnv: z.string().optional(),
    /** The target with one defect each, and what must be found of it; see {@link Mutant}. */
    mutants: z.array(Mutant).default([]),
  }),
  profiles: z.record(z.string(), Profile).default({ fast: { env: {}, links: {}, requests: {}, audits: {} } }),
  links: z.record(LinkName, LinkConfig),
  requests: z.record(z.string(), RequestKind),
  pools: z.record(z.string(), z.array(z.string()).min(1)).default({}),
  /** How an answer says from where it was served; left out: it does not say. */
  served: ServedConfig.optional(),
  audits: z.record(z.string(), Audit).default({}),
  /** By the name under which a time line has them. */
  disturbances: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), Disturbance).default({}),
  operations: z.record(z.string(), Operation).default({}),
  /** The Prometheus that evaluates the target's alert rules; left out: nobody watches alerts. */
  alerts: z.strictObject({ prometheus: HttpUrl }).optional(),
  /** Within what random schedules are drawn, and what must hold of each. */
  explore: ExploreBounds.prefault({}),
  /** Left out: there is no Compose project to run against. */
  compose: ComposeConfig.optional(),
  /** Left out: there is nothing to attach to. */
  attach: AttachConfig.optional(),
  /** Left out: a sweep of this target can be simulated, not verified. */
  sweep: SweepConfig.optional(),
  /** Left out: there are no images to make an environment of. */
  testcontainers: TestcontainersConfig.optional(),
});
export type Config = z.infer<typeof Config>;
/** A config as a person writes it. */
export type ConfigInput = z.input<typeof Config>;

/** The config as it is with a profile: its links, requests and audits before those of the same name. */
export function withProfile(config: Config, profile: string): Config {
  const { links = {}, requests = {}, audits = {} } = config.profiles[profile] ?? {};
  return {
    ...config,
    links: { ...config.links, ...links },
    requests: { ...config.requests, ...requests },
    audits: { ...config.audits, ...audits },
  };
}

/** The link through which what stands behind a link reaches further; null where that is the end. */
export function nextLink({ dependency }: LinkConfig): string | null {
  return 'pgbouncer' in dependency ? dependency.pgbouncer.link : null;
}

/**
 * What a history keeps of a config: the target, what each link reads, to which link each leads on, what each kind
 * of request needs.
 */
export function factsOf({ target, links, requests }: Config): {
  target: string;
  protocols: Record<string, string>;
  leadsTo: Record<string, string>;
  requests: Record<string, { needs: string[]; write: boolean }>;
} {
  return {
    target: target.name,
    protocols: Object.fromEntries(Object.entries(links).map(([name, { protocol }]) => [name, protocol])),
    leadsTo: Object.fromEntries(
      Object.entries(links).flatMap(([name, link]) => {
        const next = nextLink(link);
        return next === null ? [] : [[name, next]];
      }),
    ),
    requests: Object.fromEntries(
      Object.entries(requests).map(([name, { needs, write }]) => [name, { needs, write }]),
    ),
  };
}
