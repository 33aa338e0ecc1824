/** Somebody whose values are sealed with a key of their own. */
export interface Subject {
  readonly tenantId: string;
  readonly subjectRef: string;
}

export interface WrappedKey extends Subject {
  readonly wrappedKey: Buffer;
  /** Which key wraps it; null = the instance's own. */
  readonly kekId: string | null;
}
