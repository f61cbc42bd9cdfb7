/**
 * What Mimo's router is asked: three hundred questions, of which a few are asked again and again and most hardly
 * ever (Zipf's law, as in the logs of search engines and web caches). So a cache has something to do, and one that
 * holds a third of them cannot hold all that is asked.
 */

const SUBJECTS = [
  'the falcon',
  'the glacier',
  'the lantern',
  'the orchard',
  'the tide',
  'the violin',
  'the harbour',
  'the observatory',
  'the quarry',
  'the windmill',
  'the bridge',
  'the kiln',
  'the beehive',
  'the lighthouse',
  'the loom',
];
const ASKING = [
  'where is',
  'what is known of',
  'when did we last see',
  'who looks after',
  'how do I repair',
  'how old is',
  'what belongs to',
  'what happened yesterday at',
  'which steps lead to',
  'what is like',
  'who visited',
  'how do I open',
  'what is near',
  'when was somebody at',
  'what is the colour of',
  'how do I paint',
  'what lies behind',
  'who remembers',
  'what is it that depends on',
  'how do I find',
];

/** Each once, the ranks of the subjects and of the ways of asking well mixed. */
const QUESTIONS = Array.from({ length: SUBJECTS.length * ASKING.length }, (_, n) => {
  const subject = n % SUBJECTS.length;
  const ask = ASKING[(Math.floor(n / SUBJECTS.length) + 7 * subject) % ASKING.length];
  return `${ask} ${SUBJECTS[subject]}?`;
});

/** As a pool to pick from: the question of rank r is in it as often as it is asked, 1/r of the first. */
export const questions: string[] = QUESTIONS.flatMap((question, n) =>
  Array.from({ length: Math.round(QUESTIONS.length / (n + 1)) }, () => question),
);
