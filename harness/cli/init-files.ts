/** The files that `tripcurve init` writes, as text: a config, a first scenario, and links for a service that runs. */
import { stringify } from 'yaml';
import type { ConfigInput } from '../model/config.ts';
import type { ScenarioInput } from '../model/scenario.ts';
import type { LinkAnswer } from './init-answers.ts';

/** All that a person has answered. */
export interface Answers {
  name: string;
  /** Left out: it runs already. */
  start?: string[] | undefined;
  /** Where it takes requests; may hold `{{port}}`. */
  entry: string;
  readyPath?: string | undefined;
  links: LinkAnswer[];
  variables: Record<string, string>;
  requests: ConfigInput['requests'];
  served?: ConfigInput['served'] | undefined;
  breakers: NonNullable<ConfigInput['target']['breakers']>;
}

/** Where the links of a service that runs already are to listen, and their API. */
export interface Listening {
  api: string;
  listen: Readonly<Record<string, string>>;
}

const ABOUT = {
  target:
    'The service: how it is started, and which variables lead it to its dependencies through the links.',
  attached: 'The service. It runs already, so nothing is started here.',
  links:
    'One for each dependency. dependency: { address: host:port }, or a stub that answers what it is told to.',
  requests: 'What the load sends. needs: the links that such a request uses when all is well.',
  served:
    'How an answer says from where it was served; live is the healthy way. A cached one should tell its age too: ageMsHeader or ageMsJson.',
  attach: 'Where the service and the links are: npx tripcurve proxy --config tripcurve.links.json',
} as const;

const UNKNOWN_SERVED = `# Does an answer say when it is no live one? Then tell how, so that a fallback can be judged:
# served: { header: x-served-by, ways: { HIT: cached, MISS: live } }
# served: { json: source, ageMsJson: ageMs }
# served: { status: { 200: live, 203: cached } }
`;

const UNKNOWN_POLICY = `  # Its policy, for the checks of breakers, retries and timeouts (measure it: npx tripcurve characterise):
  # declared:
  #   LINK:
  #     timeoutMs: 300
  #     retry: { attempts: 2, backoff: { kind: constant, baseMs: 20 } }
  #     breaker: { kind: consecutive, failures: 5, openMs: 1000, halfOpenProbes: 1, successesToClose: 1 }
`;

const UNKNOWN_BREAKERS = `  # Where a breaker's state can be read; without, it is inferred from the wire, which decides in any case:
  # breakers:
  #   LINK: { json: circuitBreakers.LINK.state, path: /actuator/circuitbreakers }
  #   LINK: { metric: circuit_state, path: /metrics }
`;

export function configText(answers: Answers, listening: Listening | null): string {
  const { name, start, entry, readyPath, links, variables, requests, served, breakers } = answers;
  const [first] = links;
  const target = {
    name,
    ...(start === undefined ? {} : { start: { command: start, env: variables }, entry }),
    ...(readyPath === undefined ? {} : { readyPath }),
    ...(Object.keys(breakers).length === 0 ? {} : { breakers }),
  };
  const linkOf = (text: string): string => text.replaceAll('LINK', first?.name ?? 'link');
  const attach =
    listening === null
      ? null
      : {
          entry,
          links: {
            url: listening.api,
            proxies: Object.fromEntries(links.map((link) => [link.name, link.name])),
          },
        };
  return [
    `# What tripcurve knows of ${name}; docs/your-service.md goes through it, docs/schema/config.schema.json has every key.\n`,
    section('target', target, start === undefined ? ABOUT.attached : ABOUT.target),
    linkOf(UNKNOWN_POLICY),
    Object.keys(breakers).length === 0 ? linkOf(UNKNOWN_BREAKERS) : '',
    section('links', Object.fromEntries(links.map(({ name, link }) => [name, link])), ABOUT.links),
    section('requests', requests, ABOUT.requests),
    served === undefined ? UNKNOWN_SERVED : section('served', served, ABOUT.served),
    attach === null ? '' : section('attach', attach, ABOUT.attach),
  ].join('');
}

/** Cuts the link for a second and asks what any service must fulfil, whatever its policy. */
export function scenarioText(link: string, requests: readonly string[], protocol: string): string {
  const scenario: ScenarioInput = {
    name: `${link}/reset`,
    about: `Every connection to ${link} is reset for a second, as when its host is restarted. The service must not multiply its calls meanwhile, and must be as before soon after.`,
    tags: ['quick'],
    traffic: { ratePerSecond: 20, mix: Object.fromEntries(requests.map((name) => [name, 1])) },
    steadyState: [
      { check: 'success-ratio', atLeast: 0.99 },
      { check: 'latency', percentile: 95, belowMs: 1_000 },
    ],
    timeline: [{ at: 2_000, inject: { type: 'reset_peer' }, on: link, forMs: 1_000 }],
    recovery: { withinMs: 5_000 },
    expect: [
      { check: 'goodput-recovers', counts: 'answered', withinMs: 4_000 },
      { check: 'nothing-left-behind', link },
      ...(protocol === 'tcp' ? [] : [{ check: 'retry-amplification', link, atMost: 3 }]),
    ],
  };
  return `# A first scenario; docs/scenarios.md and docs/checks.md have what else there is.
${stringify(scenario, { flowCollectionPadding: true, lineWidth: 0 })}# Next, when the config tells how answers are served and what the policy is (target.declared):
#  - { check: fallback-served, link: ${link}, by: [cached] }
#  - { check: breaker-trips, link: ${link} }
#  - { check: breaker-recovers, link: ${link} }
`;
}

/** For `tripcurve proxy --config`. */
export function linksText(answers: Answers, { listen }: Listening): string {
  const proxies = answers.links.map(({ name, address, link: { protocol } }) => ({
    name,
    listen: listen[name],
    upstream: address,
    protocol,
  }));
  return `${JSON.stringify(proxies, null, 2)}\n`;
}

function section(key: string, value: unknown, about: string): string {
  return `\n# ${about}\n${stringify({ [key]: value }, { lineWidth: 0 })}`;
}
