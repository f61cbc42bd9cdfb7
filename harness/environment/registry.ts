/** Every environment there is. To add one: a file beside this one, and a line here. */
import { attach } from './attach.ts';
import { compose } from './compose.ts';
import { embedded } from './embedded.ts';
import type { Environment } from './environment.ts';
import { testcontainers } from './testcontainers.ts';

const all = [embedded, compose, testcontainers, attach];

export const ENVIRONMENTS: ReadonlyMap<string, Environment> = new Map(all.map((each) => [each.name, each]));
