/** How the rig starts the example, and how the example takes the values that a sweep tries. */
import { defineConfig } from '../../harness/scenario/define.ts';

const node = process.execPath;

export default defineConfig({
  target: {
    name: 'policy-service',
    start: {
      command: [node, 'main.ts'],
      env: { DEPENDENCY_URL: '{{link.dependency.url}}', EXIT_WITH_STDIN: '1', PORT: '0' },
    },
    readyPath: '/ready',
  },
  profiles: { fast: { env: {} } },
  links: {
    dependency: {
      protocol: 'http',
      dependency: { process: { command: [node, 'dependency.ts'], env: { EXIT_WITH_STDIN: '1' } } },
    },
  },
  requests: { get: { method: 'GET', path: '/work/{{key}}', needs: ['dependency'] } },
  served: { header: 'served-by' },
  sweep: { env: { failures: 'BREAKER_FAILURES', openMs: 'BREAKER_OPEN_MS', timeoutMs: 'CALL_TIMEOUT_MS' } },
});
