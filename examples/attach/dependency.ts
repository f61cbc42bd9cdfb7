/** What the service of this example depends on: answers everything with 200. */
import http from 'node:http';

http.createServer((_request, response) => response.end('fine\n')).listen(9001, '127.0.0.1');
