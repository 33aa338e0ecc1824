import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../auth/current-principal.js';
import type { PrincipalRequest } from '../auth/principal-request.js';
import type { Principal } from '../auth/principal.js';
import { RequirePermission } from '../auth/require-permission.js';
import { isEnded } from '../compliance/state/phases.js';
import { DatabaseService } from '../database/database.service.js';
import { ApiPage } from '../http/api-page.js';
import { Idempotent } from '../http/idempotent.js';
import { lastIdOf, lastPositionOf, type Page, PageQuery, pageOf } from '../http/paging.js';
import { lastEventIdOf, openSse } from '../http/sse.js';
import { AppError } from '../kernel/app-error.js';
import { isId } from '../kernel/ids.js';
import { RunAdmission } from './admission/run-admission.service.js';
import { RunEventFeed } from './events/run-event-feed.service.js';
import { ListWorkflowsPipe, type RunListRequest } from './list-workflows.pipe.js';
import { ApiRunFilters } from './list-workflows.query.js';
import { streamRun } from './events/stream-run.js';
import { ApprovalRepository } from './review/approval.repository.js';
import { ArtifactDto, HistoryEntryDto, RunDto, RunSummaryDto } from './run.dto.js';
import {
  presentApproval,
  presentArtifact,
  presentHistory,
  presentRun,
  presentRunSummary,
} from './run.presenter.js';
import type { Run } from './runs/run.js';
import { RunControl } from './runs/run-control.service.js';
import { RunListRepository } from './runs/run-list.repository.js';
import { RunRepository } from './runs/run.repository.js';
import { CancelWorkflowDto, StartWorkflowDto } from './workflow.dto.js';

@ApiTags('Workflows')
@Controller({ path: 'workflows', version: '1' })
export class WorkflowController {
  constructor(
    private readonly admission: RunAdmission,
    private readonly control: RunControl,
    private readonly runs: RunRepository,
    private readonly lists: RunListRepository,
    private readonly approvals: ApprovalRepository,
    private readonly feed: RunEventFeed,
    private readonly database: DatabaseService,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({ summary: 'Start a run' })
  @ApiAcceptedResponse({ type: RunSummaryDto, description: 'The run is durable; follow it by its events' })
  // All that a start leaves behind it commits with its answer, and most starts are not repetitions.
  @Idempotent({ lookUp: 'after' })
  @RequirePermission('workflows.start')
  async start(
    @CurrentPrincipal() principal: Principal,
    @Body() body: StartWorkflowDto,
    @Req() request: PrincipalRequest,
  ): Promise<unknown> {
    const run = await this.admission.start(
      principal,
      body,
      request.id,
      request.idempotency &&
        (async (trx, created) => request.idempotency?.store(trx, 202, presentRunSummary(created))),
    );
    return presentRunSummary(run);
  }

  @Get()
  @ApiOperation({ summary: 'Find runs, newest first' })
  @ApiPage(RunSummaryDto)
  @ApiRunFilters()
  @RequirePermission('workflows.read')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query(ListWorkflowsPipe) { filter, page, listKey }: RunListRequest,
  ) {
    const rows = await this.database.withTenant(principal.tenantId, (trx) =>
      this.lists.list(trx, filter, { ...page, limit: page.limit + 1 }),
    );
    const shown = pageOf(rows, page.limit, (run) => [run.id, listKey]);
    return { ...shown, items: shown.items.map(presentRunSummary) };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Show a run' })
  @ApiOkResponse({ type: RunDto })
  @RequirePermission('workflows.read')
  get(@CurrentPrincipal() principal: Principal, @Param('id') id: string) {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const run = found(isId(id) ? await this.runs.find(trx, id) : undefined);
      const approvals = await this.approvals.ofRun(trx, id);
      const decisions = await this.approvals.decisions(
        trx,
        approvals.map((approval) => approval.id),
      );
      return presentRun(
        run,
        await this.runs.content(trx, run.inputHash),
        run.outputHash ? await this.runs.content(trx, run.outputHash) : null,
        approvals.map((approval) => presentApproval(approval, decisions)),
      );
    });
  }

  @Get(':id/history')
  @ApiOperation({ summary: 'List every step and transition of a run, oldest first' })
  @ApiPage(HistoryEntryDto)
  @RequirePermission('workflows.read')
  async history(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<unknown>> {
    const afterSeq = query.cursor ? lastPositionOf(query.cursor) : 0;
    const rows = await this.database.withTenant(principal.tenantId, async (trx) => {
      found(isId(id) ? await this.runs.find(trx, id) : undefined);
      return this.runs.history(trx, id, afterSeq, query.limit + 1);
    });
    const page = pageOf(rows, query.limit, (row) => [String(row.seq)]);
    return { ...page, items: page.items.map(presentHistory) };
  }

  @Get(':id/events')
  @ApiOperation({ summary: 'Follow the live events of a run (Server-Sent Events)' })
  @ApiProduces('text/event-stream')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Resume behind this event' })
  @ApiOkResponse({ description: 'A stream that ends with the run', schema: { type: 'string' } })
  @ApiNoContentResponse({ description: 'The run has ended and everything was read' })
  @RequirePermission('workflows.read')
  async events(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Req() request: PrincipalRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const after = lastEventIdOf(request) ?? 0;
    const run = await this.database.withTenant(principal.tenantId, async (trx) =>
      found(isId(id) ? await this.runs.find(trx, id) : undefined),
    );
    refuseUnreached(after, run);
    if (isEnded(run.status) && after === run.eventSeq) {
      // By this status an EventSource knows that it need not come back.
      void reply.status(204).send();
      return;
    }
    // Deliveries that were under way when a run was cancelled still report after its end; and what a retried run has
    // behind it may hold an end as well.
    const until = { reached: run.eventSeq, isEnded: isEnded(run.status) };
    const stream = openSse(reply);
    await streamRun(stream, id, until, this.feed.subscribe(principal.tenantId, id, after, stream.gone));
  }

  @Get(':id/artifacts')
  @ApiOperation({ summary: 'List what a run has made for people to see' })
  @ApiPage(ArtifactDto)
  @RequirePermission('workflows.read')
  async artifacts(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<unknown>> {
    const after = query.cursor === undefined ? undefined : lastIdOf(query.cursor);
    const rows = await this.database.withTenant(principal.tenantId, async (trx) => {
      found(isId(id) ? await this.runs.find(trx, id) : undefined);
      return this.runs.artifacts(trx, id, query.limit + 1, after);
    });
    const page = pageOf(rows, query.limit, (artifact) => [artifact.id]);
    return { ...page, items: page.items.map(presentArtifact) };
  }

  @Post(':id/cancel')
  @ApiBody({ type: CancelWorkflowDto, required: false })
  @ApiOperation({ summary: 'Cancel a run', description: 'An agent at work is interrupted, wherever it runs' })
  @ApiAcceptedResponse({ type: RunSummaryDto })
  @HttpCode(202)
  @Idempotent()
  @RequirePermission('workflows.control')
  async cancel(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: CancelWorkflowDto,
    @Req() request: PrincipalRequest,
  ): Promise<unknown> {
    if (!isId(id)) throw new AppError('WORKFLOW_NOT_FOUND');
    let answer: unknown;
    await this.control.cancel(
      principal,
      id,
      { requestId: request.id, reason: body?.reason },
      async (trx, cancelled) => {
        answer = presentRunSummary(cancelled);
        await request.idempotency?.store(trx, 202, answer);
      },
    );
    return answer;
  }
}

/** A position the run has not reached was not given by it, and waiting for it could take for ever. */
function refuseUnreached(position: number, run: Run): void {
  if (position <= run.eventSeq) return;
  throw new AppError('VALIDATION_FAILED', {
    errors: [{ path: 'Last-Event-ID', message: 'is beyond the events of this run' }],
  });
}

function found(run: Run | undefined): Run {
  if (!run) throw new AppError('WORKFLOW_NOT_FOUND');
  return run;
}
