/** A program to profile: it burns CPU in one function, keeps what another makes, and throws away what a third makes. */
const kept: number[][] = [];
let sink = 0;

function burnHere(): void {
  for (let i = 1; i < 20_000_000; i += 1) sink += i % 7;
}

/** Some 800 kB. */
function leakHere(): void {
  const numbers: number[] = [];
  for (let i = 0; i < 100_000; i += 1) numbers.push(i + 0.5);
  kept.push(numbers);
}

function throwAwayHere(): void {
  const numbers: number[] = [];
  for (let i = 0; i < 50_000; i += 1) numbers.push(i + 0.5);
  sink += numbers.length;
}

setInterval(() => {
  burnHere();
  leakHere();
  throwAwayHere();
  // Read, so that none of it is optimised away.
  if (sink < 0) console.log(sink);
}, 40);
console.log('ready');
