import type { Role } from './principal.js';

/** What every principal may do, whatever its roles. */
const SELF = ['self.read'] as const;

const OPERATE = [
  'safe-mode.read',
  'sessions.write',
  'sessions.read',
  'definitions.read',
  'workflows.start',
  'workflows.read',
  'workflows.control',
  'approvals.read',
  'agents.read',
  'breakers.read',
  'pii.detect',
  'webhooks.read',
  'schedules.read',
  'schedules.write',
] as const;

const REVIEW = [
  'safe-mode.read',
  'definitions.read',
  'workflows.read',
  'approvals.read',
  'approvals.decide',
  'deliveries.settle',
  'agents.read',
  'breakers.read',
  'pii.detect',
  'schedules.read',
  'policies.read',
] as const;

const OVERSEE = [
  'safe-mode.write',
  'audit.read',
  'audit.verify',
  'audit.export',
  'audit.disclose',
  'retention.read',
  'reports.read',
  'consents.read',
  'consents.withdraw',
  'subjects.export',
  'pii.reveal',
  'subjects.erase',
  'subjects.restrict',
  'holds.read',
  'holds.manage',
  'policies.write',
  'policies.activate',
] as const;

const ADMINISTER = [
  'audit.administer',
  'definitions.write',
  'api-keys.manage',
  'webhooks.manage',
  'retention.write',
] as const;

/** One thing a route asks for, as `resource.verb`. */
export type Permission =
  | (typeof SELF)[number]
  | (typeof OPERATE)[number]
  | (typeof REVIEW)[number]
  | (typeof OVERSEE)[number]
  | (typeof ADMINISTER)[number];

/** What each role may do. Anything not listed is denied. */
const PERMISSIONS_OF_ROLE: Readonly<Record<Role, readonly Permission[]>> = {
  operator: [...SELF, ...OPERATE],
  service: [...SELF, ...OPERATE],
  reviewer: [...SELF, ...REVIEW],
  compliance_officer: [...SELF, ...REVIEW, ...OVERSEE],
  admin: [...SELF, ...OPERATE, ...REVIEW, ...OVERSEE, ...ADMINISTER],
};

/** Whether any of the roles grants the permission. */
export function rolesGrant(roles: readonly Role[], permission: Permission): boolean {
  return roles.some((role) => PERMISSIONS_OF_ROLE[role]?.includes(permission));
}
