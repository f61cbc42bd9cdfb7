/**
 * Stands between the rig and k6, which knows nothing of leases: k6 goes when the rig does, however the rig
 * died, because then the pipe on stdin closes. Run as `node guard.ts <k6> <arguments…>`.
 */
import { spawn } from 'node:child_process';

/** How long k6 may take to write its last results after SIGTERM. */
const LEAVE_MS = 2_000;

/** What a shell says of a command that cannot be run. */
const CANNOT_RUN = 127;

// First of all: a signal that came after k6 was started, and before it was heard, would leave k6 behind.
process.on('SIGTERM', () => {
  k6.kill('SIGTERM');
  setTimeout(() => k6.kill('SIGKILL'), LEAVE_MS);
});
process.stdin.resume();
for (const gone of ['end', 'close', 'error']) process.stdin.once(gone, () => k6.kill('SIGKILL'));

const [file = '', ...args] = process.argv.slice(2);
const k6 = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });
console.log(`tripcurve-k6-pid=${k6.pid ?? 0}`);
k6.once('error', (error) => {
  console.error(error.message);
  process.exit(CANNOT_RUN);
});
k6.once('close', (code) => process.exit(code ?? CANNOT_RUN));
