/** The line in which a process of ours says where it listens. */
import type { Child } from './child.ts';

/** How long a process may take to announce its address. */
const ANNOUNCE_LIMIT_MS = 15_000;

/** Waits for the `{"listening":"http://host:port"}` line. @throws EnvironmentError with what it printed instead */
export function announcedUrl(child: Child): Promise<string> {
  return child.announces('announcing its address', ANNOUNCE_LIMIT_MS, (line) => {
    if (!line.includes('"listening"')) return undefined;
    try {
      const { listening } = JSON.parse(line) as { listening?: unknown };
      return typeof listening === 'string' ? listening : undefined;
    } catch {
      return undefined; // a log line that happens to hold the word
    }
  });
}
