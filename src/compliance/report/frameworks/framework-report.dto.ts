import { ApiProperty } from '@nestjs/swagger';
import { ApiFigures, ReportDto } from '../report.dto.js';

/** What the trail shows about the controls of a framework. */
export class FrameworkReportDto extends ReportDto {
  @ApiProperty({ enum: ['framework'] })
  kind!: string;

  @ApiProperty({ example: 'soc2' })
  framework!: string;

  @ApiProperty()
  title!: string;

  @ApiFigures('Beginning (inclusive) and end (exclusive)')
  period!: Record<string, unknown>;

  @ApiProperty({ description: 'What is claimed, and what is not' })
  claim!: string;

  @ApiFigures('How each sample is shown and proven: templates that its id goes into')
  links!: Record<string, unknown>;

  @ApiFigures('By control: what is shown, population, figures, samples and links', { list: true })
  controls!: Record<string, unknown>[];
}
