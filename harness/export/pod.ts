/** What every pod that is exported here has in common: no rights beyond those of its work. */
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import type { ISecurityContext } from 'kubernetes-models/v1/SecurityContext';

export type Labels = Record<string, string>;

/** The user `node` of Node's images. It needs a name in /etc/passwd, because PostgreSQL asks for it. */
const USER_ID = 1_000;

export const HARDENED_POD = {
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: USER_ID,
    runAsGroup: USER_ID,
    fsGroup: USER_ID,
    seccompProfile: { type: 'RuntimeDefault' },
  },
} satisfies Partial<IPodSpec>;

export const HARDENED_CONTAINER = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} satisfies ISecurityContext;

export function labelsOf(component: string): Labels {
  return { 'app.kubernetes.io/name': 'tripcurve', 'app.kubernetes.io/component': component };
}
