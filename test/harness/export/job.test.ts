/** Against the schemas of the Kubernetes API, as the kubernetes-models package carries them. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { GUARD_MARGIN_S, indexedJob, type JobOptions } from '../../../harness/export/job.ts';

const options: JobOptions = {
  name: 'tripcurve-7',
  image: 'tripcurve:nightly',
  shards: 3,
  seed: 7,
  tags: ['nightly', '!long'],
  deadlineS: 3_600,
};

describe('the Indexed Job', () => {
  test('is one by the schema of Kubernetes, whatever it is asked for', () => {
    const asked = fc.record({
      name: fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/),
      namespace: fc.option(fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/), { nil: undefined }),
      image: fc.constant('registry.example/tripcurve@sha256:abc'),
      shards: fc.integer({ min: 1, max: 1_000 }),
      seed: fc.nat(),
      tags: fc.array(fc.string()),
      deadlineS: fc.integer({ min: 240, max: 86_400 }),
      claim: fc.option(fc.constant('reports'), { nil: undefined }),
    });
    fc.assert(fc.property(asked, (given) => expect(new Job(indexedJob(given)).validate()).toBeUndefined()));
  });

  test('would be refused by that schema if a field were wrong', () => {
    const wrong = new Job(indexedJob({ ...options, shards: 1.5 }));
    expect(() => wrong.validate()).toThrow(/completions must be integer/);
  });

  test('has a pod for each shard, and lets none of them take the others along', () => {
    const { spec } = indexedJob(options);
    expect(spec).toMatchObject({
      completionMode: 'Indexed',
      completions: 3,
      parallelism: 3,
      backoffLimitPerIndex: 0,
      template: { spec: { restartPolicy: 'Never' } },
    });
    expect(spec).not.toHaveProperty('backoffLimit');
  });

  test('gives every pod the same seed and tags, as arguments and not as shell', () => {
    const container = indexedJob(options).spec?.template.spec?.containers[0];
    expect(container?.args).toEqual([
      'tripcurve-7',
      '3',
      '--seed',
      '7',
      '--limit',
      String(3_600 - GUARD_MARGIN_S),
      '--tag',
      'nightly',
      '--tag',
      '!long',
    ]);
    const script = indexedJob({ ...options, tags: ['$(reboot)'] }).spec?.template.spec?.containers[0]
      ?.command;
    expect(script?.join(' ')).not.toContain('reboot');
  });

  test('runs without rights, on a root file system it cannot write to, with bounds on everything', () => {
    const pod = indexedJob(options).spec?.template.spec;
    const [container] = pod?.containers ?? [];
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container?.resources?.requests).toEqual(container?.resources?.limits);
    expect(container?.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual([
      '/tmp',
      '/app/.tripcurve',
      '/app/reports',
    ]);
    expect(pod?.volumes?.every(({ emptyDir }) => emptyDir?.sizeLimit !== undefined)).toBe(true);
  });

  test('keeps the reports on a claim where there is one', () => {
    const volumes = indexedJob({ ...options, claim: 'nightly-reports' }).spec?.template.spec?.volumes;
    expect(volumes?.at(-1)).toEqual({
      name: 'reports',
      persistentVolumeClaim: { claimName: 'nightly-reports' },
    });
  });
});
