import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

/** bigint arrives as a number (see database.service); versions and counts stay far below 2^53. */
type BigInt8 = ColumnType<number, number | undefined, number>;
type Jsonb<T = unknown> = ColumnType<T, string, string>;
type Immutable<T> = ColumnType<T, T, never>;

export interface TenantTable {
  id: string;
  name: string;
  settings: ColumnType<Record<string, unknown>, string | undefined, string>;
  created_at: Generated<Date>;
}

export interface ApiKeyTable {
  id: string;
  tenant_id: string;
  name: string;
  key_hash: Buffer;
  display_prefix: string;
  roles: string[];
  created_by: string;
  created_at: Generated<Date>;
  expires_at: Date | null;
  revoked_at: Date | null;
}

export interface SessionTable {
  id: string;
  tenant_id: string;
  owner_id: string;
  metadata_sealed: Buffer | null;
  created_at: Date;
  last_seen_at: Date;
  idle_expires_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
}

export interface ConsentTable {
  id: string;
  tenant_id: string;
  session_id: string | null;
  subject_ref: string;
  subject_sealed: Buffer | null;
  purpose: string;
  lawful_basis: string;
  granted: boolean;
  recorded_by: string;
  recorded_at: Date;
  carried: Generated<boolean>;
  text_version: string | null;
}

export interface SubjectKeyTable {
  tenant_id: string;
  subject_ref: string;
  wrapped_key: Buffer | null;
  created_at: Generated<Date>;
  destroyed_at: Date | null;
  kek_id: Generated<string | null>;
}

export interface LegalHoldTable {
  id: string;
  tenant_id: string;
  scope: 'tenant' | 'run' | 'subject' | 'period';
  run_id: string | null;
  subject_ref: string | null;
  from_at: Date | null;
  to_at: Date | null;
  reference: string;
  set_by: string;
  set_at: Date;
  lift_requested_by: string | null;
  lift_requested_at: Date | null;
  lifted_by: string | null;
  lifted_at: Date | null;
}

export interface SubjectRestrictionTable {
  tenant_id: string;
  subject_ref: string;
  set_by: string;
  set_at: Date;
}

export interface ErasureTable {
  id: string;
  tenant_id: string;
  subject_ref: string;
  status: 'requested' | 'deferred' | 'running' | 'completed';
  deferred_by: string | null;
  requested_by: string;
  request_id: string;
  requested_at: Date;
  key_destroyed_at: Date | null;
  kek_id: string | null;
  unreadable_from: Date | null;
  counts: ColumnType<Record<string, number>, string | undefined, string>;
  completed_at: Date | null;
  event_id: string | null;
}

export interface IdempotencyKeyTable {
  tenant_id: string;
  principal_id: string;
  key: string;
  fingerprint: Buffer;
  response_status: number | null;
  response_sealed: Buffer | null;
  created_at: Generated<Date>;
  locked_until: Date | null;
  expires_at: Date;
}

export interface ContentTable {
  tenant_id: string;
  hash: Buffer;
  body: Jsonb;
  created_at: Generated<Date>;
}

export interface WorkflowDefinitionTable {
  tenant_id: string;
  name: string;
  version: number;
  document: Jsonb;
  digest: Buffer;
  source: 'builtin' | 'tenant';
  created_at: Generated<Date>;
}

export interface WorkflowRunTable {
  id: string;
  tenant_id: string;
  definition: string;
  definition_version: number;
  session_id: string;
  owner_id: string;
  status: string;
  phase: string;
  version: BigInt8;
  history_seq: Generated<number>;
  event_seq: Generated<number>;
  audit_seq: Generated<number>;
  audit_head: Buffer | null;
  round: Generated<number>;
  input_hash: Buffer;
  output_hash: Buffer | null;
  context: ColumnType<unknown, string | undefined, string>;
  attributes: ColumnType<Record<string, string>, string | undefined, string>;
  input_tokens: BigInt8;
  output_tokens: BigInt8;
  cost_usd: ColumnType<string, string | number | undefined, string | number>;
  degraded: Generated<boolean>;
  attempt: Generated<number>;
  forked_from_run: string | null;
  forked_from_phase: string | null;
  created_at: Date;
  updated_at: Date;
  waiting_for: ColumnType<unknown, string | null | undefined, string | null>;
  deadline_at: Generated<Date | null>;
  completed_at: Date | null;
  classification: Generated<'public' | 'internal' | 'confidential' | 'restricted'>;
  policy_version: Generated<number>;
  policy_activation: Generated<number>;
  owner_roles: Generated<string[]>;
  /** Null until the run ends, as all that follows. */
  ended_status: GeneratedAlways<string | null>;
  ended_phase: GeneratedAlways<string | null>;
  ended_touched_at: GeneratedAlways<Date | null>;
  ended_degraded: GeneratedAlways<boolean | null>;
}

export interface WorkflowStepTable {
  tenant_id: string;
  run_id: string;
  seq: number;
  kind: string;
  step_key: string | null;
  phase: string;
  agent: string | null;
  attempt: Generated<number>;
  status: string;
  from_phase: string | null;
  to_phase: string | null;
  input_hash: Buffer | null;
  output_hash: Buffer | null;
  usage: ColumnType<unknown, string | null | undefined, never>;
  degraded: Generated<boolean>;
  detail: ColumnType<unknown, string | null | undefined, never>;
  started_at: Date;
  ended_at: Date;
}

export interface WorkflowEventTable {
  tenant_id: string;
  run_id: string;
  seq: number;
  type: string;
  data: ColumnType<Record<string, unknown>, string, never>;
  created_at: Date;
  transaction_id: Generated<string>;
}

export interface WorkflowSignalTable {
  id: string;
  tenant_id: string;
  run_id: string;
  type: string;
  payload: ColumnType<Record<string, unknown>, string, never>;
  created_at: Date;
  payload_sealed: Generated<Buffer | null>;
  sender_key: Generated<Buffer | null>;
  consumed_at: Date | null;
}

export interface ArtifactTable {
  id: string;
  tenant_id: string;
  run_id: string;
  kind: string;
  name: string;
  version: number;
  round: number;
  content_hash: Buffer;
  created_at: Date;
}

export interface ApprovalTable {
  id: string;
  tenant_id: string;
  run_id: string;
  artifact_id: string;
  binding_hash: Buffer;
  status: string;
  requester_id: string;
  four_eyes: boolean;
  required_approvals: number;
  round: number;
  created_at: Date;
  expires_at: Date;
  roles: string[];
  reject_quorum: number;
  remind_at: Date[];
  reminded: number;
  escalate_at: Date | null;
  escalation_roles: string[];
  escalated_at: Date | null;
}

export interface ApprovalDelegationTable {
  id: string;
  tenant_id: string;
  run_id: string;
  approval_id: string;
  from_actor: string;
  to_actor: string;
  reason: string | null;
  created_at: Date;
}

export interface ApprovalDecisionTable {
  id: string;
  tenant_id: string;
  run_id: string;
  approval_id: string;
  actor_id: string;
  decision: string;
  comment: string | null;
  binding_hash: Buffer;
  decided_at: Date;
}

export interface DeliveryTable {
  id: string;
  tenant_id: string;
  run_id: string;
  index: number;
  subject_ref: string;
  channel: string;
  message_id: string;
  status: 'pending' | 'sending' | 'sent' | 'failed' | 'uncertain';
  attempts: Generated<number>;
  detail: string | null;
  created_at: Date;
  sending_at: Date | null;
  settled_at: Date | null;
  settled_by: string | null;
  intent_id: string | null;
}

export interface VaultTokenTable {
  tenant_id: string;
  run_id: string;
  token: string;
  entity: string;
  subject_ref: string;
  shared: boolean;
  sealed: Buffer;
  created_at: Generated<Date>;
}

/** Kept by triggers of `workflow_run`; nobody else writes it. */
export interface WorkflowAttributeTable {
  tenant_id: Immutable<string>;
  key: Immutable<string>;
  value: Immutable<string>;
  run_id: Immutable<string>;
}

export interface RetentionPolicyTable {
  tenant_id: string;
  definition: string;
  retention_days: number;
  updated_by: string;
  updated_at: Date;
}

export interface SchemaVersionTable {
  id: string;
  tenant_id: string;
  migrations: string[];
  digest: Buffer;
  recorded_at: Date;
}

export interface ContentOrphanTable {
  tenant_id: Immutable<string>;
  hash: Immutable<Buffer>;
}

export interface AuditEventTable {
  id: Immutable<string>;
  tenant_id: Immutable<string>;
  type: Immutable<string>;
  outcome: Immutable<string>;
  occurred_at: Immutable<Date>;
  actor_type: Immutable<string>;
  actor_ref: Immutable<string>;
  session_id: Immutable<string | null>;
  run_id: Immutable<string | null>;
  run_seq: Immutable<number | null>;
  run_prev: Immutable<Buffer | null>;
  leaf: Immutable<Buffer>;
  leaf_hash: Immutable<Buffer>;
  transaction_id: Generated<string>;
}

export interface AuditSealedTable {
  event_id: Immutable<string>;
  tenant_id: Immutable<string>;
  path: Immutable<string>;
  subject_ref: Immutable<string>;
  sealed: Immutable<Buffer>;
  occurred_at: Immutable<Date>;
}

export interface AuditPendingTable {
  seq: Generated<string>;
  tenant_id: string;
  event_id: string;
  subject: string;
  occurred_at: Date;
  transaction_id: Generated<string>;
}

export interface AuditHeadTable {
  tenant_id: string;
  log_id: string;
  epoch: Generated<number>;
  origin: string;
  size: BigInt8;
  root_hash: Buffer;
  minimum_index: BigInt8;
  sealed_at: Date | null;
  recorded_epoch: Generated<number>;
  recorded_event_id: string | null;
  recorded_size: BigInt8;
}

export interface AuditIndexTable {
  tenant_id: string;
  index: BigInt8;
  event_id: string;
  occurred_at: Date;
  leaf_hash: Buffer;
}

export interface AuditTileTable {
  tenant_id: string;
  level: number;
  index: BigInt8;
  hashes: Buffer;
}

export interface AuditCheckpointTable {
  tenant_id: string;
  epoch: number;
  size: BigInt8;
  origin: string;
  root_hash: Buffer;
  note: string;
  created_at: Date;
}

export interface AuditCosignatureTable {
  tenant_id: string;
  epoch: number;
  size: BigInt8;
  signer: string;
  line: string;
  signed_at: Date;
}

export interface AuditSelfCheckTable {
  tenant_id: string;
  epoch: Generated<number>;
  size: BigInt8;
  checked_at: Date | null;
  started_at: Date | null;
  whole_at: Date | null;
  events: BigInt8;
  faults: Generated<unknown>;
}

export interface AuditRetentionPolicyTable {
  tenant_id: string;
  class: string;
  retention_days: number;
  updated_by: string;
  updated_at: Date;
}

export interface AuditRetentionClassTable {
  class: Immutable<string>;
  floor_days: Immutable<number>;
  default_days: Immutable<number>;
}

export interface AuditEventClassTable {
  type: string;
  class: string;
}

export interface AuditRetirementTable {
  tenant_id: Immutable<string>;
  day: Immutable<string>;
  event_id: Immutable<string>;
  leaf: Immutable<Buffer>;
  gaps: Immutable<string>;
  retired_at: Immutable<Date>;
}

export interface AuditDayLookTable {
  day: string;
  looked_on: string;
}

export interface AuditArchiveTable {
  tenant_id: Immutable<string>;
  day: Immutable<string>;
  from_index: BigInt8;
  to_index: BigInt8;
  file: Immutable<string>;
  digest: Immutable<Buffer>;
  verified_at: Immutable<Date>;
}

export interface WebhookEndpointTable {
  id: string;
  tenant_id: string;
  url_sealed: Buffer;
  event_types: string[];
  definition: string | null;
  description: string | null;
  enabled: Generated<boolean>;
  disabled_reason: 'requested' | 'gone' | 'failing' | null;
  failing_since: Date | null;
  due_at: Date | null;
  taken_until: ColumnType<Date | number, never, Date>;
  lease: string | null;
  created_by: string;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
}

export interface WebhookSecretTable {
  id: string;
  tenant_id: string;
  endpoint_id: string;
  sealed: Buffer;
  created_at: Date;
  expires_at: Date | null;
}

export interface WebhookCursorTable {
  tenant_id: string;
  transaction_id: string;
  run_id: string;
  seq: number;
  moved_at: Date;
}

export interface WebhookMessageTable {
  id: string;
  tenant_id: string;
  run_id: string | null;
  sequence: number | null;
  type: string;
  body: string;
  created_at: Date;
}

export interface WebhookDeliveryTable {
  id: string;
  tenant_id: string;
  endpoint_id: string;
  message_id: string;
  position: Generated<number>;
  status: 'pending' | 'succeeded' | 'failed';
  attempts: Generated<number>;
  failures: Generated<number>;
  next_attempt_at: Date | null;
  attempt_log: ColumnType<unknown, string | undefined, string>;
  created_at: Date;
  settled_at: Date | null;
}

export interface ScheduleTable {
  id: string;
  tenant_id: string;
  name: string;
  owner_id: string;
  definition: string;
  definition_version: number | null;
  session_id: string;
  input_sealed: Buffer | null;
  attributes: ColumnType<Record<string, string>, string | undefined, string>;
  cron: string;
  time_zone: string;
  overlap: 'skip' | 'queue' | 'allow' | 'cancel_previous';
  catch_up_window_seconds: number;
  jitter_seconds: number;
  start_at: Date | null;
  end_at: Date | null;
  paused: boolean;
  pause_reason: string | null;
  next_fire_at: Date | null;
  wake_at: Date | null;
  started_count: Generated<number>;
  skipped_count: Generated<number>;
  missed_count: Generated<number>;
  denied_count: Generated<number>;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
}

export interface ScheduleFireTable {
  id: string;
  tenant_id: string;
  schedule_id: string;
  fire_at: Date;
  trigger: 'schedule' | 'manual' | 'backfill';
  overlap: ScheduleTable['overlap'] | null;
  outcome: 'pending' | 'waiting' | 'started' | 'skipped' | 'missed' | 'denied';
  code: string | null;
  rule: string | null;
  fire_count: Generated<number>;
  until_at: Date | null;
  run_id: string | null;
  run_ended: Generated<boolean>;
  attempts: Generated<number>;
  retry_at: Date | null;
  created_at: Date;
  settled_at: Date | null;
}

export interface BatchTable {
  id: string;
  tenant_id: string;
  owner_id: string;
  status: string;
  end_reason: string | null;
  format: string;
  on_error: string;
  definition: string | null;
  definition_version: number | null;
  session_id: string | null;
  request_id: string;
  idempotency_key: string | null;
  fingerprint: Buffer | null;
  key_expires_at: Date | null;
  rows_total: Generated<number>;
  rows_invalid: Generated<number>;
  first_invalid: number | null;
  rows_failed: Generated<number>;
  rows_started: Generated<number>;
  rows_cancelled: Generated<number>;
  next_row: Generated<number>;
  runs_completed: Generated<number>;
  runs_failed: Generated<number>;
  runs_rejected: Generated<number>;
  runs_cancelled: Generated<number>;
  turn: Generated<number>;
  created_at: Date;
  touched_at: Date;
  received_at: Date | null;
  started_at: Date | null;
  completed_at: Date | null;
  settled_at: Date | null;
}

export interface BatchRowTable {
  tenant_id: string;
  batch_id: string;
  number: number;
  line: number;
  state: string;
  sealed: Buffer | null;
  run_id: string | null;
  code: string | null;
  fault: ColumnType<unknown, string | null, string | null>;
}

export interface ReportDayTable {
  tenant_id: string;
  day: Date;
  events: string;
  figures: unknown;
  created_at: Generated<Date>;
}

export interface PolicyVersionTable {
  id: string;
  tenant_id: string;
  version: number;
  policies: Jsonb<Record<string, string>>;
  settings: Jsonb<{ maxRecipients: number; restrictedByWebhook: boolean; restrictedNeedsOfficer: boolean }>;
  default_permit: boolean;
  digest: Buffer;
  created_by: string;
  created_at: Date;
}

export interface AuditExportTable {
  id: string;
  tenant_id: string;
  requested_by: string;
  request_id: string;
  status: string;
  request: Jsonb;
  from_index: number | null;
  to_index: number | null;
  next_index: number | null;
  attempts: Generated<number>;
  code: string | null;
  bytes: number | null;
  digest: Buffer | null;
  created_at: Date;
  started_at: Date | null;
  completed_at: Date | null;
  expires_at: Date | null;
}

export interface PolicyRefusalTable {
  id: string;
  tenant_id: string;
  subject: string;
  refused_at: Date;
  decision: Jsonb;
}

export interface PolicyActivationTable {
  id: string;
  tenant_id: string;
  number: number;
  version: number;
  applies_to: 'new' | 'all';
  kind: 'activate' | 'rollback';
  undo_to: number | null;
  activated_by: string;
  activated_at: Date;
}

/** Every table of the product, as Kysely sees it. */
export interface SafeModeTable {
  tenant_id: string;
  scope: 'tenant' | 'instance';
  enabled: boolean;
  reason: string;
  changed_by: string;
  changed_at: Date;
}

export interface Tables {
  safe_mode: SafeModeTable;
  tenant: TenantTable;
  api_key: ApiKeyTable;
  session: SessionTable;
  consent: ConsentTable;
  subject_key: SubjectKeyTable;
  legal_hold: LegalHoldTable;
  subject_restriction: SubjectRestrictionTable;
  erasure: ErasureTable;
  idempotency_key: IdempotencyKeyTable;
  content: ContentTable;
  workflow_definition: WorkflowDefinitionTable;
  workflow_run: WorkflowRunTable;
  workflow_step: WorkflowStepTable;
  workflow_event: WorkflowEventTable;
  workflow_signal: WorkflowSignalTable;
  artifact: ArtifactTable;
  approval: ApprovalTable;
  approval_decision: ApprovalDecisionTable;
  approval_delegation: ApprovalDelegationTable;
  delivery: DeliveryTable;
  vault_token: VaultTokenTable;
  webhook_endpoint: WebhookEndpointTable;
  webhook_secret: WebhookSecretTable;
  webhook_cursor: WebhookCursorTable;
  webhook_message: WebhookMessageTable;
  webhook_delivery: WebhookDeliveryTable;
  workflow_attribute: WorkflowAttributeTable;
  retention_policy: RetentionPolicyTable;
  content_orphan: ContentOrphanTable;
  schema_version: SchemaVersionTable;
  audit_event: AuditEventTable;
  audit_sealed: AuditSealedTable;
  audit_pending: AuditPendingTable;
  audit_head: AuditHeadTable;
  audit_index: AuditIndexTable;
  audit_tile: AuditTileTable;
  audit_checkpoint: AuditCheckpointTable;
  audit_cosignature: AuditCosignatureTable;
  audit_self_check: AuditSelfCheckTable;
  audit_retention_policy: AuditRetentionPolicyTable;
  audit_archive: AuditArchiveTable;
  audit_retention_class: AuditRetentionClassTable;
  audit_event_class: AuditEventClassTable;
  audit_retirement: AuditRetirementTable;
  audit_day_look: AuditDayLookTable;
  report_day: ReportDayTable;
  schedule: ScheduleTable;
  schedule_fire: ScheduleFireTable;
  batch: BatchTable;
  batch_row: BatchRowTable;
  policy_version: PolicyVersionTable;
  policy_activation: PolicyActivationTable;
  policy_refusal: PolicyRefusalTable;
  trail_export: AuditExportTable;
}
