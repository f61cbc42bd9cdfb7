/** What healing came to, in sentences: `tripcurve heal` prints them, and fails where something is left. */
export interface Healing {
  /** What of a run was there. */
  found: string[];
  lifted: string[];
  /** What was looked at afterwards and is as it should be. */
  verified: string[];
  /** What is not ours to change, and worth knowing. */
  notes: string[];
  /** What is still not as it should be, and why. */
  left: string[];
}

export function newHealing(): Healing {
  return { found: [], lifted: [], verified: [], notes: [], left: [] };
}

/** Whether a process is there. @param pid also one of another user's */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
