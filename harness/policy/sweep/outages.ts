/** How dependencies fail, as models: a set that is built in, and the drawing of one outage from a model. */
import type { Episode, OutageModel } from '../../model/sweep.ts';
import type { Shape } from '../bench.ts';

/** What an attempt meets that fails while there is no outage. */
export const BACKGROUND_SHAPE: Shape = 'status-503';
/** One in a thousand: what a good hosted API is seen to do between outages. */
const ERROR_RATIO = 0.001;
/** Half of the outages last between 0.7 and 1.4 times the median. */
const SPREAD = 0.5;

function model(name: string, about: string, perDay: number, episode: Episode): OutageModel {
  return { name, about, perDay, episodes: [episode], spread: SPREAD, errorRatio: ERROR_RATIO };
}

/** The built-in models by name. Frequencies and durations are plain round numbers; fit your own from a history. */
export const OUTAGES: ReadonlyMap<string, OutageModel> = new Map(
  [
    model('errors', 'once a day every answer is a 503, for about a minute', 1, whole(60_000, 'status-503')),
    model('blip', 'a dozen times a day every answer is a 503, for about 2 s', 12, whole(2_000, 'status-503')),
    model('crash', 'once a day connections are refused, for about a minute', 1, whole(60_000, 'refused')),
    model('hang', 'once a day nothing is answered, for about a minute', 1, whole(60_000, 'slow-headers')),
    model('brownout', 'four times a day 4 of 10 answers are a 503, for about 2 min', 4, {
      durationMs: 120_000,
      failureRatio: 0.4,
      shape: 'status-503',
    }),
    model('rate-limit', 'once an hour 7 of 10 answers are a 429, for about 15 s', 24, {
      durationMs: 15_000,
      failureRatio: 0.7,
      shape: 'status-429',
    }),
  ].map((one) => [one.name, one]),
);

function whole(durationMs: number, shape: Shape): Episode {
  return { durationMs, failureRatio: 1, shape };
}

/** One outage of a model. */
export function drawEpisode({ episodes, spread }: OutageModel, random: () => number): Episode {
  const episode = episodes[Math.floor(random() * episodes.length)] ?? (episodes[0] as Episode);
  // Box and Muller; 1 − u keeps the logarithm finite.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return { ...episode, durationMs: episode.durationMs * Math.exp(spread * normal) };
}
