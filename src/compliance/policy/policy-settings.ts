/** What a tenant sets without writing a policy; built-in policies read it as `context.settings`. */
export interface PolicySettings {
  /** Most recipients of one run. */
  readonly maxRecipients: number;
  /** Whether restricted data may leave by the channel `webhook`. */
  readonly restrictedByWebhook: boolean;
  /** Whether restricted data is approved by compliance officers and administrators only. */
  readonly restrictedNeedsOfficer: boolean;
}

export const DEFAULT_SETTINGS: PolicySettings = {
  maxRecipients: 100_000,
  restrictedByWebhook: false,
  restrictedNeedsOfficer: false,
};
