/** The six steps of a run, by the phases of Countersign; an approval from outside stands before the last. */
export const STEPS = [
  'INITIALIZATION',
  'BATCH_DISCOVERY',
  'STRATEGY_ANALYSIS',
  'GENERATION',
  'REVIEW',
  'DELIVERY',
];

const WORDS =
  'table birch cedar delta ember fable grove lantern ladder kettle linen maple north basket pebble quarry saddle timber umber velvet yarrow zephyr anchor bridge candle dapple ferry gravel harbour island jacket meadow'.split(
    ' ',
  );
const OUTPUT_LENGTH = 1_000;

/** Names a run by six plain words: nothing in it looks like personal data, and no two of a measurement are alike. */
export function runKey(number) {
  const words = [];
  for (let rest = number, index = 0; index < 6; index++, rest = Math.floor(rest / WORDS.length)) {
    words.push(WORDS[rest % WORDS.length]);
  }
  return words.join(' ');
}

/** What the agent of a step gives: about 1 KB of JSON, different for each run and step, without any work. */
export function outputOf(key, step) {
  return { step: STEPS[step], topic: key, text: TEXTS[step] };
}

const TEXTS = STEPS.map((_, step) => {
  const words = [];
  for (let length = 0, index = step; length < OUTPUT_LENGTH - 60; index += 7 + step) {
    const word = WORDS[index % WORDS.length];
    words.push(word);
    length += word.length + 1;
  }
  return words.join(' ');
});
