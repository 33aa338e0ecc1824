import { Body, Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import { DatabaseService } from '../../src/database/database.service.js';
import { AppError } from '../../src/kernel/app-error.js';
import type { HttpRequest } from '../../src/http/http-request.js';
import { Idempotent } from '../../src/http/idempotent.js';

class Order {
  @IsString()
  item!: string;

  @IsOptional()
  @IsString()
  note?: string;
}

/** Routes that create something, and count how often they really did. */
@Controller({ path: 'orders', version: '1' })
export class OrdersController {
  created = 0;
  /** What the next order does instead of succeeding; forgotten once it has. */
  fault: unknown;
  /** What an order waits for before it is done. */
  gate: Promise<void> = Promise.resolve();
  entered = Promise.withResolvers<void>();
  /** Runs between commit and answer. */
  afterCommit: () => void = () => undefined;

  constructor(private readonly database: DatabaseService) {}

  @Post()
  @HttpCode(202)
  @Idempotent()
  async create(@Body() order: Order): Promise<object> {
    this.entered.resolve();
    await this.gate;
    const fault = this.fault;
    this.fault = undefined;
    if (fault) throw fault;
    return { number: ++this.created, item: order.item, at: new Date(0), note: order.note };
  }

  @Post('in-transaction')
  @Idempotent()
  createInTransaction(@Body() order: Order, @Req() request: HttpRequest): Promise<object> {
    return this.within(order, request);
  }

  @Post('looked-up-after')
  @Idempotent({ lookUp: 'after' })
  createOptimistically(@Body() order: Order, @Req() request: HttpRequest): Promise<object> {
    const fault = this.fault;
    this.fault = undefined;
    if (fault) throw fault;
    return this.within(order, request);
  }

  @Post('unmarked')
  createUnmarked(@Body() order: Order): object {
    return { number: ++this.created, item: order.item };
  }

  @Get()
  list(): object {
    return {};
  }

  private async within(order: Order, request: HttpRequest): Promise<object> {
    const tenantId = request.principal?.tenantId;
    if (!tenantId) throw new AppError('UNAUTHENTICATED');
    const answer = await this.database.withTenant(tenantId, async (trx) => {
      const body = { number: this.created + 1, item: order.item };
      this.entered.resolve();
      await this.gate;
      await request.idempotency?.store(trx, 201, body);
      return body;
    });
    this.created++;
    this.afterCommit();
    return answer;
  }
}
