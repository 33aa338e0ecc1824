import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../../../compliance/audit/audit-trail.service.js';
import { ExportWriter } from '../../../compliance/audit/export/export-writer.js';
import { AuditLog } from '../../../compliance/audit/log/audit-log.service.js';
import type { InclusionProof } from '../../../compliance/audit/log/inclusion-proof.js';
import { PolicyVersions } from '../../../compliance/policy/policy-versions.service.js';
import type { ReportStamp } from '../../../compliance/report/report-issuer.service.js';
import { DatabaseService } from '../../../database/database.service.js';
import type { Trx } from '../../../database/trx.js';
import { AppError } from '../../../kernel/app-error.js';
import { RunRepository } from '../../runs/run.repository.js';
import { RunEvidenceRepository } from '../run-evidence.repository.js';
import type { RunReport } from '../run-report.js';
import { type BundleDocument, jsonDocument } from './bundle-documents.js';

/** Artefacts of a run that a bundle holds; their digests all stand in one leaf. */
const MAX_ARTIFACTS = 80;
const EVENTS_PER_PAGE = 200;

export interface BundleRequest {
  readonly tenantId: string;
  /** Id of the principal that asks. */
  readonly actorRef: string;
  readonly requestId: string;
}

/** A bundle that is on record and sealed, ready to be written. */
export interface PreparedBundle {
  readonly tenantId: string;
  readonly run: { readonly id: string; readonly events: number; readonly head: Buffer };
  readonly documents: readonly BundleDocument[];
  /** Of the event that names the documents. */
  readonly record: InclusionProof;
  readonly origin: string;
  readonly vkeys: readonly string[];
  readonly createdAt: Date;
}

/**
 * Makes the evidence of a run: its events with proofs against one checkpoint, the end of its chain, and documents whose
 * digests an event of the same log names. It can be checked without this program or its database.
 */
@Injectable()
export class RunBundles {
  constructor(
    private readonly database: DatabaseService,
    private readonly runs: RunRepository,
    private readonly evidence: RunEvidenceRepository,
    private readonly audit: AuditTrail,
    private readonly log: AuditLog,
    private readonly policies: PolicyVersions,
  ) {}

  /**
   * Gathers the documents, puts their digests on record and has everything sealed.
   *
   * @param report of the run, the first of the documents.
   * @throws AppError AUDIT_RETENTION_PASSED when events of the run were dropped, AUDIT_UNAVAILABLE.
   */
  async prepare(request: BundleRequest, report: ReportStamp & RunReport): Promise<PreparedBundle> {
    const { tenantId } = request;
    const policies = await this.policies.texts(tenantId, policyVersionsOf(report));
    const { run, documents } = await this.database.withTenant(
      tenantId,
      (trx) => this.gather(trx, report, jsonDocument('policies.json', policies)),
      { snapshot: true },
    );
    const eventId = await this.record(request, run.id, documents);
    await this.seal(tenantId);
    const record = await this.log.inclusion(tenantId, eventId);
    if (!record || record === 'pending') throw new AppError('AUDIT_UNAVAILABLE');
    const { vkeys } = await this.log.info(tenantId);
    return {
      tenantId,
      run,
      documents,
      record,
      origin: record.checkpoint.origin,
      vkeys,
      createdAt: new Date(report.createdAt),
    };
  }

  /** The lines of the bundle; what fails after the first leaves a file without its trailer, which shows. */
  async *lines(bundle: PreparedBundle): AsyncGenerator<string> {
    const { tenantId, run, documents, record, origin, vkeys, createdAt } = bundle;
    const { checkpoint } = record;
    const writer = new ExportWriter();
    yield writer.header({
      type: 'bundle',
      origin,
      log: tenantId,
      treeSize: checkpoint.size,
      from: 0,
      to: checkpoint.size,
      filters: {},
      createdAt,
      vkeys,
    });
    yield writer.checkpoint(checkpoint.note);
    for (const { name, mediaType, body } of documents)
      yield writer.document(name, mediaType, body, record.index);
    for await (const proof of this.eventsOf(bundle)) yield eventLine(writer, proof);
    yield eventLine(writer, record);
    yield writer.run(run.id, run.events, run.head);
    yield writer.trailer();
  }

  /** What cannot be sealed cannot be shown to others, so it is not handed out. */
  private async seal(tenantId: string): Promise<void> {
    try {
      await this.log.seal(tenantId);
    } catch (error) {
      throw new AppError('AUDIT_UNAVAILABLE', { cause: error });
    }
  }

  private async gather(trx: Trx, report: ReportStamp & RunReport, policies: BundleDocument) {
    const run = await this.runs.find(trx, report.run.id);
    if (!run?.auditHead) throw new AppError('WORKFLOW_NOT_FOUND');
    if ((await this.evidence.countEvents(trx, run.id)) < run.auditSeq)
      throw new AppError('AUDIT_RETENTION_PASSED');
    const definition = await this.evidence.definition(trx, run.definition, run.definitionVersion);
    const artifacts = await this.runs.artifacts(trx, run.id, MAX_ARTIFACTS);
    return {
      run: { id: run.id, events: run.auditSeq, head: run.auditHead },
      documents: [
        jsonDocument('report.json', report),
        ...(definition ? [jsonDocument('definition.json', definition.document)] : []),
        policies,
        ...artifacts.map(({ name, version, content }) =>
          jsonDocument(`artifacts/${name}-${version}.json`, content),
        ),
      ],
    };
  }

  /** Records which documents were handed out; gives the id of the event. */
  private async record(
    { tenantId, actorRef, requestId }: BundleRequest,
    runId: string,
    documents: readonly BundleDocument[],
  ): Promise<string> {
    const prepared = this.audit.prepare(tenantId, [
      {
        type: 'evidence.created',
        outcome: 'success',
        actor: { type: 'apiKey', ref: actorRef },
        targets: [
          { type: 'workflow', ref: runId },
          ...documents.map(({ digest }) => ({ type: 'document', ref: digest })),
        ],
        context: { requestId },
        detail: { documents: documents.length },
      },
    ]);
    await this.database.withTenant(tenantId, (trx) => this.audit.write(trx, prepared));
    const [record] = prepared.records;
    if (!record) throw new AppError('AUDIT_UNAVAILABLE');
    return record.id;
  }

  /** The events of the run's chain up to its end as recorded, each with its proof. */
  private async *eventsOf({ tenantId, run, record }: PreparedBundle): AsyncGenerator<InclusionProof> {
    for (let after = 0; after < run.events; after += EVENTS_PER_PAGE) {
      const upTo = Math.min(after + EVENTS_PER_PAGE, run.events);
      const ids = await this.database.withTenant(tenantId, (trx) =>
        this.evidence.eventIds(trx, run.id, after, upTo),
      );
      const proofs = await this.log.inclusions(tenantId, ids, record.checkpoint.size);
      if (proofs.length < ids.length) throw new AppError('AUDIT_UNAVAILABLE');
      yield* proofs;
    }
  }
}

/** The tenant's versions by which was decided; a record names them before the digest of what is built in. */
function policyVersionsOf({ versions: { policy } }: RunReport): number[] {
  const decided = policy.decided.map(({ version }) => Number(version.split('.')[0]));
  return [...new Set([policy.pinned, ...decided])].filter(
    (version) => Number.isSafeInteger(version) && version > 0,
  );
}

function eventLine(writer: ExportWriter, { index, leaf, leafHash, proof }: InclusionProof): string {
  return writer.event({ index, hash: leafHash, leaf, proof });
}
