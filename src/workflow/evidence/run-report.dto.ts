import { ApiProperty } from '@nestjs/swagger';
import { ApiFigures, ReportDto } from '../../compliance/report/report.dto.js';

/** The compliance report of a run. */
export class RunReportDto extends ReportDto {
  @ApiProperty({ enum: ['run'] })
  kind!: string;

  @ApiFigures('What was run, with the versions it was pinned to')
  run!: Record<string, unknown>;

  @ApiFigures('Where the events behind each part stand, and how each event is shown and proven')
  links!: Record<string, unknown>;

  @ApiProperty({ description: 'How sensitive the data of the run is' })
  classification!: string;

  @ApiFigures(
    'Safe mode: now, when the run was started, what was changed meanwhile, and what it did to the run',
  )
  safeMode!: Record<string, unknown>;

  @ApiFigures('Legal holds that reach the run, with their events', { list: true })
  holds!: Record<string, unknown>[];

  @ApiFigures('Retries, fallbacks and open breakers, with the events of the steps')
  recovery!: Record<string, unknown>;

  @ApiFigures('Values behind its tokens that people were shown, with purpose and event', { list: true })
  reveals!: Record<string, unknown>[];

  @ApiFigures('Versions of definition, policies, models and prompts, each with the first event that names it')
  versions!: Record<string, unknown>;

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
