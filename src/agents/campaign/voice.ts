/** The four manners of writing the simulated writer has. */
export type Voice = 'formal' | 'friendly' | 'lively' | 'plain';

const MARKS: readonly (readonly [Voice, RegExp])[] = [
  ['friendly', /\b(?:informal|less formal|not (?:too )?formal|too formal)\b/i],
  ['formal', /\b(?:too (?:casual|informal|familiar|chatty))\b/i],
  ['formal', /\b(?:formal|professional|business-?like|serious|official|respectful|polite|courteous)\b/i],
  ['lively', /\b(?:enthusiastic|excited|exciting|energetic|playful|upbeat|lively|bold|fun|cheerful)\b/i],
  ['friendly', /\b(?:friendl\w+|warm(?:er|ly)?|casual|relaxed|personal|conversational|kind|approachable)\b/i],
  ['plain', /\b(?:plain|matter-of-fact|sober|direct|neutral|factual|concise|crisp|simple|short)\b/i],
];

/** The manner a description of tone asks for; nothing when it names none we know. */
export function findVoice(description: string | undefined): Voice | undefined {
  if (description === undefined) return undefined;
  return MARKS.find(([, mark]) => mark.test(description))?.[0];
}

/** How each manner reads, for people and as the tone of a strategy. */
export const VOICE_DESCRIPTIONS: Readonly<Record<Voice, string>> = {
  formal: 'Formal and respectful: full sentences, no contractions, the full name in the greeting',
  friendly: 'Friendly and personal: short sentences, the given name in the greeting',
  lively: 'Lively and upbeat: active verbs and visible pleasure, without pressure',
  plain: 'Plain and direct: the point first, nothing that is not needed',
};
