import { Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiConsumes,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { setTimeout as wait } from 'node:timers/promises';
import { CurrentPrincipal } from '../auth/current-principal.js';
import type { PrincipalRequest } from '../auth/principal-request.js';
import type { Principal } from '../auth/principal.js';
import { RequirePermission } from '../auth/require-permission.js';
import { ApiPage } from '../http/api-page.js';
import { idempotencyKeyOf } from '../http/idempotency-key.js';
import { lastIdOf, lastPositionOf, type Page, pageOf } from '../http/paging.js';
import { openSse } from '../http/sse.js';
import { STREAMED_MEDIA_TYPES, StreamedBody } from '../http/streamed-body.js';
import { AppError } from '../kernel/app-error.js';
import { isId } from '../kernel/ids.js';
import { BatchControl } from './batch-control.service.js';
import { presentBatch, presentReceipt, presentRow } from './batch.presenter.js';
import { BatchReader, type BatchView } from './batch-reader.service.js';
import {
  BatchDto,
  BatchReceiptDto,
  BatchRowDto,
  ListBatchesQuery,
  ListBatchRowsQuery,
  StartBatchQuery,
} from './bulk.dto.js';
import { BatchIntake } from './intake/batch-intake.service.js';
import { uploadFormOf } from './intake/upload-form.js';

const PROGRESS_INTERVAL_MS = 1_000;

@ApiTags('Bulk starts')
@Controller({ path: 'workflows/bulk', version: '1' })
export class BulkController {
  constructor(
    private readonly intake: BatchIntake,
    private readonly control: BatchControl,
    private readonly reader: BatchReader,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({ summary: 'Start one run for each row of an upload (NDJSON or CSV)' })
  @ApiConsumes(...STREAMED_MEDIA_TYPES)
  @ApiBody({ schema: { type: 'string' }, description: 'One row a line; see docs/bulk-start.md' })
  @ApiHeader({ name: 'Content-Encoding', required: false, description: '`gzip`' })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same upload again gives the same batch',
  })
  @ApiAcceptedResponse({
    type: BatchReceiptDto,
    description: 'Every row is stored; they are started from now on',
  })
  @StreamedBody()
  @RequirePermission('workflows.start')
  async start(
    @CurrentPrincipal() principal: Principal,
    @Query() query: StartBatchQuery,
    @Req() request: PrincipalRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { batch, repeated } = await this.intake.receive(principal, {
      request: request.raw,
      requestId: request.id,
      ...uploadFormOf(request),
      onError: query.onError,
      definition: query.definition,
      version: query.version,
      sessionId: query.sessionId,
      idempotencyKey: idempotencyKeyOf(request),
    });
    if (repeated) void reply.header('idempotent-replay', 'true');
    return presentReceipt(batch);
  }

  @Get()
  @ApiOperation({ summary: 'List batches, newest first' })
  @ApiPage(BatchDto)
  @RequirePermission('workflows.read')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: ListBatchesQuery,
  ): Promise<Page<unknown>> {
    const before = query.cursor ? lastIdOf(query.cursor) : undefined;
    const rows = await this.reader.list(principal.tenantId, query.status, query.limit + 1, before);
    const page = pageOf(rows, query.limit, (batch) => [batch.id]);
    return { ...page, items: page.items.map((batch) => presentBatch(batch)) };
  }

  @Get(':batchId')
  @ApiOperation({ summary: 'Show how far a batch has come' })
  @ApiOkResponse({ type: BatchDto })
  @RequirePermission('workflows.read')
  get(@CurrentPrincipal() principal: Principal, @Param('batchId') batchId: string): Promise<unknown> {
    return this.reader.progress(principal.tenantId, batchId);
  }

  @Get(':batchId/rows')
  @ApiOperation({ summary: 'List what became of each row; `?status=failed` tells why' })
  @ApiPage(BatchRowDto)
  @RequirePermission('workflows.read')
  async rows(
    @CurrentPrincipal() principal: Principal,
    @Param('batchId') batchId: string,
    @Query() query: ListBatchRowsQuery,
  ): Promise<Page<unknown>> {
    const after = query.cursor ? lastPositionOf(query.cursor) : 0;
    const rows = await this.reader.rowsOf(principal.tenantId, batchId, query.status, after, query.limit + 1);
    const page = pageOf(rows, query.limit, (row) => [String(row.number)]);
    return { ...page, items: page.items.map(presentRow) };
  }

  @Get(':batchId/events')
  @ApiOperation({ summary: 'Follow the progress of a batch (Server-Sent Events)' })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    description: '`batch.progress` with the whole batch whenever it has changed; ends when all its runs have',
    schema: { type: 'string' },
  })
  @RequirePermission('workflows.read')
  async events(
    @CurrentPrincipal() principal: Principal,
    @Param('batchId') batchId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    let view = await this.reader.progress(principal.tenantId, batchId);
    const stream = openSse(reply);
    const gone = new AbortController();
    void stream.closed.then(() => gone.abort());
    try {
      for (let told = ''; stream.isOpen;) {
        const text = JSON.stringify(view);
        // Each event says everything, so a client that comes back has missed nothing.
        if (text !== told && !(await stream.send({ event: 'batch.progress', data: view }))) break;
        if (isSettled(view)) break;
        told = text;
        await wait(PROGRESS_INTERVAL_MS, undefined, { signal: gone.signal }).catch(() => undefined);
        if (stream.isOpen) view = await this.reader.progress(principal.tenantId, batchId);
      }
    } finally {
      stream.close();
    }
  }

  @Post(':batchId/cancel')
  @HttpCode(200)
  @ApiOperation({ summary: 'Start no more rows of a batch; runs that it has started go on' })
  @ApiOkResponse({ type: BatchDto })
  @RequirePermission('workflows.control')
  async cancel(
    @CurrentPrincipal() principal: Principal,
    @Param('batchId') batchId: string,
    @Req() request: PrincipalRequest,
  ): Promise<unknown> {
    if (!isId(batchId)) throw new AppError('BATCH_NOT_FOUND');
    await this.control.cancel(principal, batchId, request.id);
    return this.reader.progress(principal.tenantId, batchId);
  }
}

function isSettled({ status, runs }: BatchView): boolean {
  return status === 'ABORTED' || ((status === 'COMPLETED' || status === 'CANCELLED') && runs.open === 0);
}
