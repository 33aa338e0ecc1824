import { AppError } from '../../../kernel/app-error.js';

/** The forms a report comes in, the first when the client does not mind. */
const FORMATS = {
  json: 'application/json',
  html: 'text/html',
  pdf: 'application/pdf',
} as const;

export type ReportFormat = keyof typeof FORMATS;

export const REPORT_MEDIA_TYPES = Object.values(FORMATS);

/**
 * The form that an Accept header asks for (RFC 9110 §12.5.1): the one it gives the greatest weight.
 *
 * @throws AppError NOT_ACCEPTABLE when it takes none of them.
 */
export function reportFormatOf(accept: string | undefined): ReportFormat {
  if (accept === undefined || accept.trim() === '') return 'json';
  const ranges = accept.split(',').map(rangeOf);
  const weighed = (Object.keys(FORMATS) as ReportFormat[])
    .map((format) => ({ format, weight: weightOf(FORMATS[format], ranges) }))
    .filter(({ weight }) => weight > 0)
    .toSorted((one, other) => other.weight - one.weight);
  const [best] = weighed;
  if (!best) {
    throw new AppError('NOT_ACCEPTABLE', { detail: `A report comes as ${REPORT_MEDIA_TYPES.join(', ')}` });
  }
  return best.format;
}

interface MediaRange {
  readonly type: string;
  readonly weight: number;
}

function rangeOf(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const weight = given === undefined ? 1 : Number(given);
  return { type, weight: weight >= 0 && weight <= 1 ? weight : 0 };
}

/** The most exact range that speaks of a type decides. */
function weightOf(type: string, ranges: readonly MediaRange[]): number {
  const wildcard = `${type.slice(0, type.indexOf('/'))}/*`;
  for (const wanted of [type, wildcard, '*/*']) {
    const range = ranges.find((each) => each.type === wanted);
    if (range) return range.weight;
  }
  return 0;
}
