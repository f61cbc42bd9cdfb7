/** psql as a client through a link: the smallest target there is, and none of it in the project's own terms. */
import { defineConfig } from '../../harness/scenario/define.ts';

export default defineConfig({
  target: {
    name: 'psql',
    // In the clear, or the link would see nothing: psql asks for TLS where the server has it.
    start: {
      command: [process.execPath, 'target.ts'],
      env: { DATABASE_URL: '{{link.database.url}}?sslmode=disable' },
    },
    readyPath: '/ready',
  },
  profiles: { fast: { env: {} } },
  links: {
    database: {
      protocol: 'postgres',
      dependency: {
        postgres: {
          prepare: { command: ['sh', '-c', 'psql -X -q -v ON_ERROR_STOP=1 -f schema.sql "$DATABASE_URL"'] },
          preparedBy: ['schema.sql'],
        },
      },
    },
  },
  requests: {
    store: { method: 'POST', path: '/notes?key={{key}}', needs: ['database'], write: true },
    count: { method: 'GET', path: '/notes', needs: ['database'] },
  },
  served: { header: 'served-by' },
  audits: {
    writes: {
      command: [
        ...['psql', '-X', '-A', '-t', '{{dependency.database.url}}', '-c'],
        "select json_build_object('rows', coalesce(json_object_agg(key, count), '{}')) from (select key, count(*) from notes group by key) as n",
      ],
    },
  },
});
