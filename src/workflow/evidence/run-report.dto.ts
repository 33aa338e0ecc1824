import { ApiProperty } from '@nestjs/swagger';
import { ApiFigures, ReportDto } from '../../compliance/report/report.dto.js';

/** The compliance report of a run. */
export class RunReportDto extends ReportDto {
  @ApiProperty({ enum: ['run'] })
  kind!: string;

  @ApiFigures('What was run, with the versions it was pinned to')
  run!: Record<string, unknown>;

  @ApiFigures('What the gate said before each phase, rule by rule', { list: true })
  gates!: Record<string, unknown>[];

  @ApiFigures('Personal data found and replaced by tokens, by entity', { list: true })
  findings!: Record<string, unknown>[];

  @ApiFigures('Consents of the session with their lawful basis, counted', { list: true })
  consents!: Record<string, unknown>[];

  @ApiFigures('Approvals with their decisions, the hashes shown and the seconds to decide', { list: true })
  approvals!: Record<string, unknown>[];

  @ApiFigures('Steps, calls, tokens and cost by agent and model, with fallbacks and open breakers', {
    list: true,
  })
  models!: Record<string, unknown>[];

  @ApiFigures('Tokens and cost in all')
  usage!: Record<string, unknown>;

  @ApiFigures('Messages by channel and outcome', { list: true })
  deliveries!: Record<string, unknown>[];

  @ApiFigures('How long the run is kept')
  retention!: Record<string, unknown>;

  @ApiFigures('The chain of the run in the audit trail')
  audit!: Record<string, unknown>;
}
