/** Opossum: breaker of a share of the calls of a rolling window; its timeout answers, and lets the attempt run on. */
import CircuitBreaker from 'opossum';
import { serve } from './entry.ts';
import { askUpstream } from './upstream.ts';

const breaker = new CircuitBreaker((key: string) => askUpstream(key), {
  timeout: 300,
  resetTimeout: 600,
  errorThresholdPercentage: 50,
  volumeThreshold: 5,
  rollingCountTimeout: 3_000,
  rollingCountBuckets: 10,
});

serve((key) => breaker.fire(key));
