import { stripEnd } from './wording.js';

/** Recipient fields the writer knows how to use, by the names people give them, and what it says about each. */
const FIELDS: readonly { readonly names: RegExp; readonly lines: (value: string) => readonly string[] }[] = [
  {
    names: /^(?:current)?(?:plan|tier|package|subscription)(?:name)?$/,
    lines: (value) => {
      const plan = /\b(?:plan|package|subscription|tier)\b/i.test(value) ? value : `${value} plan`;
      return [
        `You are on the ${plan} today, so this is meant for your situation.`,
        `We chose this with the ${plan} in mind, which is the one you use.`,
        `As you use the ${plan}, this should fit you well.`,
      ];
    },
  },
  {
    names:
      /^(?:last|recent|latest|previous)(?:purchase|order|product|bought|item|booking|visit)(?:date|name)?$/,
    lines: (value) =>
      isDate(value)
        ? [
            `You were last with us on ${longDate(value)}, and we have not forgotten it.`,
            `We last had the pleasure on ${longDate(value)} and would like to keep in touch.`,
          ]
        : [
            `Your last choice with us was ${asName(value)}, which made us think of you.`,
            `We hope you are getting good use out of ${asName(value)}.`,
            `You chose ${asName(value)} last time, so this may well suit you.`,
          ],
  },
  {
    names: /^(?:industry|sector|branch|vertical|field)$/,
    lines: (value) => [
      `We know that work in ${value} has its own demands, and we kept them in mind.`,
      `For someone working in ${value}, this should be of particular use.`,
      `We thought of people in ${value} when we prepared this.`,
    ],
  },
  {
    names: /^(?:company|companyname|organi[sz]ation|employer|business)$/,
    lines: (value) => [
      `This could be of use to everyone at ${value}.`,
      `We would be glad to do this together with ${value}.`,
      `We thought of you and of ${value} straight away.`,
    ],
  },
  {
    names: /^(?:city|town|location|region|country|state)$/,
    lines: (value) => [
      `We hope that all is well in ${value}.`,
      `Our greetings go to ${value} with this message.`,
      `It is good to know that we have friends in ${value}.`,
    ],
  },
  {
    names: /^(?:role|job|jobtitle|position|profession|occupation)$/,
    lines: (value) => [
      `In your role as ${value}, you will see quickly what this is worth.`,
      `We value your judgement as ${value}.`,
    ],
  },
  {
    names: /^(?:customersince|membersince|since|joined|joinedat|joindate|signupdate|startdate|memberyear)$/,
    lines: (value) => {
      const since = isDate(value) ? longDate(value) : value;
      return [
        `Thank you for being with us since ${since}.`,
        `You have been with us since ${since}, and we do not take that for granted.`,
      ];
    },
  },
  {
    names: /^(?:interests?|favou?rite\w*|preferences?|hobby|hobbies|category|product|products|course)$/,
    lines: (value) => [
      `We remembered your interest in ${value}.`,
      `Your interest in ${value} made us think of you.`,
      `If ${value} is still on your mind, this should be worth a look.`,
    ],
  },
  {
    names: /^(?:accountmanager|contact|contactperson|advisor|adviser|consultant)$/,
    lines: (value) => [`Your contact here is still ${value}.`, `As always, you can also turn to ${value}.`],
  },
];

/** Names of the given attributes that the writer can use, in their own order. */
export function usableFields(attributes: Readonly<Record<string, string>> | undefined): string[] {
  return Object.entries(attributes ?? {})
    .filter(([name, value]) => linesFor(name, value).length > 0)
    .map(([name]) => name);
}

/** Sentences that can be said about one attribute; none when the field is unknown or its value does not fit in a sentence. */
export function linesFor(name: string, value: string): readonly string[] {
  const text = stripEnd(value);
  if (
    text === '' ||
    text.length > 60 ||
    /[\n{}<>]/.test(value) ||
    /^(?:n\/?a|none|null|unknown|-+)$/i.test(text)
  )
    return [];
  const key = name.toLowerCase().replaceAll(/[^a-z]/g, '');
  return FIELDS.find(({ names }) => names.test(key))?.lines(text) ?? [];
}

/** A description such as `Extra seats` stands in quotation marks, for want of an article; a proper name does not. */
function asName(value: string): string {
  const isProper = value.split(' ').every((word) => /^[\p{Lu}\d⟦]/u.test(word));
  return isProper ? value : `“${value}”`;
}

function isDate(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}(?:T|$)/.test(value) && !Number.isNaN(Date.parse(value.slice(0, 10)));
}

function longDate(value: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  }).format(new Date(value.slice(0, 10)));
}
