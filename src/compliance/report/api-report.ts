import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';
import { REPORT_MEDIA_TYPES } from './document/report-format.js';

/** Says of a route that it answers with a report in any of its forms. */
export function ApiReport(model: Type): MethodDecorator & ClassDecorator {
  const [json, ...printed] = REPORT_MEDIA_TYPES;
  return applyDecorators(
    ApiExtraModels(model),
    ApiOkResponse({
      description: 'The report, in the form that the Accept header asks for',
      content: {
        [json as string]: { schema: { $ref: getSchemaPath(model) } },
        ...Object.fromEntries(
          printed.map((type) => [type, { schema: { type: 'string', contentMediaType: type } }]),
        ),
      },
    }),
  );
}
