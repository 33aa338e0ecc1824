import { Inject, Injectable } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import { AppError } from '../../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { AuditTrail } from '../audit-trail.service.js';
import type { AuditQuery } from '../audit.repository.js';
import { AuditLog, type LogInfo } from '../log/audit-log.service.js';
import type { StoredCheckpoint } from '../log/log-state.js';
import { LogStopped } from '../log/log-stopped.js';
import { type ExportedPlace, ExportSource } from './export-source.service.js';
import { formatRecord, type StreamFormat } from '../stream/siem-format.js';
import { type DisclosedValue, type ExportType, ExportWriter } from './export-writer.js';

/** Who asks for an export. */
export interface ExportCaller {
  readonly tenantId: string;
  /** Id of the principal. */
  readonly actorRef: string;
  readonly requestId: string;
}

/** What an export is to hold: a stretch of the log, or what passes the filters if there are any. */
export interface ExportRequest {
  readonly filters: AuditQuery;
  /** First index, inclusive; the first that is kept when absent. */
  readonly fromIndex?: number | undefined;
  /** Last index, exclusive; the size of the checkpoint when absent. */
  readonly toIndex?: number | undefined;
  /** Sizes for which it is to show that the log continues them. */
  readonly consistentWith?: readonly number[] | undefined;
  /** Whether a stretch of the log is to hold the checkpoints signed within it. */
  readonly checkpoints?: boolean | undefined;
  /** Whether personal values are to be handed out with what opens their commitments. */
  readonly disclose?: boolean | undefined;
}

/** An export that is on record, with the places of the log it goes over. */
export interface OpenedExport {
  /** First place, inclusive. */
  readonly from: number;
  /** Last place, exclusive. */
  readonly to: number;
  /**
   * The text, in pieces.
   *
   * @param onPlace hears of the place that was reached, after each piece with events.
   */
  lines(onPlace?: (next: number) => void): AsyncGenerator<string>;
}

interface Opened {
  readonly type: ExportType;
  readonly info: LogInfo;
  readonly checkpoint: StoredCheckpoint;
  readonly from: number;
  readonly to: number;
  readonly request: ExportRequest;
}

/**
 * Exports of the audit log, in the format of docs/audit-export.md. Each is recorded before its first byte exists, and
 * proven against one checkpoint that covers its own record.
 */
@Injectable()
export class AuditExporter {
  constructor(
    private readonly database: DatabaseService,
    private readonly audit: AuditTrail,
    private readonly log: AuditLog,
    private readonly source: ExportSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Events of the log with what proves them.
   *
   * @throws AppError AUDIT_UNAVAILABLE when it cannot be recorded, AUDIT_RETENTION_PASSED, VALIDATION_FAILED.
   */
  async export(caller: ExportCaller, request: ExportRequest): Promise<OpenedExport> {
    const { tenantId } = caller;
    const opened = await this.open(caller, typeOf(request), request, 'countersign');
    return {
      from: opened.from,
      to: opened.to,
      lines: (onPlace) => this.lines(tenantId, opened, onPlace),
    };
  }

  /**
   * Events of the log in the words of another format, one object a line. Nothing in it proves anything.
   *
   * @throws as {@link export}.
   */
  async exportPlain(
    caller: ExportCaller,
    request: ExportRequest,
    format: StreamFormat,
  ): Promise<AsyncGenerator<string>> {
    const opened = await this.open(caller, typeOf(request), request, format);
    return this.plainLines(caller.tenantId, opened, format);
  }

  /** Whether the log has what is asked for now. @throws as {@link export}, and records nothing. */
  async check(tenantId: string, request: ExportRequest): Promise<void> {
    await this.seal(tenantId);
    await this.find(tenantId, typeOf(request), request);
  }

  /**
   * Places of the log from one index up to another, proven against the newest checkpoint. For an archive, whose files
   * are recorded together by whoever writes them.
   *
   * @throws AppError AUDIT_RETENTION_PASSED, AUDIT_UNAVAILABLE, VALIDATION_FAILED.
   */
  async stretch(tenantId: string, fromIndex: number, toIndex: number): Promise<AsyncGenerator<string>> {
    return this.lines(tenantId, await this.find(tenantId, 'log', { filters: {}, fromIndex, toIndex }));
  }

  private async open(
    caller: ExportCaller,
    type: ExportType,
    request: ExportRequest,
    format: StreamFormat,
  ): Promise<Opened> {
    await this.record(caller, type, request, format);
    await this.seal(caller.tenantId);
    return this.find(caller.tenantId, type, request);
  }

  private async find(tenantId: string, type: ExportType, request: ExportRequest): Promise<Opened> {
    const checkpoint = await this.log.checkpoint(tenantId);
    if (!checkpoint) throw new AppError('AUDIT_UNAVAILABLE');
    const info = await this.log.info(tenantId);
    const { fromIndex = info.minimumIndex, toIndex = checkpoint.size } = request;
    if (type === 'log' && fromIndex < info.minimumIndex) {
      throw new AppError('AUDIT_RETENTION_PASSED', { members: { minimumIndex: info.minimumIndex } });
    }
    if (fromIndex >= toIndex || toIndex > checkpoint.size) {
      const message = `must leave events between fromIndex and toIndex, of ${checkpoint.size} that are sealed`;
      throw new AppError('VALIDATION_FAILED', { errors: [{ path: 'toIndex', message }] });
    }
    if (request.consistentWith?.some((earlier) => earlier > checkpoint.size)) {
      const message = `must not be larger than the log, which has ${checkpoint.size} events`;
      throw new AppError('VALIDATION_FAILED', { errors: [{ path: 'consistentWith', message }] });
    }
    const range = type === 'log' ? { from: fromIndex, to: toIndex } : { from: 0, to: checkpoint.size };
    return { type, info, checkpoint, request, ...range };
  }

  private async record(
    { tenantId, actorRef, requestId }: ExportCaller,
    type: ExportType,
    { filters, fromIndex, toIndex, disclose }: ExportRequest,
    format: StreamFormat,
  ): Promise<void> {
    const names = Object.entries(filters).filter(([, value]) => value !== undefined);
    await this.database.withTenant(tenantId, (trx) =>
      this.audit.append(trx, tenantId, {
        type: 'audit.exported',
        outcome: 'success',
        actor: { type: 'apiKey', ref: actorRef },
        ...(filters.workflowId && { targets: [{ type: 'workflow', ref: filters.workflowId }] }),
        context: { requestId },
        detail: {
          export: type,
          filters: names.map(([name]) => name).join(','),
          ...(fromIndex !== undefined && { fromIndex }),
          ...(toIndex !== undefined && { toIndex }),
          ...(disclose && { disclosed: true }),
          ...(format !== 'countersign' && { format }),
        },
      }),
    );
  }

  private async seal(tenantId: string): Promise<void> {
    try {
      await this.log.seal(tenantId);
    } catch (error) {
      // A log that stands still can be shown up to where it was signed, and must be.
      if (!(error instanceof LogStopped)) throw error;
    }
  }

  private async *lines(
    tenantId: string,
    opened: Opened,
    onPlace?: (next: number) => void,
  ): AsyncGenerator<string> {
    const writer = new ExportWriter();
    const { type, checkpoint, from, to, request } = opened;
    const { size } = checkpoint;
    yield this.header(writer, tenantId, opened) + writer.checkpoint(checkpoint.note);
    for (const earlier of request.consistentWith ?? [])
      yield await this.consistency(writer, tenantId, earlier, size);
    if (type === 'log') yield* this.nodes(writer, tenantId, 0, from);
    for await (const page of this.pages(tenantId, opened)) {
      const disclosed = request.disclose ? await this.source.disclosed(tenantId, page) : undefined;
      const notes =
        type === 'log' && request.checkpoints
          ? await this.source.checkpoints(tenantId, page, checkpoint)
          : undefined;
      const texts = page.map((place) => {
        const note = notes?.get(place.index + 1);
        const line = placeLine(writer, place, disclosed?.get(place.index));
        return note === undefined ? line : line + writer.checkpoint(note);
      });
      yield texts.join('');
      onPlace?.((page.at(-1)?.index ?? from) + 1);
    }
    if (type === 'log') yield* this.nodes(writer, tenantId, to, size);
    if (type === 'log') yield* this.runs(writer, tenantId, { from, to });
    yield writer.trailer();
  }

  private async *plainLines(tenantId: string, opened: Opened, format: StreamFormat): AsyncGenerator<string> {
    for await (const page of this.pages(tenantId, opened)) {
      const records = page.flatMap((place) =>
        'leaf' in place
          ? formatRecord(
              { index: place.index, leaf: place.leaf, leafHash: place.hash.toString('base64') },
              format,
            )
          : [],
      );
      yield records.map((record) => `${JSON.stringify(record)}\n`).join('');
    }
  }

  private pages(
    tenantId: string,
    { type, from, to, checkpoint, request }: Opened,
  ): AsyncGenerator<readonly ExportedPlace[]> {
    return type === 'log'
      ? this.source.stretch(tenantId, from, to)
      : this.source.filtered(tenantId, request.filters, checkpoint.size);
  }

  private header(
    writer: ExportWriter,
    tenantId: string,
    { type, info, checkpoint, from, to, request }: Opened,
  ): string {
    return writer.header({
      type,
      origin: checkpoint.origin,
      log: tenantId,
      treeSize: checkpoint.size,
      from,
      to,
      filters: filtersOf(request.filters),
      createdAt: this.clock.now(),
      vkeys: info.vkeys,
    });
  }

  private async consistency(
    writer: ExportWriter,
    tenantId: string,
    from: number,
    to: number,
  ): Promise<string> {
    const { proof } = await this.log.consistency(tenantId, from, to);
    return writer.consistency(from, await this.source.rootAt(tenantId, from), proof);
  }

  private async *nodes(
    writer: ExportWriter,
    tenantId: string,
    from: number,
    to: number,
  ): AsyncGenerator<string> {
    if (from === to) return;
    const nodes = await this.source.nodes(tenantId, from, to);
    yield nodes.map(({ level, index, hash }) => writer.node(level, index, hash)).join('');
  }

  private async *runs(
    writer: ExportWriter,
    tenantId: string,
    range: { readonly from: number; readonly to: number },
  ): AsyncGenerator<string> {
    for await (const ends of this.source.runEnds(tenantId, range)) {
      yield ends.map(({ id, events, head }) => writer.run(id, events, head)).join('');
    }
  }
}

function typeOf({ filters }: ExportRequest): 'log' | 'filtered' {
  return Object.values(filters).some((value) => value !== undefined) ? 'filtered' : 'log';
}

function placeLine(
  writer: ExportWriter,
  place: ExportedPlace,
  disclosed: readonly DisclosedValue[] | undefined,
): string {
  return 'leaf' in place ? writer.event({ ...place, disclosed }) : writer.gone(place.index, place.hash);
}

/** The filters under the names that the format has for them. */
function filtersOf({ workflowId, sessionId, actor, type, from, to }: AuditQuery): Record<string, string> {
  return Object.fromEntries(
    Object.entries({
      runId: workflowId,
      sessionId,
      actor,
      type,
      from: from?.toISOString(),
      to: to?.toISOString(),
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
