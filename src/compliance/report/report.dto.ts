import { ApiProperty } from '@nestjs/swagger';

/** What every report bears. */
export class ReportDto {
  @ApiProperty({ format: 'uuid', description: 'Target of the `report.created` event that holds its digest' })
  reportId!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'uuid' })
  tenantId!: string;

  @ApiProperty({
    enum: ['server', 'embedded'],
    description: '`embedded`: the service itself owns the database that holds the trail',
  })
  tier!: string;
}

/** Declares a member that is a list of objects or an object; docs/evidence.md says what they hold. */
export function ApiFigures(
  description: string,
  options: { readonly list?: boolean } = {},
): PropertyDecorator {
  const isArray = options.list ?? false;
  return ApiProperty({ type: 'object', additionalProperties: true, isArray, description });
}
