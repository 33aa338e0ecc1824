import { Controller, Get, Redirect, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from './public.js';

/** Whoever opens the bare address is a person who looks for the way in. */
@Public(true)
@ApiExcludeController()
@Controller({ version: VERSION_NEUTRAL })
export class RootController {
  @Get()
  @Redirect('/docs')
  redirect(): void {}
}
