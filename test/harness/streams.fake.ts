import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { lastEventIdOf, openSse, type SseStream } from '../../src/http/sse.js';

/** Routes that take their time, and handles to let them go on. */
@Controller('streams')
export class StreamsController {
  /** The stream opened last, once there is one. */
  readonly opened = Promise.withResolvers<SseStream>();
  readonly slowStarted = Promise.withResolvers<void>();
  readonly slowMayEnd = Promise.withResolvers<void>();
  readonly mayBreak = Promise.withResolvers<void>();

  @Get('events')
  async events(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const after = lastEventIdOf(request) ?? 0;
    const stream = openSse(reply);
    await stream.send({ id: after + 1, event: 'thing.changed', data: { text: 'two\nlines' } });
    this.opened.resolve(stream);
  }

  @Get('broken')
  async broken(@Res() reply: FastifyReply): Promise<void> {
    await openSse(reply).send({ event: 'thing.changed', data: 1 });
    await this.mayBreak.promise;
    throw new Error('half-way');
  }

  @Get('slow')
  async slow(): Promise<object> {
    this.slowStarted.resolve();
    await this.slowMayEnd.promise;
    return { isDone: true };
  }
}
