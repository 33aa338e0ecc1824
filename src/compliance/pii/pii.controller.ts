import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import type { EditedText } from './operators/edits.js';
import { DetectedPiiDto, DetectPiiDto, PiiFindingDto, RedactedPiiDto, RedactPiiDto } from './pii.dto.js';
import { PiiService } from './pii.service.js';
import type { Finding } from './recognizers/finding.js';

@ApiTags('Personal data')
@ApiBearerAuth()
@ApiExtraModels(PiiFindingDto)
@Controller({ path: 'pii', version: '1' })
export class PiiController {
  constructor(private readonly pii: PiiService) {}

  /** Finds personal values. Nothing of the texts is stored or logged. */
  @Post('detect')
  @HttpCode(200)
  @RequirePermission('pii.detect')
  @ApiOperation({ summary: 'Find personal values in texts' })
  @ApiOkResponse({ type: DetectedPiiDto })
  async detect(@Body() { texts }: DetectPiiDto): Promise<DetectedPiiDto> {
    const results = await this.pii.detect(texts);
    return { results: results.map((findings) => findings.map(findingDtoOf)) };
  }

  /** Replaces personal values. Nothing of the texts is stored or logged. */
  @Post('redact')
  @HttpCode(200)
  @RequirePermission('pii.detect')
  @ApiOperation({ summary: 'Replace personal values in texts' })
  @ApiOkResponse({ type: RedactedPiiDto })
  async redact(
    @CurrentPrincipal() principal: Principal,
    @Body() { texts, operator }: RedactPiiDto,
  ): Promise<RedactedPiiDto> {
    const results = await this.pii.redact(principal.tenantId, texts, operator);
    return { results: results.map(redactedDtoOf) };
  }
}

function findingDtoOf({ entity, start, end, score }: Finding): PiiFindingDto {
  // Sums of base score and context carry float dust.
  return { entity, start, end, score: Math.round(score * 1_000) / 1_000 };
}

function redactedDtoOf({ text, findings }: EditedText): { text: string; findings: PiiFindingDto[] } {
  return { text, findings: findings.map(findingDtoOf) };
}
