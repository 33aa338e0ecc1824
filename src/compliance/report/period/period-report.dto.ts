import { ApiProperty } from '@nestjs/swagger';
import { ApiFigures, ReportDto } from '../report.dto.js';

/** The compliance report of a tenant on a period. */
export class PeriodReportDto extends ReportDto {
  @ApiProperty({ enum: ['period'] })
  kind!: string;

  @ApiFigures('Beginning (inclusive) and end (exclusive)')
  period!: Record<string, unknown>;

  @ApiProperty({ type: 'integer', description: 'Events of the audit trail in the period' })
  events!: number;

  @ApiFigures('Runs started, ended and still stored')
  runs!: Record<string, unknown>;

  @ApiFigures('By gate: transitions allowed and denied', { list: true })
  gates!: Record<string, unknown>[];

  @ApiFigures('By gate and rule: transitions passed and denied', { list: true })
  rules!: Record<string, unknown>[];

  @ApiFigures('Decisions of people, and how long they took')
  approvals!: Record<string, unknown>;

  @ApiFigures('Steps, calls, tokens and cost by model', { list: true })
  models!: Record<string, unknown>[];

  @ApiFigures('Messages settled by channel and outcome', { list: true })
  deliveries!: Record<string, unknown>[];

  @ApiFigures('Tokens made for personal data, by entity', { list: true })
  findings!: Record<string, unknown>[];

  @ApiFigures('Consents granted and withdrawn')
  consents!: Record<string, unknown>;

  @ApiProperty({ type: 'integer', description: 'Runs that retention has removed' })
  runsRemoved!: number;

  @ApiFigures('Events by type and outcome, with ids of samples', { list: true })
  populations!: Record<string, unknown>[];

  @ApiFigures('The checkpoints of the log around the period, and the proof that it has only grown in between')
  log!: Record<string, unknown> | null;

  @ApiFigures('How each sample is shown and proven: templates that its id goes into')
  links!: Record<string, unknown>;
}
