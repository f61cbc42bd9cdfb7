/**
 * GET /events: what changes, as server-sent events, the kept ones first. Bounded in followers, and in
 * what may lie unread before one of them: who does not read is let go.
 */
import type { FastifyReply } from 'fastify';
import type { Events, Told } from '../events.ts';
import { Unavailable } from './failure.ts';

/** Unread bytes at which a follower is let go; some 500 events. */
const UNREAD_BYTES_MAX = 64 * 1024;

export interface Followers {
  readonly count: number;
  /** Answers with the stream. @throws Unavailable when all places are taken */
  add(reply: FastifyReply): void;
  /** Ends every stream. */
  close(): void;
}

export function createFollowers(events: Events, followersMax: number): Followers {
  const ends = new Set<() => void>();
  let isClosed = false;
  return {
    get count() {
      return ends.size;
    },
    add(reply) {
      if (isClosed || ends.size >= followersMax)
        throw new Unavailable(`All ${followersMax} places of /events are taken.`);
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      // So that the answer's head goes out even where nothing has happened yet.
      raw.write(': mimo\n\n');
      const write = (event: Told): void => {
        raw.write(`id: ${event.seq}\nevent: ${event.event}\ndata: ${JSON.stringify(event)}\n\n`);
        if (raw.writableLength > UNREAD_BYTES_MAX) raw.destroy();
      };
      for (const event of events.recent()) write(event);
      const unfollow = events.follow(write);
      const end = (): void => {
        raw.end();
        // The connection goes with its stream: kept alive, it would hold the closing server open.
        raw.socket?.destroySoon();
      };
      ends.add(end);
      raw.once('close', () => {
        unfollow();
        ends.delete(end);
      });
      raw.on('error', () => raw.destroy());
    },
    close() {
      isClosed = true;
      for (const end of ends) end();
    },
  };
}
