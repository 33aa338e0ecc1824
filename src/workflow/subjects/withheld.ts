import type { StopReason } from '../../compliance/consent/work-stops.js';

const WHY: Readonly<Record<StopReason, string>> = {
  CONSENT_WITHDRAWN: 'Consent was withdrawn',
  SUBJECT_RESTRICTED: "The person's data is restricted",
  SUBJECT_ERASED: "The person's data is erased",
};

/** Public text of a message that is not sent, by the code for which its recipient was left out. */
export function whyWithheld(code: string): string {
  return WHY[code as StopReason] ?? 'The recipient was left out';
}
