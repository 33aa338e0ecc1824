import type { Command } from './command.js';
import { auditExport } from './commands/audit-export.command.js';
import { auditNewEpoch } from './commands/audit-new-epoch.command.js';
import { auditRotateKey } from './commands/audit-rotate-key.command.js';
import { auditVerify } from './commands/audit-verify.command.js';
import { auditWitness } from './commands/audit-witness.command.js';
import { chaos } from './commands/chaos.command.js';
import { configValidate } from './commands/config-validate.command.js';
import { demo } from './commands/demo.command.js';
import { evidence } from './commands/evidence.command.js';
import { policyValidate } from './commands/policy-validate.command.js';
import { reportFramework, reportPeriod, reportRun } from './commands/report.command.js';
import { serve } from './commands/serve.command.js';
import {
  workflowApprove,
  workflowReject,
  workflowRequestChanges,
} from './commands/workflow-decide.command.js';
import { workflowShow } from './commands/workflow-show.command.js';
import { workflowStart } from './commands/workflow-start.command.js';
import { workflowWatch } from './commands/workflow-watch.command.js';

/** Every command, in the order the help shows them. */
export const COMMANDS: readonly Command[] = [
  demo,
  serve,
  workflowStart,
  workflowWatch,
  workflowShow,
  workflowApprove,
  workflowReject,
  workflowRequestChanges,
  evidence,
  reportRun,
  reportPeriod,
  reportFramework,
  auditExport,
  auditVerify,
  auditWitness,
  auditRotateKey,
  auditNewEpoch,
  configValidate,
  policyValidate,
  chaos,
];
