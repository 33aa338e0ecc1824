import { ApiProperty } from '@nestjs/swagger';

/** Everything that is held on a person. */
export class SubjectExportDto {
  @ApiProperty({ format: 'uuid', description: 'Target of the event `subject.exported`' })
  exportId!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'uuid' })
  tenantId!: string;

  @ApiProperty({ description: 'Reference of the person' })
  subjectRef!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'array', items: { type: 'object', additionalProperties: true } },
    description: 'By store; the `kind` of each record says what it is',
  })
  records!: Record<string, object[]>;
}
