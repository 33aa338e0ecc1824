/** Roles that may decide on approvals, as `permissions.ts` grants it. A definition may ask for fewer. */
export const REVIEWER_ROLES = ['reviewer', 'compliance_officer', 'admin'] as const;
