/**
 * The k6 operator's TestRun: load from several machines, for rates beyond one. It drives; nobody judges:
 * verdicts need the links, and those are where the rig is. Fields as in the operator's documentation, v1alpha1.
 */
import type { IEnvVar } from 'kubernetes-models/v1/EnvVar';
import type { IPodSecurityContext } from 'kubernetes-models/v1/PodSecurityContext';
import type { IResourceRequirements } from 'kubernetes-models/v1/ResourceRequirements';
import type { ISecurityContext } from 'kubernetes-models/v1/SecurityContext';
import { HARDENED_CONTAINER, labelsOf } from './pod.ts';

/** The fields of a TestRun that are written here. */
export interface TestRun {
  apiVersion: 'k6.io/v1alpha1';
  kind: 'TestRun';
  metadata: { name: string; namespace?: string; labels: Record<string, string> };
  spec: {
    /** Runners; k6 splits the script's load among them. */
    parallelism: number;
    /** No two runners on one node. */
    separate: boolean;
    script: { configMap: { name: string; file: string } };
    runner: {
      image?: string;
      env: IEnvVar[];
      resources: IResourceRequirements;
      securityContext: IPodSecurityContext;
      containerSecurityContext: ISecurityContext;
    };
  };
}

export interface TestRunOptions {
  name: string;
  namespace?: string | undefined;
  runners: number;
  /** The config map that holds the script, and its key there. */
  script: { configMap: string; file: string };
  /** Where the load goes; the script finds it in `TARGET_URL`. */
  url: string;
  seed: number;
  /** k6's image; without it the operator's default. */
  image?: string | undefined;
}

/** User `k6` of k6's image. */
const K6_USER_ID = 12_345;

const RESOURCES = { requests: { cpu: '1', memory: '512Mi' }, limits: { memory: '1Gi' } };

export function testRun({ name, namespace, runners, script, url, seed, image }: TestRunOptions): TestRun {
  return {
    apiVersion: 'k6.io/v1alpha1',
    kind: 'TestRun',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: labelsOf('load'),
    },
    spec: {
      parallelism: runners,
      separate: true,
      script: { configMap: { name: script.configMap, file: script.file } },
      runner: {
        ...(image === undefined ? {} : { image }),
        env: [
          { name: 'TARGET_URL', value: url },
          { name: 'SEED', value: String(seed) },
        ],
        resources: RESOURCES,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: K6_USER_ID,
          runAsGroup: K6_USER_ID,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        // The operator's initializer takes these settings too, and writes an archive of the script to /tmp.
        containerSecurityContext: { ...HARDENED_CONTAINER, readOnlyRootFilesystem: false },
      },
    },
  };
}
