import { describe, expect, it } from 'vitest';
import { rolesGrant } from './permissions.js';
import { type Role, ROLES } from './principal.js';

describe('permissions', () => {
  it('let everybody see who they are', () => {
    for (const role of ROLES) expect(rolesGrant([role], 'self.read')).toBe(true);
  });

  it('let only the administrator manage keys', () => {
    expect(ROLES.filter((role) => rolesGrant([role], 'api-keys.manage'))).toEqual(['admin']);
  });

  it('add up over roles', () => {
    expect(rolesGrant(['operator'], 'approvals.decide')).toBe(false);
    expect(rolesGrant(['operator', 'reviewer'], 'approvals.decide')).toBe(true);
  });

  it('are none without a role, or with one that nobody knows', () => {
    expect(rolesGrant([], 'self.read')).toBe(false);
    expect(rolesGrant(['superuser' as Role], 'self.read')).toBe(false);
  });
});
