/**
 * The shards of a run as a Kubernetes Indexed Job: one pod per shard, one seed for all. A failed verdict
 * fails its own index only, so that every shard gets to its report.
 */
import type { IJob } from 'kubernetes-models/batch/v1/Job';
import type { IVolume } from 'kubernetes-models/v1/Volume';
import { HARDENED_CONTAINER, HARDENED_POD, type Labels, labelsOf } from './pod.ts';

export interface JobOptions {
  name: string;
  namespace?: string | undefined;
  /** Has Node, the user with id 1000, and the project with its node_modules in {@link PROJECT_DIR}. */
  image: string;
  shards: number;
  seed: number;
  tags: readonly string[];
  /** The cluster ends the Job after so long. */
  deadlineS: number;
  /** A volume claim for the reports, which all pods can mount; without it only the logs of the pods stay. */
  claim?: string | undefined;
}

/** Where the image has the project. */
export const PROJECT_DIR = '/app';

/** What the rig's own guard has before the cluster's deadline to lift faults and write its report. */
export const GUARD_MARGIN_S = 120;

/** Requested and not to be exceeded: a shard that shares its cores judges nothing but its neighbours. */
const RESOURCES = { cpu: '2', memory: '2Gi' };

/** For PostgreSQL's data, logs and histories of a few scenarios at a time. */
const SCRATCH = '2Gi';

/** After SIGTERM the rig heals, goes down and writes its report. */
const GRACE_S = 60;

/** Logs can be read for so long, then the cluster removes the Job. */
const KEPT_S = 7 * 24 * 3_600;

/**
 * The index counts from 0 and a shard from 1, hence a shell; what varies comes as arguments, so that no tag
 * or name is ever read as shell. `exec`, so that the rig gets the cluster's SIGTERM itself.
 */
const SCRIPT = [
  'shard=$((JOB_COMPLETION_INDEX + 1))',
  'name=$1 total=$2',
  'shift 2',
  'exec node bin/tripcurve.ts run --shard "$shard/$total" --out "reports/$name/shard-$shard" "$@"',
].join('\n');

export function indexedJob(options: JobOptions): IJob {
  const { name, namespace, shards, seed, deadlineS } = options;
  const labels: Labels = labelsOf('shards');
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels },
    spec: {
      completionMode: 'Indexed',
      completions: shards,
      parallelism: shards,
      // Per index: with backoffLimit 0 the first shard that fails would take the others with it.
      backoffLimitPerIndex: 0,
      // A drained node is no verdict; that index is run again.
      podFailurePolicy: {
        rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      },
      activeDeadlineSeconds: deadlineS,
      ttlSecondsAfterFinished: KEPT_S,
      template: {
        metadata: { labels, annotations: { 'tripcurve/seed': String(seed) } },
        spec: {
          ...HARDENED_POD,
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: GRACE_S,
          containers: [
            {
              name: 'tripcurve',
              image: options.image,
              workingDir: PROJECT_DIR,
              command: ['/bin/sh', '-ec', SCRIPT, 'tripcurve'],
              args: argumentsOf(options),
              env: [{ name: 'HOME', value: '/tmp' }],
              resources: { requests: RESOURCES, limits: RESOURCES },
              securityContext: HARDENED_CONTAINER,
              volumeMounts: [
                { name: 'tmp', mountPath: '/tmp' },
                { name: 'cache', mountPath: `${PROJECT_DIR}/.tripcurve` },
                { name: 'reports', mountPath: `${PROJECT_DIR}/reports` },
              ],
            },
          ],
          volumes: [scratch('tmp'), scratch('cache'), reports(options.claim)],
        },
      },
    },
  };
}

function argumentsOf({ name, shards, seed, tags, deadlineS }: JobOptions): string[] {
  const guard = ['--limit', String(deadlineS - GUARD_MARGIN_S)];
  return [name, String(shards), '--seed', String(seed), ...guard, ...tags.flatMap((tag) => ['--tag', tag])];
}

function scratch(name: string): IVolume {
  return { name, emptyDir: { sizeLimit: SCRATCH } };
}

function reports(claim: string | undefined): IVolume {
  return claim === undefined
    ? scratch('reports')
    : { name: 'reports', persistentVolumeClaim: { claimName: claim } };
}
