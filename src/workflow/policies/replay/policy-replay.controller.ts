import { Readable } from 'node:stream';
import { Body, Controller, Headers, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import {
  ApiOkResponse,
  ApiOperation,
  type ApiResponseOptions,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../../../auth/current-principal.js';
import type { Principal } from '../../../auth/principal.js';
import { RequirePermission } from '../../../auth/require-permission.js';
import { draftOf, PolicyVersionParam } from '../../../compliance/policy/policy.dto.js';
import { periodOf } from '../../../compliance/report/period/period-report.query.js';
import { decodeCursor, encodeCursor } from '../../../http/paging.js';
import { AppError } from '../../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { isId } from '../../../kernel/ids.js';
import { addTally, NOTHING_REPLAYED } from './policy-replay.js';
import { PolicyReplayDto, ReplayDraftDto, ReplayPoliciesDto } from './policy-replay.dto.js';
import { PolicyReplay, REPLAY_START, type ReplayPlace, type Rules } from './policy-replay.service.js';
import type { ReplayScope } from './recorded-decisions.repository.js';

const NDJSON = 'application/x-ndjson';
const DEFAULT_RUNS = 50;
const ANSWER: ApiResponseOptions = {
  description: 'Decisions that would have been otherwise',
  content: {
    'application/json': { schema: { $ref: getSchemaPath(PolicyReplayDto) } },
    [NDJSON]: { schema: { type: 'string' } },
  },
  type: PolicyReplayDto,
};

/** What is replayed, and the number it has if it is a version. */
interface Asked {
  readonly rules: Rules;
  readonly version: number | null;
}

/** Dry runs of versions of the policies, and of drafts. */
@ApiTags('Policies')
@Controller({ path: 'policies', version: '1' })
export class PolicyReplayController {
  constructor(
    private readonly replay: PolicyReplay,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post(':version/replay')
  @ApiOperation({
    summary: 'Show which recorded decisions a version would have made otherwise',
    description:
      'A page of runs as JSON, or with `Accept: application/x-ndjson` all of them, line by line with the progress.',
  })
  @ApiOkResponse(ANSWER)
  @HttpCode(200)
  @RequirePermission('policies.read')
  async create(
    @CurrentPrincipal() { tenantId }: Principal,
    @Param() { version }: PolicyVersionParam,
    @Body() body: ReplayPoliciesDto,
    @Headers('accept') accept: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.replay.requireVersion(tenantId, version);
    await this.answer({ rules: version, version }, tenantId, body, accept, reply);
  }

  @Post('replay')
  @ApiOperation({
    summary: 'Show which recorded decisions a draft would have made otherwise, without storing it',
    description: 'Answers as the replay of a version does; `version` is null.',
  })
  @ApiOkResponse(ANSWER)
  @HttpCode(200)
  @RequirePermission('policies.read')
  async createOfDraft(
    @CurrentPrincipal() { tenantId }: Principal,
    @Body() body: ReplayDraftDto,
    @Headers('accept') accept: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rules = this.replay.trialOf(draftOf(body.draft));
    await this.answer({ rules, version: null }, tenantId, body, accept, reply);
  }

  private async answer(
    asked: Asked,
    tenantId: string,
    body: ReplayPoliciesDto,
    accept: string | undefined,
    reply: FastifyReply,
  ): Promise<void> {
    const { definition, runId, limit = DEFAULT_RUNS, cursor } = body;
    const scope = { tenantId, definition, runId, ...periodOf(body, this.clock.now()) };
    const place = cursor === undefined ? REPLAY_START : placeOf(cursor);
    if (accept?.includes(NDJSON)) {
      await reply.type(NDJSON).send(Readable.from(this.lines(asked, scope, place, limit)));
      return;
    }
    const { changes, tally, next } = await this.replay.page(asked.rules, scope, place, limit);
    await reply.send({
      version: asked.version,
      period: periodIn(scope),
      items: changes,
      summary: tally,
      nextCursor: next ? cursorOf(next) : null,
    });
  }

  /** Without its last line, `summary`, the answer was cut. */
  private async *lines(
    { rules, version }: Asked,
    scope: ReplayScope,
    start: ReplayPlace,
    runs: number,
  ): AsyncGenerator<string> {
    let total = NOTHING_REPLAYED;
    for (let place: ReplayPlace | undefined = start; place;) {
      const { changes, tally, next } = await this.replay.page(rules, scope, place, runs);
      total = addTally(total, tally);
      for (const change of changes) yield line('change', change);
      if (next) yield line('progress', { ...total, cursor: cursorOf(next) });
      place = next;
    }
    yield line('summary', { version, period: periodIn(scope), ...total });
  }
}

function line(kind: string, members: object): string {
  return `${JSON.stringify({ kind, ...members })}\n`;
}

function periodIn({ from, to }: ReplayScope): { from: string; to: string } {
  return { from: from.toISOString(), to: to.toISOString() };
}

function cursorOf({ part, after }: ReplayPlace): string {
  return encodeCursor([part, after ?? '']);
}

/** @throws AppError INVALID_CURSOR. */
function placeOf(cursor: string): ReplayPlace {
  const [part, after = ''] = decodeCursor(cursor, 2);
  if ((part !== 'runs' && part !== 'refusals') || (after !== '' && !isId(after))) {
    throw new AppError('INVALID_CURSOR');
  }
  return { part, after: after === '' ? undefined : after };
}
