import { Module } from '@nestjs/common';
import { ActivePolicies } from './active-policies.service.js';
import { BuiltinPolicies } from './builtin-policies.service.js';
import { PoliciesController } from './policies.controller.js';
import { PolicyDecisions } from './policy-decisions.service.js';
import { PolicyVersions } from './policy-versions.service.js';
import { PolicyRepository } from './policy.repository.js';

/** Policies as data: the tenants' own and what is built in. Others ask for decisions. */
@Module({
  controllers: [PoliciesController],
  providers: [BuiltinPolicies, ActivePolicies, PolicyRepository, PolicyDecisions, PolicyVersions],
  exports: [PolicyDecisions, ActivePolicies, PolicyVersions],
})
export class PolicyModule {}
