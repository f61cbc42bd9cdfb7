import { limited, NO_BREAKER, NO_RETRY, type Truth } from './truth.ts';

export const truth: Truth = { ...limited(300), ...NO_RETRY, ...NO_BREAKER };
