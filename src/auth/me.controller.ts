import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from './current-principal.js';
import { type Principal, ROLES, type Role } from './principal.js';
import { RequirePermission } from './require-permission.js';

/** Who is asking, as the server sees it. */
export class PrincipalDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  tenantId!: string;

  @ApiProperty({ enum: ROLES, isArray: true })
  roles!: Role[];

  @ApiProperty({ enum: ['api_key'] })
  authMethod!: 'api_key';
}

/** The caller about itself. */
@ApiTags('Identity')
@ApiBearerAuth()
@Controller({ path: 'me', version: '1' })
export class MeController {
  @Get()
  @ApiOperation({ summary: 'Show who is asking' })
  @RequirePermission('self.read')
  @ApiOkResponse({ type: PrincipalDto })
  get(@CurrentPrincipal() principal: Principal): PrincipalDto {
    const { id, tenantId, roles, authMethod } = principal;
    return { id, tenantId, roles: [...roles], authMethod };
  }
}
