/** The lawful bases of GDPR Art. 6(1), (a) to (f). */
export const LAWFUL_BASES = [
  'consent',
  'contract',
  'legal_obligation',
  'vital_interests',
  'public_task',
  'legitimate_interests',
] as const;

export type LawfulBasis = (typeof LAWFUL_BASES)[number];

/** Stands for every subject of a session. */
export const EVERY_SUBJECT = '*';

/** Stands for every purpose, in a withdrawal that no session stands behind. */
export const EVERY_PURPOSE = '*';

/** That somebody's data may (or may no longer) be used for a purpose. */
export interface Consent {
  /** An e-mail address, or `*` for every subject. */
  readonly subject: string;
  readonly purpose: string;
  readonly lawfulBasis: LawfulBasis;
  /** False withdraws. */
  readonly granted: boolean;
  /** Which version of the consent's text was shown. */
  readonly textVersion?: string;
}

/** A consent and when it was recorded. */
export interface RecordedConsent extends Consent {
  readonly recordedAt: Date;
}

/** One word of the history: who recorded it, and in which session; null = withdrawn for the whole tenant. */
export interface PastConsent extends RecordedConsent {
  readonly id: string;
  readonly sessionId: string | null;
  readonly recordedBy: string;
}
