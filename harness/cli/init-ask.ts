/** Asks a person for what `tripcurve init` was not told. An answer that is wrong is told so and asked for again. */
import { createInterface } from 'node:readline';
import { AbortedError, messageOf } from '../model/errors.ts';
import {
  breakerAnswer,
  commandAnswer,
  linkAnswer,
  requestAnswer,
  servedAnswer,
  urlAnswer,
  variableAnswer,
} from './init-answers.ts';

/** What the options or a person tell, as text. */
export interface Told {
  name?: string;
  start?: string;
  url?: string;
  ready?: string;
  link: string[];
  variable: string[];
  request: string[];
  served?: string;
  way: string[];
  breaker: string[];
}

/** @throws AbortedError where the person goes away */
export async function askFor(
  told: Told,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<Told> {
  const terminal = createInterface({ input, output });
  const lines = terminal[Symbol.asyncIterator]();
  /** The line, checked; empty: nothing. */
  const ask = async (
    question: string,
    check: (text: string) => unknown,
    isNeeded = false,
  ): Promise<string> => {
    for (;;) {
      output.write(`${question}\n> `);
      const { value, done } = await lines.next();
      if (done === true) throw new AbortedError('nobody answers any more: nothing was written');
      const text = value.trim();
      if (text === '' && !isNeeded) return '';
      try {
        check(text);
        return text;
      } catch (error) {
        output.write(`${messageOf(error)}\n`);
      }
    }
  };
  const many = async (
    question: string,
    check: (text: string) => unknown,
    isNeeded: boolean,
  ): Promise<string[]> => {
    const all: string[] = [];
    for (;;) {
      const more = all.length === 0 ? question : 'One more? Empty: no.';
      const text = await ask(more, check, isNeeded && all.length === 0);
      if (text === '') return all;
      all.push(text);
    }
  };
  const isUrl = (text: string): string => urlAnswer(text, 'the address');
  try {
    const all = { ...told };
    if (all.start === undefined && all.url === undefined) {
      const start = await ask(
        'How is the service started? Such as: python3 app.py. Empty: it runs already.',
        (text) => commandAnswer(text, 'the command'),
      );
      if (start !== '') all.start = start;
      else all.url = await ask('Where does it take requests? Such as: http://127.0.0.1:8000', isUrl, true);
    }
    if (all.start !== undefined && all.url === undefined) {
      const url = await ask(
        'Where does it take requests then? Empty: at the port that it finds in the variable PORT.',
        isUrl,
      );
      if (url !== '') all.url = url;
    }
    if (all.link.length === 0)
      all.link = await many(
        'A dependency: NAME=HOST:PORT, NAME=URL, or NAME=stub JSON for one that only answers. Such as: prices=127.0.0.1:9100',
        (text) => linkAnswer(text, 'the dependency'),
        true,
      );
    if (all.variable.length === 0 && all.start !== undefined) {
      const usual = all.link.map((text) => linkAnswer(text).variable).join(', ');
      all.variable = await many(
        `Which variables lead it there? Such as: PRICES_URL={{link.prices.url}}. Empty: ${usual}.`,
        (text) => variableAnswer(text, 'the variable'),
        false,
      );
    }
    if (all.request.length === 0)
      all.request = await many(
        'A request that needs them: METHOD /path, and JSON if it has a body. Such as: GET /orders/1',
        (text) => requestAnswer(text, 'the request'),
        true,
      );
    if (all.served === undefined) {
      const served = await ask(
        'Does an answer say from where it was served? header:NAME, json:PATH or status:CODE=WAY. Empty: no.',
        (text) => servedAnswer(text, [], 'the way'),
      );
      if (served !== '') all.served = served;
    }
    if (all.breaker.length === 0)
      all.breaker = await many(
        "Can a breaker's state be read? LINK=actuator, LINK=json /path FIELD or LINK=gauge /path METRIC. Empty: no, it is inferred from the wire.",
        (text) => breakerAnswer(text, 'the breaker'),
        false,
      );
    return all;
  } finally {
    terminal.close();
  }
}
