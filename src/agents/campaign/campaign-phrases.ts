import type { BriefReading, CampaignKind } from './brief-reading.js';
import type { Voice } from './voice.js';

/** What can be said for one kind of message. Phrases fit a topic in the singular and in the plural alike. */
interface KindPhrases {
  /** The thought behind the message, for the strategy. */
  readonly angle: string;
  /** An imperative sentence to the recipient. */
  readonly callToAction: string;
  readonly successMetric: string;
  readonly openings: readonly string[];
  readonly subjects: readonly string[];
}

/** The phrases for what was read, with its topic put in. */
export function phrasesFor({ kind, topic }: BriefReading): KindPhrases {
  return topic === undefined ? WITHOUT_TOPIC[kind] : WITH_TOPIC[kind](topic);
}

const WITHOUT_TOPIC: Readonly<Record<CampaignKind, KindPhrases>> = {
  announce: {
    angle: 'News told in person: what is new and why it matters to this recipient',
    callToAction: 'Reply to this e-mail and we will show you what is new',
    successMetric: 'Share of recipients who reply or ask for more',
    openings: [
      'There is news from us that we would like to share with you.',
      'We have something new to tell you about.',
      'We have been working on something new and wanted you to hear of it from us.',
    ],
    subjects: ['News from us', 'Something new for you', 'What is new with us'],
  },
  invite: {
    angle: 'A personal invitation: being asked by name is the reason to come',
    callToAction: 'Reply to this e-mail to reserve your place',
    successMetric: 'Share of recipients who accept the invitation',
    openings: [
      'We would like to invite you to join us.',
      'You are warmly invited to be our guest.',
      'This is your personal invitation from us.',
    ],
    subjects: ['Your invitation', 'An invitation for you', 'Would you like to join us?'],
  },
  win_back: {
    angle: 'An honest welcome back: no reproach for the absence, a clear reason to return',
    callToAction: 'Reply to this e-mail and we will get everything ready for you',
    successMetric: 'Share of recipients who return',
    openings: [
      'It has been a while since we last heard from you, and we would be glad to have you back.',
      'Some time has passed since you were last with us, so we wanted to get in touch.',
      'We have missed you, and we would like to welcome you back.',
      'We have not seen you for some time, and we would like to change that.',
    ],
    subjects: [
      'It has been a while',
      'We would like to have you back',
      'A good moment to come back',
      'Shall we start again?',
    ],
  },
  upgrade: {
    angle: 'The next step: what the recipient gains by moving on, compared with today',
    callToAction: 'Reply to this e-mail and we will take care of the change',
    successMetric: 'Share of recipients who make the change',
    openings: [
      'We think there is a better fit for you than what you use today.',
      'We are writing about a next step that could suit you well.',
      'There is more we can do for you than we do today.',
    ],
    subjects: ['Your next step with us', 'A better fit for you', 'Time for the next step?'],
  },
  renew: {
    angle: 'Continuity: what has worked goes on without an interruption',
    callToAction: 'Reply to this e-mail and we will prepare your renewal',
    successMetric: 'Share of recipients who renew',
    openings: [
      'We would be glad to go on working with you, and this note is about your renewal.',
      'Thank you for being with us. We are writing to you about your renewal.',
      'A short note about your renewal, so that nothing is interrupted.',
    ],
    subjects: ['About your renewal', 'Your renewal', 'Shall we continue together?'],
  },
  act: {
    angle: 'One small step, made easy: what to do and what the recipient gets from it',
    callToAction: 'Reply to this e-mail and we will help you with the next step',
    successMetric: 'Share of recipients who take the step',
    openings: ['We have a suggestion for you.', 'We would like to make the next step easy for you.'],
    subjects: ['A suggestion for you', 'One small step'],
  },
  thank: {
    angle: 'Thanks without a catch: the recipient should feel seen',
    callToAction: 'Reply to this e-mail if there is anything we can do for you',
    successMetric: 'Share of recipients who reply',
    openings: [
      'We would like to say thank you.',
      'This is a thank-you note, plain and simple.',
      'Thank you for the trust you place in us.',
    ],
    subjects: ['Thank you', 'A word of thanks', 'With our thanks'],
  },
  feedback: {
    angle: 'An honest question: the recipient’s opinion changes something',
    callToAction: 'Reply to this e-mail with one or two sentences',
    successMetric: 'Share of recipients who answer',
    openings: [
      'Your opinion matters to us, and we would like to ask for it.',
      'May we ask for two minutes of your time? We would like to know what you think.',
      'We would like to get better, and you can help us with that.',
    ],
    subjects: ['Your opinion, please', 'A question for you', 'What do you think?'],
  },
  remind: {
    angle: 'A friendly reminder: short, clear, no pressure',
    callToAction: 'Reply to this e-mail if you have any question',
    successMetric: 'Share of recipients who act on the reminder',
    openings: ['This is a short, friendly reminder from us.', 'We would like to remind you of something.'],
    subjects: ['A short reminder', 'A friendly reminder'],
  },
  promote: {
    angle: 'Relevance before volume: why this fits this recipient',
    callToAction: 'Reply to this e-mail and we will send you the details',
    successMetric: 'Share of recipients who ask for details or buy',
    openings: [
      'We have picked out something that may interest you.',
      'We would like to draw your attention to something that fits you well.',
      'We thought of you when we put this together.',
    ],
    subjects: ['Something for you', 'Picked out for you', 'This may interest you'],
  },
  general: {
    angle: 'A personal word: why we write to this recipient, and what is in it for them',
    callToAction: 'Reply to this e-mail and we will get back to you in person',
    successMetric: 'Share of recipients who reply',
    openings: [
      'We are getting in touch because we think this is relevant to you.',
      'We would like to take a moment of your time for something that concerns you.',
      'We are writing to you in person, because a circular would not do.',
      'We have put something together that we would like you to know about.',
    ],
    subjects: ['A word from us', 'For you', 'A personal note', 'Something you should know'],
  },
  check_in: {
    angle: 'An honest question: how the recipient is doing and what we could do better',
    callToAction: 'Reply to this e-mail and tell us what we can do for you',
    successMetric: 'Share of recipients who reply',
    openings: [
      'We would like to know how things are going and whether there is anything we can do for you.',
      'It is time we got in touch again: how can we help you?',
      'We are writing to ask what we could do better for you.',
      'We would like to stay in touch, and to hear from you what you need.',
    ],
    subjects: ['How are things going?', 'What can we do for you?', 'A question from us', 'Staying in touch'],
  },
};

const WITH_TOPIC: Readonly<Record<CampaignKind, (topic: string) => KindPhrases>> = {
  announce: (topic) => ({
    ...WITHOUT_TOPIC.announce,
    openings: [
      `We have something new to show you: ${topic}.`,
      `There is news from us, and it is about ${topic}.`,
      `You may have wondered what we have been working on. The answer: ${topic}.`,
      `We would like to introduce you to ${topic}.`,
    ],
    subjects: [`News: ${topic}`, `Introducing ${topic}`, `A first look at ${topic}`, `What is new: ${topic}`],
  }),
  invite: (topic) => ({
    ...WITHOUT_TOPIC.invite,
    openings: [
      `We would like to invite you to ${topic}.`,
      `You are warmly invited to ${topic}.`,
      `Please accept our invitation to ${topic}.`,
      `This is your personal invitation to ${topic}.`,
    ],
    subjects: [`Your invitation to ${topic}`, `You are invited to ${topic}`, `An invitation to ${topic}`],
  }),
  win_back: () => WITHOUT_TOPIC.win_back,
  upgrade: (topic) => ({
    ...WITHOUT_TOPIC.upgrade,
    openings: [
      `We think ${topic} could be the right next step for you.`,
      `Have you thought about ${topic}? This may be a good moment.`,
      `We are writing to you because ${topic} might suit you well.`,
      `This is a short note about ${topic} and about how easy it is to change.`,
    ],
    subjects: [`Your next step: ${topic}`, `Ready for ${topic}?`, `Have you thought about ${topic}?`],
  }),
  renew: (topic) => ({
    ...WITHOUT_TOPIC.renew,
    openings: [
      `We are writing to you about renewing ${topic}.`,
      `We would be glad to go on working with you and to renew ${topic}.`,
      `Thank you for being with us. This note is about renewing ${topic}.`,
      `A short reminder that this is a good time to renew ${topic}.`,
    ],
    subjects: [`About renewing ${topic}`, `Time to renew ${topic}`, `Shall we renew ${topic}?`],
  }),
  act: (step) => ({
    ...WITHOUT_TOPIC.act,
    openings: [
      `Now is a good time to ${step}.`,
      `We would like to make it easy for you to ${step}.`,
      `May we suggest something? This is a good moment to ${step}.`,
      `Have you been meaning to ${step}? Then this note comes at the right time.`,
    ],
    subjects: [`A good time to ${step}`, `Easy to do: ${step}`, `Have you been meaning to ${step}?`],
  }),
  thank: (topic) => ({
    ...WITHOUT_TOPIC.thank,
    openings: [
      `We would like to thank you for ${topic}.`,
      `This is a note to say thank you for ${topic}.`,
      `Thank you for ${topic}; it means a lot to us.`,
    ],
    subjects: [`Thank you for ${topic}`, 'A word of thanks', 'With our thanks'],
  }),
  feedback: (topic) => ({
    ...WITHOUT_TOPIC.feedback,
    openings: [
      `We would like to know what you think about ${topic}.`,
      `May we ask for two minutes of your time? It is about ${topic}.`,
      `Your opinion on ${topic} matters to us.`,
    ],
    subjects: [`Your opinion on ${topic}`, `A question about ${topic}`, `What do you think about ${topic}?`],
  }),
  remind: (topic) => ({
    ...WITHOUT_TOPIC.remind,
    openings: [
      `This is a short, friendly reminder about ${topic}.`,
      `We would like to remind you about ${topic}.`,
      `Before it slips by: a short note about ${topic}.`,
    ],
    subjects: [`A reminder about ${topic}`, `Do not forget: ${topic}`, `About ${topic}`],
  }),
  promote: (topic) => ({
    ...WITHOUT_TOPIC.promote,
    openings: [
      `We would like to draw your attention to ${topic}.`,
      `We have picked out something for you: ${topic}.`,
      `This may interest you: ${topic}.`,
      `We are writing to you about ${topic}.`,
    ],
    subjects: [`For you: ${topic}`, `This may interest you: ${topic}`, `A closer look at ${topic}`],
  }),
  general: () => WITHOUT_TOPIC.general,
  check_in: () => WITHOUT_TOPIC.check_in,
};

interface VoicePhrases {
  readonly greetings: readonly string[];
  /** Whether the greeting uses the full name. */
  readonly fullName: boolean;
  readonly courtesies: readonly string[];
  readonly signOffs: readonly string[];
}

/** How each voice begins and ends. */
export const VOICE_PHRASES: Readonly<Record<Voice, VoicePhrases>> = {
  formal: {
    greetings: ['Dear'],
    fullName: true,
    courtesies: [
      'Should you have any questions, we are at your disposal.',
      'We look forward to hearing from you.',
      'Thank you for your time and consideration.',
    ],
    signOffs: ['Yours sincerely,', 'Kind regards,', 'With kind regards,'],
  },
  friendly: {
    greetings: ['Hello', 'Dear', 'Hi'],
    fullName: false,
    courtesies: [
      'If anything is unclear, just ask.',
      'We look forward to hearing from you.',
      'Whatever you decide, thank you for reading this far.',
      'We are here if you have a question.',
    ],
    signOffs: ['Best wishes,', 'Warm regards,', 'All the best,'],
  },
  lively: {
    greetings: ['Hi', 'Hello'],
    fullName: false,
    courtesies: [
      'We cannot wait to hear from you!',
      'Let us know what you think!',
      'We would love to hear from you!',
    ],
    signOffs: ['All the best,', 'Cheers,', 'Until soon,'],
  },
  plain: {
    greetings: ['Hello'],
    fullName: false,
    courtesies: ['Questions? Just ask.', 'If you have questions, reply to this message.'],
    signOffs: ['Regards,', 'Best regards,'],
  },
};

/** Ways to bring in the offer; it follows as it was written. */
export const OFFER_LEADS = [
  'Our offer to you',
  'For you, that means',
  'What we have set aside for you',
  'Here is what you get',
] as const;

/** Ways to bring in an offer that is a sentence of its own; the empty one lets it stand alone. */
export const STATEMENT_LEADS = ['', 'Our offer', 'This is what we propose'] as const;

/** Ways to bring in something that has to be said. */
export const INCLUDE_LEADS = ['Please note', 'Also worth knowing', 'One more point'] as const;

/** Ways to bring in the call to action; the empty one lets it stand alone. */
export const ACTION_LEADS = [
  '',
  'The next step is simple',
  'Interested? Then',
  'It only takes a minute',
] as const;
