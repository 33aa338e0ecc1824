import type { HouseRule } from './house-rule.js';
import { POD_RULES } from './pod-rules.js';
import { NAMESPACE_RULE, REFERENCE_RULES } from './reference-rules.js';
import { AUTOSCALER_RULE, RELEASE_RULES } from './release-rules.js';
import { SECRET_RULE } from './secret-rules.js';

/** What the base keeps to already, before an overlay completes it. */
export const BASE_RULES: readonly HouseRule[] = [
  ...POD_RULES,
  ...RELEASE_RULES,
  ...REFERENCE_RULES,
  SECRET_RULE,
];

/** What is applied to a cluster keeps to these as well. */
export const OVERLAY_RULES: readonly HouseRule[] = [...BASE_RULES, AUTOSCALER_RULE, NAMESPACE_RULE];
