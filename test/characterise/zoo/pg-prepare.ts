/** The table that the services on PostgreSQL write to. */
import pg from 'pg';

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
await client.query('create table work (key text not null)');
await client.end();
