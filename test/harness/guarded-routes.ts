import { Controller, Get } from '@nestjs/common';
import { CurrentPrincipal } from '../../src/auth/current-principal.js';
import type { Principal } from '../../src/auth/principal.js';
import { RequirePermission } from '../../src/auth/require-permission.js';
import { Public } from '../../src/http/public.js';

/** Routes of every kind the guard can meet. */
@Controller('rooms')
export class RoomsController {
  @Get('open')
  @Public(true)
  open(): object {
    return { open: true };
  }

  @Get('not-public')
  @Public(false)
  notPublic(): object {
    return { open: true };
  }

  @Get('undeclared')
  undeclared(): object {
    return { open: true };
  }

  @Get('decide/:id')
  @RequirePermission('approvals.decide')
  decide(@CurrentPrincipal() principal: Principal): object {
    return { id: principal.id };
  }

  @Get('careless')
  @Public(true)
  careless(@CurrentPrincipal() principal: Principal): object {
    return { id: principal.id };
  }
}

/** A public class with one route that is not. */
@Controller('lobby')
@Public(true)
export class LobbyController {
  @Get()
  open(): object {
    return { open: true };
  }

  @Get('safe')
  @RequirePermission('audit.read')
  safe(): object {
    return { open: true };
  }
}
