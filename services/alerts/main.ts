/** Starts the sink of alerts; `docker compose logs alerts` shows what reached whom. */
import { serve } from '../serve.ts';
import { buildAlerts } from './server.ts';

await serve(buildAlerts((heard) => console.log(JSON.stringify(heard))));
