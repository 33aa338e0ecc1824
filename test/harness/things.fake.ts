import { Body, Controller, Get, HttpException, Logger, Param, Post, Query } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsEmail, IsString, Length, ValidateNested } from 'class-validator';
import { z } from 'zod';
import { AppError } from '../../src/kernel/app-error.js';
import { PageQuery } from '../../src/http/paging.js';

class Recipient {
  @IsEmail()
  email!: string;
}

class Brief {
  @IsString()
  @Length(1, 10, { message: 'must not be $value' })
  goal!: string;

  @ValidateNested({ each: true })
  @Type(() => Recipient)
  recipients!: Recipient[];
}

/** Routes that show what the platform does to any route. */
@Controller({ path: 'things', version: '1' })
export class ThingsController {
  private readonly logger = new Logger('Things');

  @Post()
  create(@Body() body: Brief) {
    this.logger.log({ event: 'thing.created', to: body.recipients[0]?.email }, 'created');
    return { isBrief: body instanceof Brief };
  }

  @Post('by-schema')
  createBySchema(@Body({ schema: z.strictObject({ sizes: z.array(z.number().int()) }) }) body: object) {
    return body;
  }

  @Get()
  list(@Query() query: PageQuery) {
    return query;
  }

  @Get(':id')
  show(@Param('id') id: string) {
    return { id };
  }

  @Get('faults/:kind')
  fault(@Param('kind') kind: string) {
    throw FAULTS[kind];
  }
}

const FAULTS: Record<string, unknown> = {
  app: new AppError('TRANSITION_DENIED', {
    detail: 'no consent',
    members: { violations: [{ rule: 'C1', tier: 'basic', message: 'no' }], status: 200 },
  }),
  bug: new Error('secret inner text'),
  text: 'just a text',
  refused: Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' }),
  shutdown: Object.assign(new Error('terminating connection'), { code: '57P01' }),
  terminated: new Error('Connection terminated unexpectedly'),
  syntax: new SyntaxError('a bug in a regular expression'),
  teapot: new HttpException('odd', 418),
};

/** Claims a route that {@link ThingsController} has already. */
@Controller({ path: 'things', version: '1' })
export class TwinController {
  @Get(':id')
  show() {
    return {};
  }
}
