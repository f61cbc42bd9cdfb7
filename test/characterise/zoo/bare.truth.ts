import { FETCH, NO_BREAKER, NO_RETRY, type Truth } from './truth.ts';

export const truth: Truth = { ...FETCH, ...NO_RETRY, ...NO_BREAKER };
