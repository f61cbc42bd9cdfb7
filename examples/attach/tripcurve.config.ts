/** A config for a service that runs already: nothing in it is started (docs/attach.md). */
import { defineConfig } from '../../harness/scenario/define.ts';

export default defineConfig({
  target: { name: 'service', start: { command: ['not', 'started'] }, readyPath: '/ready' },
  profiles: { fast: { env: {} } },
  links: { dependency: { protocol: 'http', dependency: { address: '127.0.0.1:9001' } } },
  requests: { ask: { method: 'GET', path: '/', needs: ['dependency'] } },
  attach: {
    entry: 'http://127.0.0.1:9000',
    toxiproxy: { url: 'http://127.0.0.1:8474', proxies: { dependency: 'their-dependency' } },
    // links: { url: 'http://127.0.0.1:8475', proxies: { dependency: 'tap' } },
  },
});
