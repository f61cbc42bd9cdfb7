/**
 * Turns of the event loop, for all links of the process. Small chunks are read one after the other as the
 * loop finds them, and written together when it has found them all: a peer that is woken by the first
 * write is still awake at the next one, and waking a process is most of what a write to it costs. After
 * that the loop looks for more for a little while instead of falling asleep, so that the answer to a
 * request finds it awake.
 */

/** Longer than a dependency on the same machine needs to answer, and next to nothing for who shares the CPU. */
const AWAKE_MS = 0.05;

/** Something with chunks that wait for the end of the turn. */
export interface Waiting {
  flush(): void;
}

let waiting: Waiting[] = [];
let spare: Waiting[] = [];
let isScheduled = false;
let awakeUntilMs = 0;

/** Has `flush` called when the loop has read whatever there was to read. */
export function atEndOfTurn(pipe: Waiting): void {
  waiting.push(pipe);
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(endTurn);
}

function endTurn(): void {
  if (waiting.length > 0) {
    const due = waiting;
    waiting = spare;
    for (const pipe of due) pipe.flush();
    due.length = 0;
    spare = due;
    awakeUntilMs = performance.now() + AWAKE_MS;
  } else if (performance.now() >= awakeUntilMs) {
    isScheduled = false;
    return;
  }
  setImmediate(endTurn);
}
