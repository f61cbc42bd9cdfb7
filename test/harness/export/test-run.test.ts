/**
 * Against the fields of a TestRun as the k6 operator documents them, and, inside, the schemas of Kubernetes.
 * The operator's own schema comes with no package that can be had here.
 */
import { describe, expect, test } from '@jest/globals';
import { EnvVar } from 'kubernetes-models/v1/EnvVar';
import { PodSecurityContext } from 'kubernetes-models/v1/PodSecurityContext';
import { ResourceRequirements } from 'kubernetes-models/v1/ResourceRequirements';
import { SecurityContext } from 'kubernetes-models/v1/SecurityContext';
import { z } from 'zod';
import { type TestRunOptions, testRun } from '../../../harness/export/test-run.ts';

/** Whatever has a `validate` that throws, as the models do. */
type Model = new (data: never) => { validate(): void };

function valid(model: Model): z.ZodType {
  return z.custom((value) => {
    new model(value as never).validate();
    return true;
  });
}

/** https://grafana.com/docs/k6/latest/set-up/set-up-distributed-k6/usage/configure-testrun-crd/ */
const Documented = z.strictObject({
  apiVersion: z.literal('k6.io/v1alpha1'),
  kind: z.literal('TestRun'),
  metadata: z.strictObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()),
  }),
  spec: z.strictObject({
    parallelism: z.int().min(1),
    separate: z.boolean(),
    script: z.strictObject({ configMap: z.strictObject({ name: z.string(), file: z.string() }) }),
    runner: z.strictObject({
      image: z.string().optional(),
      env: z.array(valid(EnvVar)),
      resources: valid(ResourceRequirements),
      securityContext: valid(PodSecurityContext),
      containerSecurityContext: valid(SecurityContext),
    }),
  }),
});

const options: TestRunOptions = {
  name: 'load',
  runners: 4,
  script: { configMap: 'tripcurve-load', file: 'load.js' },
  url: 'http://mimo.qa.svc:8080',
  seed: 7,
};

describe('the TestRun', () => {
  test.each<[string, Partial<TestRunOptions>]>([
    ['the least', {}],
    ['all there is', { namespace: 'qa', image: 'grafana/k6:1.3.0' }],
  ])('has only documented fields, given %s', (_what, more) => {
    expect(() => Documented.parse(testRun({ ...options, ...more }))).not.toThrow();
  });

  test('would be refused if a field inside a pod were wrong', () => {
    const { spec, ...rest } = testRun(options);
    const wrong = { ...rest, spec: { ...spec, runner: { ...spec.runner, env: [{ nam: 'X' }] } } };
    expect(() => Documented.parse(wrong)).toThrow(/name/);
  });

  test('splits the script among the runners, and tells it target and seed', () => {
    expect(testRun(options).spec).toMatchObject({
      parallelism: 4,
      separate: true,
      script: { configMap: { name: 'tripcurve-load', file: 'load.js' } },
      runner: {
        env: [
          { name: 'TARGET_URL', value: 'http://mimo.qa.svc:8080' },
          { name: 'SEED', value: '7' },
        ],
      },
    });
  });
});
