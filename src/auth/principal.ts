/** What a principal may be; the permissions of each role stand in `permissions.ts`. */
export const ROLES = ['operator', 'reviewer', 'compliance_officer', 'admin', 'service'] as const;

export type Role = (typeof ROLES)[number];

/** Who is asking. */
export interface Principal {
  /** Stable id: the API key's. */
  readonly id: string;
  readonly tenantId: string;
  readonly roles: readonly Role[];
  readonly authMethod: 'api_key';
}
