import { ApiProperty } from '@nestjs/swagger';
import { ApiFigures, ReportDto } from '../../compliance/report/report.dto.js';

/** The records of processing activities. */
export class ProcessingRecordsDto extends ReportDto {
  @ApiFigures('Name, contact and data protection officer, as the configuration says')
  controller!: object;

  @ApiProperty({ example: 'simulation' })
  modelProvider!: string;

  @ApiFigures('What each workflow definition does with the data of people', { list: true })
  activities!: object[];

  @ApiProperty({ type: [String] })
  measures!: string[];
}
